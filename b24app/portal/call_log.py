"""Requests to portals, noted where they are made and written down by and by: no call waits for its line.

The lines go to `portal_calls`, group by group; the counts go to Redis, so that the metrics are the same whichever
process answers. Both may lose a little: a process that is killed loses its last seconds, a Redis that forgets starts
the counts anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError

from b24app.bitrix24.wire import CallRecord
from b24app.portal.store import portal_calls
from b24app.portal.store.portal_calls import PortalCall
from b24app.resources import Clock, Resources
from b24app.work.counts import PORTAL_REQUESTS, add, totals

EVERY = 2.0  # seconds between two groups
MOST = 5_000  # lines that may wait; a database that is away must not fill the memory
LOST = "lost"

log = structlog.get_logger()


@dataclass(slots=True)
class CallLog:
    """One per event loop."""

    now: Clock
    _waiting: dict[int, list[PortalCall]] = field(default_factory=lambda: defaultdict(list))
    _lines: int = 0
    _counts: Counter[str] = field(default_factory=Counter)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, record: CallRecord) -> None:
        """Never waits and never raises; what is too much is counted as lost. A portal without a row gets no line."""
        self._counts[f"{record.outcome} {record.lane.label}"] += 1
        if self._lines >= MOST:
            self._counts[LOST] += 1
        elif record.portal_id:
            line = (record.lane.label, record.method, record.outcome.value, record.code, record.status, record.ms)
            self._waiting[record.portal_id].append(PortalCall(self.now(), *line))
            self._lines += 1

    async def flush(self, resources: Resources) -> None:
        """All that was noted before is written down when this returns, or lost and counted."""
        async with self._turn:
            waiting, self._waiting, self._lines = self._waiting, defaultdict(list), 0
            for portal_id, calls in waiting.items():
                await self._write(resources, portal_id, calls)
            counts, self._counts = self._counts, Counter()
            await add(resources.redis, PORTAL_REQUESTS, counts)

    async def _write(self, resources: Resources, portal_id: int, calls: Sequence[PortalCall]) -> None:
        try:
            async with resources.tenant(portal_id, durable=False) as db:
                await portal_calls.save(db, portal_id, calls)
        except (SQLAlchemyError, OSError) as error:
            self._counts[LOST] += len(calls)
            log.warning("calls_not_logged", portal=portal_id, calls=len(calls), error=type(error).__name__)

    @asynccontextmanager
    async def kept(self, resources: Resources) -> AsyncIterator[None]:
        """Flushed now and then, and at the end."""
        keeping = asyncio.create_task(self._flush_often(resources))
        try:
            yield
        finally:
            self._stop.set()
            await keeping
            await self.flush(resources)

    async def _flush_often(self, resources: Resources) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), EVERY)
            await self.flush(resources)


async def counted(redis: Redis) -> tuple[Mapping[tuple[str, str], int], int]:
    """Requests of all processes by (outcome, lane), and lines lost. Raises RedisError or OSError."""
    counts = await totals(redis, PORTAL_REQUESTS)
    lost = counts.pop(LOST, 0)
    return {(outcome, lane): counts[name] for name in counts for outcome, lane in [name.split(" ")]}, lost
