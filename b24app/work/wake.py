"""Wake-ups for workers: RQ jobs that carry an id and no news. Losing one costs a minute, never a row.

Jobs are JSON, and workers call three functions only: whoever can write to Redis could have a worker run code of theirs
by a pickle, or by a name.

Coalesced: while a wake-up for the same portal and lane waits in its queue, another is not sent, however long no worker
comes. Sent off the event loop, since RQ speaks to Redis synchronously.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from redis import Redis, RedisError, WatchError
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import as_text

from b24app.lanes import Lane

INTERACTIVE, BULK, OUTBOX, CHORES = "interactive", "bulk", "outbox", "chores"
ERASING = "erasing"  # for a worker of its own: the only one that knows the database's owner
GENERAL = (INTERACTIVE, OUTBOX, CHORES, BULK)
DRAIN_INBOX, DRAIN_OUTBOX, RUN_CHORE = "workers.inbox.drain", "workers.outbox.drain", "workers.chores.run"
WAKING = frozenset({DRAIN_INBOX, DRAIN_OUTBOX, RUN_CHORE})
LOOK_AGAIN = 30  # seconds between looks whether a waiting wake-up is still in its queue: Redis may have forgotten it

log = structlog.get_logger()


def open_queue(name: str, redis: Redis) -> Queue:
    """One of those above."""
    return Queue(f"b24app:{name}", connection=redis, serializer=JSONSerializer)


def forget_pickled(redis: Redis) -> None:
    """Drop, unread, what earlier versions left: pickled jobs in queues of plain names. The rewake finds their rows."""
    for name in GENERAL:
        queue = Queue(name, connection=redis)
        queue.delete()
        begun, failed = queue.started_job_registry.key, queue.failed_job_registry.key
        jobs = [*redis.lrange(queue.intermediate_queue_key, 0, -1)]
        jobs += [*redis.zrange(begun, 0, -1), *redis.zrange(failed, 0, -1)]
        keys = [Job.key_for(as_text(job).split(":")[0]) for job in jobs]
        redis.delete(queue.intermediate_queue_key, begun, failed, *keys)
    for marks in ("wake:*", "looked:*"):
        for key in redis.scan_iter(match=marks, count=1000):
            redis.delete(key)


class Wake:
    """Sends wake-ups; a Redis that is away is logged and left to the rewake.

    `deliver_published`: how this process delivers what it has published itself, where it does: portal and rows; it says
    whether it will.
    """

    def __init__(self, redis_url: str, deliver_published: Callable[[int, int], Awaitable[bool]] | None = None) -> None:
        self._deliver_published = deliver_published
        self._redis = Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=2)

    async def inbox(self, portal_id: int, lane: Lane) -> None:
        queue = INTERACTIVE if lane is Lane.INTERACTIVE else BULK
        await self._send(queue, f"inbox:{portal_id}:{int(lane)}", DRAIN_INBOX, portal_id, int(lane))

    async def outbox(self, portal_id: int = 0, rows: int = 0) -> None:
        """Deliveries wait: `rows` of them this portal has just published, if it is known."""
        if self._deliver_published and rows and await self._deliver_published(portal_id, rows):
            return
        await self._send(OUTBOX, "outbox", DRAIN_OUTBOX)

    async def chore(self, name: str, portal_id: int, queue: str = CHORES) -> None:
        """A chore of this portal is due; `queue`: the chore's own, `INTERACTIVE` where a person waits."""
        await self._send(queue, f"chore:{name}:{portal_id}", RUN_CHORE, name, portal_id)

    def heard(self, mark: str) -> None:
        """A worker starts on a wake-up: what arrives from now on deserves a new one, which a Redis that is away delays.
        Blocking."""
        try:
            self._redis.delete(_sent(mark), _looked(mark))
        except (RedisError, OSError) as error:
            log.warning("wake_up_not_heard", mark=mark, error=type(error).__name__)

    async def _send(self, queue: str, mark: str, function: str, *args: int | str) -> None:
        try:
            await asyncio.to_thread(self._enqueue, queue, mark, function, args)
        except (RedisError, OSError) as error:
            log.warning("wake_up_lost", queue=queue, error=type(error).__name__)

    def _enqueue(self, name: str, mark: str, function: str, args: tuple[int | str, ...]) -> None:
        """One transaction: a mark without its job would keep all that comes later from being sent.

        Who changes the mark meanwhile has just sent a wake-up or begins one, after whatever we are here for.
        """
        queue = open_queue(name, self._redis)
        with self._redis.pipeline() as pipe, suppress(WatchError):
            pipe.watch(_sent(mark))  # type: ignore[no-untyped-call]
            if self._waits(queue, mark):
                return
            job = queue.enqueue(
                function,
                *args,
                result_ttl=0,
                failure_ttl=3600,
                job_timeout=-1,
                description=f"{function} {mark}",
                pipeline=pipe,
            )
            pipe.set(_sent(mark), job.id)
            pipe.set(_looked(mark), 1, ex=LOOK_AGAIN)
            pipe.execute()

    def _waits(self, queue: Queue, mark: str) -> bool:
        """Whether the job the mark names is in its queue; believed for `LOOK_AGAIN`, since a look reads the queue."""
        job_id = self._redis.get(_sent(mark))
        if job_id is None:
            return False
        looked_lately = not self._redis.set(_looked(mark), 1, nx=True, ex=LOOK_AGAIN)
        return looked_lately or queue.get_job_position(as_text(job_id)) is not None


def _sent(mark: str) -> str:
    """The key with the id of the job that waits."""
    return f"b24app:wake:{mark}"


def _looked(mark: str) -> str:
    """The key that is there while a look at the queue is believed."""
    return f"b24app:looked:{mark}"
