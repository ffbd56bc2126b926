"""One event loop per worker process, in a thread of its own, for the life of the process; and the RQ worker itself.

RQ's job only hands over: `run(coroutine)`. Its signal-based time limit cannot reach the loop's thread, so it is
switched off; whatever may take long has an `asyncio.timeout` of its own. No fork per job: a job is a wake-up.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Coroutine
from time import sleep
from typing import Any, TypeVar

import structlog
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue, SimpleWorker
from rq.timeouts import BaseDeathPenalty

from b24app.assembly import open_resources
from b24app.manifest import Manifest
from b24app.resources import Resources
from b24app.settings import Settings
from workers.at_once import AtOnce

T = TypeVar("T")
STARTS_WITHIN = 30
REDIS_AWAY = 1.0  # seconds until a lost Redis is tried again
LONGEST = 900.0  # seconds of one job, whatever it waits for

log = structlog.get_logger()


class NoDeathPenalty(BaseDeathPenalty):
    """Jobs are bounded by `asyncio.timeout` inside the loop."""

    def setup_death_penalty(self) -> None: ...

    def cancel_death_penalty(self) -> None: ...


class DrainWorker(SimpleWorker):
    death_penalty_class = NoDeathPenalty


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
            async with open_resources(settings, manifest) as opened:
                gc.collect()
                gc.freeze()  # what lives as long as the process is not looked through again at every collection
                self.loop, self.resources, self._stop = asyncio.get_running_loop(), opened, asyncio.Event()
                opened.wake.at_once = at_once = AtOnce(opened)
                self._ready.set()
                await self._stop.wait()
                await at_once.finish()
        except BaseException as error:
            self._failure = error
            self._ready.set()
            raise


_runtime = _Runtime()


def resources() -> Resources:
    """Those of this worker process."""
    assert _runtime.resources, "called outside a worker"
    return _runtime.resources


def run(work: Coroutine[Any, Any, T]) -> T:
    """Hand a coroutine to the process's loop and wait for it, `LONGEST` at most: drains stop long before."""
    assert _runtime.loop, "called outside a worker"
    return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, LONGEST), _runtime.loop).result()


def serve_queues(settings: Settings, manifest: Manifest, queues: list[str], *, burst: bool = False) -> None:
    """Work until told to stop (SIGTERM finishes the current job); `burst` stops when the queues are empty."""
    _runtime.start(settings, manifest)
    connection = Redis.from_url(settings.redis_url)
    try:
        while not _worked(connection, queues, burst):
            sleep(REDIS_AWAY)
    finally:
        _runtime.stop()


def _worked(connection: Redis, queues: list[str], burst: bool) -> bool:
    """Whether the worker came to its end. RQ waits for a Redis that is lost between two jobs; in one, it gives up."""
    worker = DrainWorker([Queue(name, connection=connection) for name in queues], connection=connection)
    try:
        worker.work(burst=burst, logging_level="WARNING")
    except RedisConnectionError as error:
        if worker._stop_requested:
            raise
        log.warning("redis_lost", error=type(error).__name__)
        return False
    return True
