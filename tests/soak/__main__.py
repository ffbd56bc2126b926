"""Run it, then wait until everybody agrees; prints the figures. Exit code 0 only if all agree and nothing crashed."""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from b24app.demo import servers
from b24app.domain.cards.drift import ScanTrigger
from b24app.portal.store import portals
from b24app.settings import ROOT
from b24app.store.schema import migrate
from b24app.work.store import inbox
from emulator.model.portal import Portal
from tests.soak.agreement import sides
from tests.soak.figures import Figures, Probe
from tests.soak.havoc import Havoc
from tests.soak.people import People, administrator
from tests.stories.work.processes import Holding, RedisServer, Running, holding, redis_server, running

WORKERS = {"interactive": ("worker", "interactive"), "general": ("worker",)}
RETRIES = "[1, 2, 4, 8, 15, 30, 60, 60, 60, 60, 60, 60]"  # seconds; the real ones reach over days
CALM = 900.0  # seconds in which everything has to come right
CUSTOMERS, PROBES = 40, 4
LOG = ROOT / "build" / "soak.log"  # what the processes had to say
EVERY = 0.25  # seconds between two acts in a portal


@dataclass
class Soak:
    """A deployment, what happens to it, and what is counted."""

    world: Running
    havoc: Havoc
    people: tuple[People, ...]
    receivers: dict[str, Holding]
    probes: tuple[Probe, ...]
    figures: Figures = field(default_factory=Figures)

    async def run(self, minutes: float) -> list[str]:
        """The storm, then the calm. Returns what does not agree in the end."""
        tasks = [asyncio.create_task(self.havoc.run()), asyncio.create_task(self.figures.watch(self.world))]
        tasks += [asyncio.create_task(self._live(one)) for one in self.people]
        tasks += [asyncio.create_task(one.run()) for one in self.probes]
        await self._storm(tasks, minutes)
        self.havoc.mend()
        return await self._calm()

    async def _live(self, people: People) -> None:
        while True:
            await people.act()
            await asyncio.sleep(people.random.uniform(0, 2 * EVERY))

    async def _storm(self, tasks: list[asyncio.Task[None]], minutes: float) -> None:
        done, _ = await asyncio.wait(tasks, timeout=minutes * 60, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task  # what broke in the soak itself is raised here
        assert not done

    async def _calm(self) -> list[str]:
        """An administrator of each portal opens the app and has everything compared; the rest comes by itself."""
        began, found = monotonic(), ["not looked yet"]
        for one in self.people:
            await administrator(one)
        for portal in self._portals():
            async with self.world.resources.transaction() as db:
                await portals.ask_sweep(
                    db, (await self.world.row(portal)).id, ScanTrigger.BUTTON, self.world.resources.now()
                )
        while found and monotonic() - began < CALM:
            await asyncio.sleep(5)
            before, found = found, await self._wrong()
            if found[:1] != before[:1]:
                print(f"after {monotonic() - began:.0f} s of calm: {found[0] if found else 'all is well'}", flush=True)
        self.figures.calm = monotonic() - began
        return found

    async def _wrong(self) -> list[str]:
        rows = [await self.world.row(portal) for portal in self._portals()]
        if any(one.sweep_asked for one in rows):
            return ["not every card was compared yet"]
        if not await self.world.rested():
            return [f"{await self.world.waiting()} rows still wait"]
        return [line for portal in self._portals() for line in await self._disagree(portal)]

    def _portals(self) -> list[Portal]:
        return list(self.world.emulator.world.portals.values())

    async def _disagree(self, portal: Portal) -> list[str]:
        found = (await sides(self.world, portal, self.receivers[portal.name])).disagreements()
        return [f"{portal.name}: {line}" for line in found]


@asynccontextmanager
async def deployed(home: Path, server: servers.Postgres, redis: RedisServer, seed: int) -> AsyncIterator[Soak]:
    """Both portals with the app and customers, a client app of each, four processes."""
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(running(home, server, redis, _manifest(home)))
        for name, command in WORKERS.items():
            world.start(*command, name=name)
        second = await stack.enter_async_context(holding(world.emulator))
        assert isinstance(world.receiver, Holding)
        receivers = dict(zip(("first", "second"), (world.receiver, second), strict=True))
        found = [await _inhabited(world, one, receivers[one.name], seed) for one in _portals(world)]
        address = world.app_url.removeprefix("http://").split(":")
        serve = ("serve", "--host", address[0], "--port", address[1])
        commands = {**WORKERS, "tick": ("tick",), "serve": serve}
        havoc = Havoc(world, redis, tuple(receivers.values()), commands, Random(seed))
        probes = tuple(Probe(one.portal, receivers[one.portal.name], id_) for one in found for id_ in one.spared)
        yield Soak(world, havoc, tuple(found), receivers, probes)


def _portals(world: Running) -> tuple[Portal, ...]:
    return (world.portal, world.other_portal)


async def _inhabited(world: Running, portal: Portal, receiver: Holding, seed: int) -> People:
    """Customers from before the app, then the app, then a client app that listens."""
    for _ in range(CUSTOMERS):
        world.add_contact(world.add_company(portal=portal), portal=portal)
    spared = tuple(world.add_contact(portal=portal) for _ in range(PROBES))
    await world.install(portal)
    key = await world.subscribe(portal, receiver)
    return People(world, portal, key, Random(f"{seed} {portal.name}"), spared)


def _manifest(home: Path) -> Path:
    """app.yaml with retries that fit into the run."""
    text, changed = re.subn(r"(?m)^(  schedule:) \[[^]]*\]", rf"\1 {RETRIES}", (ROOT / "app.yaml").read_text())
    assert changed == 1, "app.yaml has no delivery schedule"
    path = home / "app.yaml"
    path.write_text(text)
    return path


async def soak(home: Path, server: servers.Postgres, redis: RedisServer, minutes: float, seed: int) -> int:
    async with deployed(home, server, redis, seed) as run:
        wrong = await run.run(minutes)
        LOG.parent.mkdir(exist_ok=True)
        shutil.copy(home / "log.txt", LOG)
        given_up = sum([await _failed(run, one.portal) for one in run.people])
        print(run.figures.report(run.world, run.people, run.havoc, run.probes, run.receivers, given_up))
        wrong += run.figures.crashes(run.world)
    for line in wrong[:50]:
        print(f"✗ {line}")
    print(f"{len(wrong)} disagreements" if wrong else "✓ card, store and receiver agree for every customer")
    return 1 if wrong else 0


async def _failed(run: Soak, portal: Portal) -> int:
    row = await run.world.row(portal)
    async with run.world.resources.tenant(row.id) as db:
        return await inbox.count(db, row.id, "failed")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=24)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="b24-soak-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as an ordinary user
        home = Path(folder)
        with servers.postgres(home) as server, redis_server(home) as redis:
            migrate(server.url(servers.OWNER), server.url())
            return asyncio.run(soak(home, server, redis, options.minutes, options.seed))


if __name__ == "__main__":
    sys.exit(main())
