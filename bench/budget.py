"""`budget`: four processes on one portal that enforces its limit. None of their requests may be refused, and together
they have to come near what the limit allows: X + Y·t over two minutes.

Three have bulk work without end; the fourth is there for people and asks now and then, as the first worker of a
deployment does. The counts are the portal's own. A call is the cheapest there is, so that only the limit holds them.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection

from b24app.assembly import open_redis
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.pace import Budget, Pace
from b24app.bitrix24.tokens import FixedToken
from b24app.bitrix24.wire import open_session
from b24app.errors import PortalBusy
from b24app.lanes import Lane
from bench.figures import Better, Figure, Ground
from bench.parties import apart
from emulator.config import EmulatorConfig, PortalConfig
from emulator.model.installs import MarketApp, install
from emulator.run import Emulator, serve

SECONDS, NOW_AND_THEN = 120.0, 3.0
LANES = (Lane.INTERACTIVE, Lane.BULK, Lane.BULK, Lane.BULK)
NAME, METHOD = "bench", "server.time"


@dataclass(frozen=True, slots=True)
class Job:
    """What a process needs to know. `pipe`: it says that it is ready, begins when told, and says how often it gave
    up."""

    pipe: Connection
    endpoint: str
    token: str
    redis_url: str
    lane: Lane


async def run(ground: Ground) -> list[Figure]:
    app = MarketApp("bench", "app.bench", "not-a-real-secret", {"en": "Bench"}, "http://127.0.0.1:9/app")
    config = EmulatorConfig(portals=(PortalConfig(NAME, "127.0.0.2:0"),), auth_host="127.0.0.4:0", apps=(app,))
    async with serve(config) as emulator:
        portal = emulator.portal(NAME)
        installation = install(portal, app, portal.admin())
        token = emulator.world.auth.issue(installation, portal.admin()).access_token
        emulator.world.faults.enforce_limit = True
        given_up = await _worked(f"{emulator.url(portal.host)}/rest/", token, ground.settings.redis_url)
        return _figures(emulator, given_up)


def _figures(emulator: Emulator, given_up: int) -> list[Figure]:
    """The span is the portal's too: from the first request it saw to the last."""
    seen = [one for one in emulator.world.journal if one.method == METHOD]
    refused = sum(one.error == "QUERY_LIMIT_EXCEEDED" for one in seen) + given_up
    seconds, budget = (seen[-1].at - seen[0].at).total_seconds(), Budget()
    assert seconds > 60, seconds
    theory = budget.full + budget.rate * seconds
    return [
        Figure("budget_refused", refused, 1, "requests", 0, Better.LOWER),
        Figure("budget", len(seen) - refused, theory, "requests", 0.95, Better.HIGHER),
    ]


async def _worked(endpoint: str, token: str, redis_url: str) -> int:
    """Let all of them work at once; how often one was told by our own pace to come back later."""
    with ExitStack() as stack:
        pipes = []
        for lane in LANES:
            here, there = multiprocessing.Pipe()
            stack.enter_context(apart(_work, Job(there, endpoint, token, redis_url, lane)))
            pipes.append(here)
        for pipe in pipes:
            await asyncio.to_thread(pipe.recv)
        for pipe in pipes:
            pipe.send(SECONDS)
        return sum([await asyncio.to_thread(pipe.recv) for pipe in pipes])


def _work(job: Job) -> None:
    asyncio.run(_asking(job))


async def _asking(job: Job) -> None:
    redis, given_up = open_redis(job.redis_url), 0
    async with open_session() as session:
        client = PortalClient(session, Pace(redis), 1, job.endpoint, FixedToken(job.token), job.lane)
        job.pipe.send("ready")
        seconds = await asyncio.to_thread(job.pipe.recv)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    given_up += await _ask(client)
                    await asyncio.sleep(NOW_AND_THEN if job.lane is Lane.INTERACTIVE else 0)
        except TimeoutError:
            job.pipe.send(given_up)
    await redis.aclose()


async def _ask(client: PortalClient) -> int:
    try:
        await client.call(METHOD)
    except PortalBusy:
        return 1
    return 0
