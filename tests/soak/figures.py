"""What a run is measured by: what happened, how long news took, how much memory the processes held."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

from emulator.crm.entities import Entity
from emulator.model.portal import Portal
from tests.stories.work.processes import Holding, Running
from tests.world import CHECK

if TYPE_CHECKING:
    from tests.soak.havoc import Havoc
    from tests.soak.people import People

GIVES_UP = 420.0  # seconds after which a probe is written down as it is and the next begins


@dataclass
class Probe:
    """One contact whose box is turned again and again, each time after the client app has heard: how long it took."""

    portal: Portal
    receiver: Holding
    contact: int
    seconds: list[float] = field(default_factory=list)

    async def run(self) -> None:
        ticked = False
        while True:
            ticked, before, began = not ticked, self._heard(), monotonic()
            self.portal.crm.update(Entity.CONTACT, self.contact, {CHECK: str(int(ticked))}, self.portal.admin())
            with suppress(TimeoutError):
                async with asyncio.timeout(GIVES_UP):
                    await self._more_than(before)
            self.seconds.append(monotonic() - began)
            await asyncio.sleep(1)

    async def _more_than(self, before: int) -> None:
        while self._heard() == before:
            self.receiver.came.clear()
            await self.receiver.came.wait()

    def _heard(self) -> int:
        return sum(one.data.get("contact_id") == self.contact for one in self.receiver.events())


@dataclass
class Figures:
    """`memory`: MiB of each process over time, by name; `calm`: seconds until everybody agreed."""

    memory: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    calm: float = 0.0

    async def watch(self, world: Running) -> None:
        while True:
            await asyncio.sleep(5)
            for name, child in list(world.children.items()):
                if mebibytes := _resident(child.pid):
                    self.memory[name].append(mebibytes)

    def report(
        self,
        world: Running,
        people: Iterable[People],
        havoc: Havoc,
        probes: Iterable[Probe],
        receivers: Mapping[str, Holding],
        given_up: int,
    ) -> str:
        emulated = world.emulator.world
        acts = sum((one.done for one in people), Counter[str]())
        answers = sum((one.answers for one in people), Counter[str]())
        news = {name: (len({heard.id for heard in one.heard}), one.tries) for name, one in receivers.items()}
        waits = sorted(second for one in probes for second in one.seconds) or [0.0]
        lines = [
            _line("people did", acts),
            _line("our doors answered", answers),
            _line("went wrong", havoc.done),
            f"portal events lost {emulated.events.lost}; REST requests {sum(emulated.meters.requests.values())}",
            "heard: " + ", ".join(f"{name} {events} events in {tries} posts" for name, (events, tries) in news.items()),
            f"from a click to the client app: median {median(waits):.2f} s, p95 {waits[int(len(waits) * 0.95)]:.1f} s, "
            f"longest {waits[-1]:.0f} s ({len(waits)} clicks)",
            "MiB at first and at last: " + ", ".join(self._grown(name) for name in sorted(self.memory)),
            _line("logged", self.logged(world)),
            f"given up: {given_up} inbox rows; everybody agreed after {self.calm:.0f} s of calm",
        ]
        return "\n".join(lines)

    def _grown(self, name: str) -> str:
        """Killed processes begin anew, so the upper half of the first and the last third is compared."""
        kept = self.memory[name]
        third = max(len(kept) // 3, 1)
        first, last = (max(part) for part in (kept[:third], kept[-third:]))
        return f"{name} {first:.0f} → {last:.0f}"

    def logged(self, world: Running) -> Counter[str]:
        """Lines of the processes' logs, by what they say."""
        return Counter(str(one.get("event")) for one in _log(world.home) if one.get("level") != "info")

    def crashes(self, world: Running) -> list[str]:
        """What nobody foresaw: tracebacks in the log, methods of the emulator that broke."""
        traced = [f"{one['event']}: {str(one['exception'])[-600:]}" for one in _log(world.home) if "exception" in one]
        return [*traced, *world.emulator.world.crashes, *world.emulator.world.warnings]


def _line(title: str, counts: Mapping[str, int]) -> str:
    return f"{title}: " + (", ".join(f"{name} {counts[name]}" for name in sorted(counts)) or "nothing")


def _log(home: Path) -> list[dict[str, object]]:
    found = []
    for line in (home / "log.txt").read_text(errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            found.append({"event": "not ours", "level": "raw", "line": line})
    return [one for one in found if isinstance(one, dict)]


def _resident(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)
