"""One event loop per worker process, in a thread of its own, for the life of the process; and the RQ worker itself.

RQ's job only hands over: `run(coroutine)`. Its signal-based time limit cannot reach the loop's thread, so it is
switched off; whatever may take long has an `asyncio.timeout` of its own. No fork per job: a job is a wake-up.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Coroutine
from contextlib import suppress
from time import sleep
from types import FrameType
from typing import Any

import structlog
from redis import Redis, RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DeserializationError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty

from b24app.assembly import open_resources
from b24app.manifest import Manifest
from b24app.resources import Resources
from b24app.settings import Settings
from b24app.store.engine import away
from b24app.work.wake import WAKING, forget_pickled, open_queue
from workers.inline_delivery import InlineDelivery

STARTS_WITHIN = 30
REDIS_AWAY = 1.0  # seconds until a lost Redis is tried again
TTL = 75  # seconds; a quarter of a minute less is waited for a job, and a little more for a Redis that is silent
LONGEST = 900.0  # seconds of one job, whatever it waits for

log = structlog.get_logger()


class NoDeathPenalty(BaseDeathPenalty):
    """Jobs are bounded by `asyncio.timeout` inside the loop."""

    def setup_death_penalty(self) -> None: ...

    def cancel_death_penalty(self) -> None: ...


class _Stop:
    """Whether this process was told to stop, whichever worker of it was there to hear."""

    asked = False

    def wait(self, seconds: float) -> None:
        with suppress(StopRequested):  # a signal that the last worker's handler hears
            sleep(seconds)


def _function(job: Job) -> str:
    try:
        return str(job.func_name)
    except DeserializationError:
        return ""


class DrainWorker(SimpleWorker):
    """`stop`: told of signals, which between two workers are heard by the one that is gone. `functions`: what may be
    called; a name that somebody else wrote into Redis could be any function of Python's."""

    death_penalty_class = NoDeathPenalty

    def __init__(
        self, queues: list[Queue], stop: _Stop | None = None, functions: frozenset[str] = WAKING, **given: Any
    ) -> None:
        super().__init__(queues, serializer=JSONSerializer, worker_ttl=TTL, **given)
        self.told, self.functions = stop or _Stop(), functions

    def execute_job(self, job: Job, queue: Queue) -> None:
        if _function(job) in self.functions:
            super().execute_job(job, queue)
        else:
            log.warning("job_unknown", queue=queue.name)
            job.delete()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.told.asked = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def set_shutdown_requested_date(self) -> None:
        with suppress(RedisError, OSError):  # in the middle of a job, which must not end by it
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def teardown(self) -> None:
        """A Redis that hears nothing of our end must not keep the thread that listens to it."""
        try:
            super().teardown()  # type: ignore[no-untyped-call]
        except (RedisError, OSError):
            with suppress(RedisError, OSError):
                self.unsubscribe()  # type: ignore[no-untyped-call]


class _Runtime:
    """The loop's thread and the resources that live on it."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.resources: Resources | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self, settings: Settings, manifest: Manifest) -> None:
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(settings, manifest)), name="loop", daemon=True
        )
        self._thread.start()
        if not self._ready.wait(STARTS_WITHIN) or self._failure:
            raise RuntimeError("the worker's event loop did not start") from self._failure

    def stop(self) -> None:
        if self.loop and self._stop and self._thread:
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STARTS_WITHIN)

    async def _live(self, settings: Settings, manifest: Manifest) -> None:
        try:
            inline = InlineDelivery()
            async with open_resources(settings, manifest, inline=inline) as opened:
                gc.collect()
                gc.freeze()  # what lives as long as the process is not looked through again at every collection
                self.loop, self.resources, self._stop = asyncio.get_running_loop(), opened, asyncio.Event()
                self._ready.set()
                await self._stop.wait()
                await inline.finish()
        except BaseException as error:
            self._failure = error
            self._ready.set()
            raise


_runtime = _Runtime()


def resources() -> Resources:
    """Those of this worker process."""
    assert _runtime.resources, "called outside a worker"
    return _runtime.resources


def run(work: Coroutine[Any, Any, object]) -> None:
    """Hand a coroutine to the process's loop and wait for it, `LONGEST` at most: drains stop long before.

    A job that a database or Redis in trouble ends is no failure of the job: its rows wait for the rewake.
    """
    assert _runtime.loop, "called outside a worker"
    try:
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, LONGEST), _runtime.loop).result()
    except Exception as error:
        if not (away(error) or isinstance(error, RedisError)):
            raise
        log.warning("job_interrupted", error=repr(error))


def serve_queues(settings: Settings, manifest: Manifest, queues: list[str], *, burst: bool = False) -> None:
    """Work until told to stop (SIGTERM finishes the current job); `burst` stops when the queues are empty.

    RQ waits for a Redis that it cannot reach between two jobs, and takes any other trouble with Redis for its end (one
    that is lost in a job; a replica, one out of memory, one that wants a password): then another worker begins.
    """
    _runtime.start(settings, manifest)
    connection = Redis.from_url(settings.redis_url)
    stop = _Stop()
    try:
        while not _worked(connection, queues, stop, burst):
            stop.wait(REDIS_AWAY)
            if stop.asked:
                return
    finally:
        _runtime.stop()


def _worked(connection: Redis, queues: list[str], stop: _Stop, burst: bool) -> bool:
    """Whether the worker came to its end because it should."""
    try:
        forget_pickled(connection)
        worker = DrainWorker([open_queue(name, connection) for name in queues], stop, connection=connection)
        worker.work(burst=burst, logging_level="WARNING")
    except StopRequested:
        return True
    except (RedisError, OSError) as error:
        log.warning("worker_interrupted", error=type(error).__name__)
        return stop.asked
    if not (burst or stop.asked):
        log.warning("worker_interrupted")
    return burst or stop.asked
