"""What goes wrong meanwhile, at random but from a seed: the portal, its tokens, the receiver, Redis, the processes."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from emulator.model.faults import Break
from emulator.model.installs import pay
from tests.stories.work.processes import Holding, RedisServer, Running

LOST, DOUBLED = 0.2, 0.1
MILD = tuple(one for one in Break if one not in (Break.SLOW, Break.DELETED))


@dataclass
class Havoc:
    """`commands`: how each process is started again; `done`: what was broken, by name."""

    world: Running
    redis: RedisServer
    receivers: tuple[Holding, ...]
    commands: dict[str, tuple[str, ...]]
    random: Random
    done: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """For ever, until cancelled."""
        events = self.world.emulator.world.faults.events
        events.lose_rate, events.duplicate_rate, events.reorder = LOST, DOUBLED, True
        troubles = (self._portal(), self._tokens(), self._clients(), self._redis(), self._processes(), self._life())
        async with asyncio.TaskGroup() as group:
            for one in troubles:
                group.create_task(one)

    def mend(self) -> None:
        """Everything is well again and everybody is at work."""
        self.world.emulator.world.faults.clear()
        for receiver in self.receivers:
            receiver.answers.clear()
            receiver.gate.set()
        for portal in self.world.emulator.world.portals.values():
            if (installation := self.world.installation(portal)).payment_expired:
                pay(installation, False)
        for name in set(self.commands) - set(self.world.children):
            self._start(name)

    def _start(self, name: str) -> None:
        self.world.start(*self.commands[name], name=name)

    async def _after(self, least: float, most: float) -> None:
        await asyncio.sleep(self.random.uniform(least, most))

    async def _portal(self) -> None:
        """Any answer a portal can give, a few at a time; now and then it is slow, or its limits bite."""
        faults = self.world.emulator.world.faults
        while True:
            await self._after(3, 10)
            kind = self.random.choice((*MILD, Break.SLOW, Break.SLOW, Break.DELETED))
            faults.requests[:] = [one for one in faults.requests if one.times]
            host = self.random.choice([*self.world.emulator.world.portals, ""])  # "": whoever is asked, tokens too
            faults.add(kind, self.random.randint(1, 4), host, seconds=self.random.uniform(0.5, 4))
            faults.enforce_limit = self.random.random() < 0.5
            self.done[f"portal {kind}"] += 1

    async def _tokens(self) -> None:
        """Access tokens run out early."""
        while True:
            await self._after(20, 60)
            self.world.emulator.world.auth.expire_access()
            self.done["tokens expired"] += 1

    async def _clients(self) -> None:
        """A receiver fails for a while, is overrun, or keeps its answer back."""
        while True:
            await self._after(10, 30)
            receiver = self.random.choice(self.receivers)
            if self.random.random() < 0.3:
                self.done["receiver silent"] += 1
                receiver.gate.clear()
                await self._after(1, 6)
                receiver.gate.set()
            else:
                self.done["receiver failing"] += 1
                receiver.answers += [self.random.choice((500, 503, 429, 404))] * self.random.randint(1, 6)

    async def _redis(self) -> None:
        while True:
            await self._after(90, 200)
            await asyncio.to_thread(self.redis.stop)
            await self._after(0.5, 6)
            await asyncio.to_thread(self.redis.start)
            self.done["Redis restarted"] += 1

    async def _processes(self) -> None:
        """Mostly workers, mostly at once; each comes back after a moment."""
        while True:
            await self._after(12, 40)
            names = ["general"] * 4 + ["interactive"] * 3 + ["tick", "serve"]
            name = self.random.choice(names)
            sign = signal.SIGTERM if self.random.random() < 0.25 else signal.SIGKILL
            await asyncio.to_thread(self.world.kill, name, sign)
            self.done[f"{name} {sign.name}"] += 1
            await self._after(0.3, 3)
            self._start(name)

    async def _life(self) -> None:
        """Once in a while: the paid period ends for a moment, the portal moves to another address."""
        world = self.world.emulator.world
        while True:
            await self._after(150, 300)
            portal = self.random.choice(list(world.portals.values()))
            if self.random.random() < 0.5:
                pay(self.world.installation(portal), True)
                await self._after(5, 20)
                pay(self.world.installation(portal), False)
                self.done["payment ended and renewed"] += 1
            else:
                await world.rename(portal, f"{portal.host.split(':')[0]}:0")
                self.done["portal renamed"] += 1
