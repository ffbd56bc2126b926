"""`deliver`: one drain of the outbox against a bare aiohttp loop that posts the same signed bytes.
`deliver_naive`: the same against one forking RQ job per delivery.

Ours claims, numbers, loads, signs, posts and settles every delivery in a durable PostgreSQL; the bare loop only posts.
The naive job posts and does nothing else, which favours it.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import secrets
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from time import perf_counter
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiohttp
from redis import Redis
from rq import Queue
from rq.worker import Worker
from sqlalchemy import insert, update

from b24app.assembly import open_resources
from b24app.delivery import webhooks
from b24app.delivery.journeys import client_apps, drain, registering
from b24app.delivery.store import publishing
from b24app.delivery.store.tables import endpoints as endpoints_table
from b24app.domain.delivery import news
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.news import MembershipVerificationChanged
from b24app.features import PRODUCT
from b24app.net import addresses
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.store.tables import portals as portals_table
from bench.figures import Better, Figure, Ground
from bench.receiver import receiver

DELIVERIES, ROUNDS, NAIVE, ENDPOINTS = 5000, 5, 300, 8


@dataclass(frozen=True, slots=True)
class Request:
    """One POST with everything ready."""

    url: str
    body: bytes
    headers: dict[str, str]


async def run(ground: Ground) -> list[Figure]:
    """Rounds alternate, so that both sides see the same machine; medians are compared."""
    with receiver() as (url, count):
        async with open_resources(ground.settings, ground.manifest) as resources:
            portal = await _portal(resources, url)
            await _ours(resources, portal, 500, count)
            gc.collect()
            gc.freeze()  # as workers do at their start; the bare loop gains by it too
            ours, bare = [], []
            for _ in range(ROUNDS):
                bare.append(await _bare(_requests(portal, url), ground.manifest.delivery.concurrency))
                ours.append(await _ours(resources, portal, DELIVERIES, count))
        naive = await asyncio.to_thread(_naive, ground.settings.redis_url, _requests(portal, url)[:NAIVE])
    speed = statistics.median(ours)
    return [
        Figure("deliver", speed, statistics.median(bare), "webhooks/s", 0.7, Better.HIGHER),
        Figure("deliver_naive", speed, naive, "webhooks/s", 10, Better.HIGHER),
    ]


async def _portal(resources: Resources, url: str) -> Portal:
    """A portal with a client app and endpoints that have answered their ping."""
    now = resources.now()
    async with resources.transaction() as db:
        row = {
            "member_id": "bench",
            "public_id": "p_bench",
            "state": PortalState.ACTIVE.value,
            "domain": "bench.example",
            "endpoint": "https://bench.example/rest/",
            "auth_server": "https://auth.example",
            "created_at": now,
        }
        id_ = (await db.execute(insert(portals_table).values(row).returning(portals_table.c.id))).scalar_one()
        portal = await portals.by_id(db, id_)
    assert portal
    app = (await client_apps.create(resources, portal.id, "Bench")).app
    for number in range(ENDPOINTS):
        await registering.register(resources, portal, app.id, registering.Wanted(f"{url}/{number}"))
    await drain.drain(resources)
    async with resources.tenant(portal.id) as db:
        await db.execute(
            update(endpoints_table).where(endpoints_table.c.portal_id == id_).values(state=EndpointState.ACTIVE.value)
        )
    return portal


def _event(portal: Portal, id_: UUID) -> news.Event:
    told = MembershipVerificationChanged(
        membership_id=id_,
        contact_id=7,
        company_id=3,
        person_id=uuid4(),
        customer_id=uuid4(),
        old_state="pending",
        new_state="confirmed",
        reason="box_unticked",
        decided_by=1,
        decided_by_source="event",
        sections=PRODUCT.policy.sections("confirmed"),
        version=2,
        previous_version=1,
        occurred_at=datetime.now(UTC),
    )
    return news.event(told, portal=portal.public_id, randomness=secrets.token_bytes(16))


async def _ours(resources: Resources, portal: Portal, amount: int, count: Synchronized[int]) -> float:
    """Webhooks per second of one drain. What was published is counted at the receiver too."""
    found = [_event(portal, uuid4()) for _ in range(amount // ENDPOINTS)]
    async with resources.tenant(portal.id) as db:
        await publishing.publish(db, portal.id, found, resources.now())
    before, started = count.value, perf_counter()
    done = await drain.drain(resources, budget_seconds=60)
    spent = perf_counter() - started
    assert done.settled == count.value - before == len(found) * ENDPOINTS, (done, count.value - before)
    return done.settled / spent


def _requests(portal: Portal, url: str) -> list[Request]:
    key, now = webhooks.signing_key(webhooks.new_secret(secrets.token_bytes(32))), datetime.now(UTC)
    found = []
    for number in range(DELIVERIES):
        event = _event(portal, uuid4())
        to = addresses.parsed(f"{url}/{number % ENDPOINTS}", dev_mode=True)
        message = webhooks.Message(to, event.id, event.body, (key,), number + 1, 1)
        found.append(Request(to.text, message.body, webhooks.headers(message, now)))
    return found


async def _bare(requests: Sequence[Request], concurrency: int) -> float:
    waiting = iter(requests)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http_:

        async def loop() -> None:
            for one in waiting:
                async with http_.post(one.url, data=one.body, headers=one.headers) as answer:
                    await answer.read()
                    assert answer.status == 204

        started = perf_counter()
        await asyncio.gather(*(loop() for _ in range(concurrency)))
        return len(requests) / (perf_counter() - started)


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    """The naive job."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=15)
    connection.request("POST", parts.path, body, headers)
    assert connection.getresponse().status == 204
    connection.close()


def _naive(redis_url: str, requests: Sequence[Request]) -> float:
    """RQ's own worker, a fork per job, as its documentation starts it."""
    connection = Redis.from_url(redis_url)
    queue = Queue("naive", connection=connection)
    for one in requests:
        queue.enqueue(post, one.url, one.body, one.headers, result_ttl=0)
    started = perf_counter()
    _worker(redis_url)
    spent = perf_counter() - started
    assert queue.failed_job_registry.count == 0
    return len(requests) / spent


def _worker(redis_url: str) -> None:
    import multiprocessing

    process = multiprocessing.get_context("spawn").Process(target=_work, args=(redis_url,))
    process.start()
    process.join()


def _work(redis_url: str) -> None:
    connection = Redis.from_url(redis_url)
    Worker([Queue("naive", connection=connection)], connection=connection).work(burst=True, logging_level="ERROR")
