"""The world that the dump was made in: its portals and receivers, and what tick and workers do in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from redis import Redis

from b24app.demo import servers
from b24app.lanes import Lane
from b24app.manifest import Manifest
from b24app.resources import Resources
from b24app.work.wake import DRAIN_INBOX, DRAIN_OUTBOX, ERASING, GENERAL, RUN_CHORE, open_queue
from emulator.config import PortalConfig
from emulator.model.portal import Portal
from tests.chores import rewake_all
from tests.receiver import Receiver, receiving
from tests.world import ROUNDS, World, open_world
from workers.chores import do_due
from workers.inbox import drain_portal
from workers.outbox import drain_outbox

SECRET_KEY = "bGl2ZWQtbGl2ZWQtbGl2ZWQtbGl2ZWQtbGl2ZWQtMTI="
"""Seals everything in the dump; it protects nothing."""

NAMES = (
    "first",  # at work: memberships, news, files
    "second",  # its first read was cut off in the middle
    "watched",  # the module only watches; its sweep was cut off
    "idle",  # the module is off
    "installing",  # the administrator never finished
    "orphaned",  # no token works: it needs an administrator
    "unpaid",
    "removed",  # its rows are kept for its return
    "leaving",  # its rows are to be erased, and it is time
    "gone",  # was erased: a line of `departures` is left
    "doubted",  # somebody says that it removed the app, and the auth server could not be asked
    "owed",  # its set-up could not be finished
)
"""What became of each portal."""

SHOPS = ("first", "flaky", "full", "shy", "second", "others", "files", "archive")
"""Receivers by name: of client apps of the first portal, of the second and of all others; two of weekly files."""


@dataclass
class At(World):
    """The world, looked at from one of its portals."""

    name: str = "first"

    @property
    def portal(self) -> Portal:
        return self.emulator.portal(self.name)


@dataclass
class Lived:
    """`server`: with the database that the app works on; `shops`: receivers by name."""

    server: servers.Postgres
    world: World
    shops: Mapping[str, Receiver] = field(default_factory=dict)

    def at(self, name: str) -> At:
        return At(**vars(self.world), name=name)

    def hosts(self) -> dict[str, str]:
        """What stands for a host in the kept files → the host (with port) of this run."""
        found = {"app.test": self.world.app_url, "auth.test": self.world.emulator.world.auth_host}
        found |= {f"{one.name}.portal.test": one.host for one in self.world.emulator.world.portals.values()}
        found |= {f"{name}.shop.test": one.url.removesuffix("/webhooks") for name, one in self.shops.items()}
        return {name: host.removeprefix("http://") for name, host in found.items()}


@asynccontextmanager
async def opened(server: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Lived]:
    """Portals without a card and without the app, on free ports; the app works on this database."""
    languages = {"second": "en"}
    portals = tuple(
        PortalConfig(name, f"127.0.0.{20 + number}:0", lang=languages.get(name, "ru"), plan="enterprise")
        for number, name in enumerate(NAMES)
    )
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(server, redis_url, manifest, portals, SECRET_KEY))
        now = world.emulator.world.now
        shops = {name: await stack.enter_async_context(receiving(now)) for name in SHOPS}
        yield Lived(server, world, shops)


async def _drain_inbox(resources: Resources, portal_id: int, lane: int) -> object:
    return await drain_portal(resources, portal_id, Lane(lane))


WORKERS: Mapping[str, Callable[..., Awaitable[object]]] = {
    DRAIN_INBOX: _drain_inbox,
    DRAIN_OUTBOX: drain_outbox,
    RUN_CHORE: do_due,
}


async def work_off(world: World) -> None:
    """What the tick and its workers do, until a tick wakes nobody."""
    for _ in range(ROUNDS):
        await world.emulator.world.deliver()
        await rewake_all(world.resources)
        woken = await _jobs(world)
        if not woken:
            return
    raise AssertionError(f"the workers do not come to rest: {woken}")


async def _jobs(world: World) -> set[str]:
    """Every job that waits in Redis, carried out once; their marks."""
    done = set()
    with Redis.from_url(world.resources.settings.redis_url) as redis:
        for name in (*GENERAL, ERASING):
            queue = open_queue(name, redis)
            for job in queue.jobs:
                function, _, mark = (job.description or "").partition(" ")
                job.delete()
                world.resources.wake.heard(mark)
                await WORKERS[function](world.resources, *job.args)
                done.add(mark)
    return done
