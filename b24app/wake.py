"""Wake-ups for workers: RQ jobs that carry an id and no news. Losing one costs a minute, never a row.

Coalesced: while a wake-up for the same portal and lane waits in its queue, another is not sent. Sent off the event
loop, since RQ speaks to Redis synchronously.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from redis import Redis, RedisError
from rq import Queue

from b24app.lanes import Lane

INTERACTIVE, BULK, OUTBOX, CHORES = "interactive", "bulk", "outbox", "chores"
COALESCE = 30  # seconds after which a waiting wake-up counts as lost

log = structlog.get_logger()


class Wake:
    """Sends wake-ups; a Redis that is away is logged and left to the rewake.

    `at_once`: how this process delivers what it has published itself, where it does; it says whether it will.
    """

    at_once: Callable[[int, int], Awaitable[bool]] | None = None

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=2)

    async def inbox(self, portal_id: int, lane: Lane) -> None:
        queue = INTERACTIVE if lane is Lane.INTERACTIVE else BULK
        await self._send(queue, f"inbox:{portal_id}:{int(lane)}", "workers.inbox.drain", portal_id, int(lane))

    async def outbox(self, portal_id: int = 0, rows: int = 0) -> None:
        """Deliveries wait: `rows` of them this portal has just published, if it is known."""
        if self.at_once and rows and await self.at_once(portal_id, rows):
            return
        await self._send(OUTBOX, "outbox", "workers.outbox.drain")

    async def chore(self, name: str, *args: int | str, queue: str = CHORES) -> None:
        """A chore of `workers.chores.CHORES`, once while it waits. `queue`: `INTERACTIVE` where a person waits."""
        await self._send(queue, ":".join(map(str, ("chore", name, *args))), "workers.chores.run", name, *args)

    def heard(self, mark: str) -> None:
        """A worker starts on a wake-up: what arrives from now on deserves a new one. Blocking."""
        self._redis.delete(f"wake:{mark}")

    async def _send(self, queue: str, mark: str, function: str, *args: int | str) -> None:
        try:
            await asyncio.to_thread(self._enqueue, queue, mark, function, args)
        except (RedisError, OSError) as error:
            log.warning("wake_up_lost", queue=queue, error=type(error).__name__)

    def _enqueue(self, queue: str, mark: str, function: str, args: tuple[int | str, ...]) -> None:
        if self._redis.set(f"wake:{mark}", 1, nx=True, ex=COALESCE):
            Queue(queue, connection=self._redis).enqueue(
                function, *args, result_ttl=0, failure_ttl=3600, job_timeout=-1, description=f"{function} {mark}"
            )
