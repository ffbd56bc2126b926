"""The same hops as ours without our code, for `latency`: a form POST is committed and wakes an RQ worker, which asks
the portal once, commits what it heard and posts it out. Connections are kept; nothing is checked, signed, decided or
repeated."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg
import uvicorn
from redis import Redis
from rq import SimpleWorker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from b24app.work.wake import open_queue
from bench.parties import apart
from workers.runtime import DrainWorker

QUEUE = "bare"


@dataclass(frozen=True, slots=True)
class Wiring:
    """Where the hops lead. `dsn`: asyncpg's, of a role that owns tables; `method`: a REST method's URL."""

    place: str
    redis_url: str
    dsn: str
    method: str
    receiver: str


class Job:
    """What the worker keeps between jobs: a loop in a thread of its own, a session, a connection."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring, self.loop = wiring, asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.wait(self._open())

    def wait(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result()

    async def _open(self) -> None:
        self.http, self.db = aiohttp.ClientSession(), await asyncpg.connect(self.wiring.dsn)

    async def hops(self, row: int, contact: int) -> None:
        async with self.http.post(self.wiring.method, json={"id": contact}) as answer:
            found = await answer.json()
        await self.db.execute("UPDATE bare SET told = true WHERE id = $1", row)
        async with self.http.post(self.wiring.receiver, json=found["result"]) as told:
            assert told.status == 204


_jobs: list[Job] = []  # this worker process's own


def run(row: int, contact: int) -> None:
    """What RQ calls."""
    _jobs[0].wait(_jobs[0].hops(row, contact))


@contextmanager
def bare(wiring: Wiring) -> Iterator[None]:
    """A web process and a worker process."""
    with apart(_serve, wiring), apart(_work, wiring):
        yield


def _serve(wiring: Wiring) -> None:
    queue = open_queue(QUEUE, Redis.from_url(wiring.redis_url))

    @asynccontextmanager
    async def connected(app: Starlette) -> AsyncIterator[None]:
        app.state.db = await asyncpg.connect(wiring.dsn)
        await app.state.db.execute("CREATE TABLE bare (id bigserial PRIMARY KEY, contact int, told boolean)")
        yield

    async def receive(request: Request) -> Response:
        contact = int(str((await request.form())["data[FIELDS][ID]"]))
        row = await request.app.state.db.fetchval("INSERT INTO bare (contact) VALUES ($1) RETURNING id", contact)
        await asyncio.to_thread(queue.enqueue, run, row, contact, result_ttl=0)
        return Response(status_code=200)

    host, _, port = wiring.place.partition(":")
    app = Starlette(routes=[Route("/", receive, methods=["POST"])], lifespan=connected)
    uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False)


def _work(wiring: Wiring) -> None:
    _jobs.append(Job(wiring))
    connection = Redis.from_url(wiring.redis_url)
    worker: SimpleWorker = DrainWorker(
        [open_queue(QUEUE, connection)], functions=frozenset({"bench.bare.run"}), connection=connection
    )
    worker.work(logging_level="WARNING")
