"""Portal events on their way into the inbox: many requests, few transactions.

An event is acknowledged only when its row is durable. Requests that come while a transaction is being committed wait
together for the next one, so a burst costs few commits and a single event waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

import structlog
from sqlalchemy.exc import DBAPIError

from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival
from b24app.errors import Refused
from b24app.lanes import Lane
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.store.engine import collided, lost
from b24app.work.store import inbox

LARGEST_GROUP = 500
COMMITS = 2  # at once: one waits for the disk while the next is being written
TRIES_AGAIN = 5  # times
KNOWN_FOR = 5.0  # seconds a process believes what it last read of a portal; the commit looks again

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Letter:
    portal_id: int
    arrival: Arrival
    stored: asyncio.Future[None]


@dataclass(slots=True)
class Reception:
    """One per event loop."""

    resources: Resources
    _known: dict[str, tuple[float, asyncio.Task[Portal | None]]] = field(default_factory=dict)
    _waiting: list[_Letter] = field(default_factory=list)
    _commits: list[asyncio.Task[None]] = field(default_factory=list)
    _to_wake: set[int] = field(default_factory=set)
    _wake: asyncio.Task[None] | None = None

    async def portal(self, member_id: str) -> Portal | None:
        """The portal that says it is this one; unproven. A crowd that asks at once is answered by one look."""
        until, looking = self._known.get(member_id, (0.0, None))
        if looking is None or until < monotonic():
            if len(self._known) > 10_000:  # member ids are the caller's words until they are proven
                self._known.clear()
            looking = asyncio.create_task(self._look(member_id))
            self._known[member_id] = (monotonic() + KNOWN_FOR, looking)
        return looking.result() if looking.done() else await asyncio.shield(looking)

    async def _look(self, member_id: str) -> Portal | None:
        try:
            async with self.resources.autocommit() as db:
                return await portals.by_member(db, member_id)
        except BaseException:
            self.forget(member_id)
            raise

    def forget(self, member_id: str) -> None:
        """Something about this portal has just changed."""
        self._known.pop(member_id, None)

    async def store(self, portal: Portal, arrival: Arrival) -> None:
        """Durable when this returns. Raises Refused `unknown_portal` where the portal left meanwhile."""
        letter = _Letter(portal.id, arrival, asyncio.get_running_loop().create_future())
        self._waiting.append(letter)
        self._commits = [one for one in self._commits if not one.done()]
        if len(self._commits) < COMMITS:
            self._commits.append(asyncio.create_task(self._commit_all()))
        await letter.stored

    async def _commit_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
            try:
                await self._store(group)
            except Exception as error:  # whatever it was, nobody may wait for ever
                log.error("events_not_stored", events=len(group), error=type(error).__name__)
                for letter in group:
                    if not letter.stored.done():
                        letter.stored.set_exception(Refused("not_stored", 503))

    async def _store(self, group: Sequence[_Letter]) -> None:
        """The portal would not send the event again. A worker that settles the same cards may make us give way, and a
        restart of the database may break the connection; an event that was stored all the same is only a hint more."""
        tried = 0
        while True:
            try:
                await self._write(group)
                return
            except DBAPIError as error:
                tried += 1
                if tried > TRIES_AGAIN or not (collided(error) or lost(error)):
                    raise

    async def _write(self, group: Sequence[_Letter]) -> None:
        """One transaction over all portals of the group; each portal's rows under its own wall."""
        by_portal: dict[int, list[_Letter]] = defaultdict(list)
        for letter in group:
            by_portal[letter.portal_id].append(letter)
        now, here = self.resources.now(), set[int]()
        async with self.resources.transaction() as db:
            for portal_id in sorted(by_portal):
                if await portals.enter(db, portal_id):
                    here.add(portal_id)
                    arrivals = [letter.arrival for letter in by_portal[portal_id]]
                    await inbox.receive(db, self.resources.vault, portal_id, arrivals, Lane.INTERACTIVE, now)
        for letter in group:
            if letter.portal_id in here:
                letter.stored.set_result(None)
            else:
                letter.stored.set_exception(Refused("unknown_portal", 403))
        self._to_wake |= here
        if self._wake is None or self._wake.done():
            self._wake = asyncio.create_task(self._wake_all())

    async def _wake_all(self) -> None:
        """Beside the next commit, which must not wait for Redis. Stored while its portal is being woken wakes again."""
        while self._to_wake:
            await self.resources.wake.inbox(self._to_wake.pop(), Lane.INTERACTIVE)
