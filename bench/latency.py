"""`latency`: from a portal event's POST to its webhook at the receiver, 95th percentile, the system at rest before
each; against the same hops without our code (`bench.bare`), turn by turn in one run.

Every party is a process of its own, as in a deployment: web, two workers, tick, portal, receiver. Ours reads the card,
writes the status field and signs; the portal's limit of two requests a second is kept out by forgetting the bucket.
"""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from time import perf_counter

import aiohttp
from redis.asyncio import Redis
from sqlalchemy import func, select

from b24app.assembly import open_resources
from b24app.delivery.journeys import client_apps, endpoints, registering
from b24app.demo import servers
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.portal import Portal
from b24app.resources import Resources
from b24app.settings import Settings, as_environment
from b24app.work.store.tables import work
from bench.bare import Wiring, bare
from bench.figures import Better, Figure, Ground
from bench.parties import answers, apart, child, emulator_config, free, imported, install, known, post, until
from bench.receiver import ANSWER

RUNS, WARM_UP, WAIT = 60, 8, 60.0
CHECK, APP = "UF_CRM_B24APP_CHECK", "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Places:
    """host:port of each party."""

    app: str
    bare: str
    portal: str
    auth: str


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything running. `rest`: URL of the portal's REST as its administrator sees it; `bell`: brings a path and a
    `perf_counter` moment for each request the receiver has read."""

    http: aiohttp.ClientSession
    redis: Redis
    places: Places
    rest: str
    event: Mapping[str, str]
    contact: int
    bell: Connection
    resources: Resources
    portal: Portal

    async def ours(self, ticked: bool) -> float:
        """Seconds. The card was changed before; its event is what we time."""
        await post(self.http, f"{self.rest}crm.contact.update", {"id": self.contact, "fields": {CHECK: int(ticked)}})
        return await self._timed(f"http://{self.places.app}/bitrix/events", "/ours")

    async def forget_pace(self) -> None:
        """As if the portal had not been asked for a while."""
        for key in await self.redis.keys("b24app:bucket:*"):
            await self.redis.delete(key)

    async def at_rest(self) -> None:
        await until(partial(_idle, self.resources))

    async def bare(self) -> float:
        return await self._timed(f"http://{self.places.bare}/", "/bare")

    async def _timed(self, url: str, path: str) -> float:
        began = perf_counter()
        async with self.http.post(url, data=dict(self.event)) as answer:
            assert answer.status == 200, await answer.text()
        rung, at = await asyncio.wait_for(asyncio.to_thread(self.bell.recv), WAIT)
        assert rung == path, rung
        return float(at - began)


async def run(ground: Ground) -> list[Figure]:
    async with standing(ground) as bench:
        ours, reference = [], []
        for number in range(WARM_UP + RUNS):
            await bench.forget_pace()
            ours.append(await bench.ours(number % 2 == 0))
            await bench.at_rest()
            reference.append(await bench.bare())
    figures = [p95(one[WARM_UP:]) * 1000 for one in (ours, reference)]
    return [Figure("latency", figures[0], figures[1], "ms, p95", 3, Better.LOWER)]


def p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]


@asynccontextmanager
async def standing(ground: Ground, crowd: int = 0) -> AsyncIterator[Bench]:
    """Everything started, the app installed and subscribed; `crowd`: people the portal has from before."""
    places = Places(*free(APP, APP, "127.0.0.2", "127.0.0.4"))
    settings = replace(ground.settings, public_url=f"http://{places.app}", auth_servers=(f"http://{places.auth}",))
    async with AsyncExitStack() as stack:
        config = emulator_config(ground, places.app, places.auth, {"bench": places.portal})
        for command in _commands(places, settings, config):
            stack.enter_context(child(command, dict(os.environ) | as_environment(settings)))
        url, bell = stack.enter_context(_receiver())
        resources = await stack.enter_async_context(open_resources(settings, ground.manifest))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        control = f"http://{places.portal}/_control"
        await until(partial(answers, http, f"{control}/state"))
        await until(partial(answers, http, f"{settings.public_url}/readyz"))
        await post(http, f"{control}/grow", {"portal": "bench", "companies": 0, "contacts": crowd})
        token = await install(http, control, "bench", ground.manifest.code)
        await until(partial(imported, resources, places.portal))
        portal = await known(resources, places.portal)
        await _subscribe(resources, portal, f"{url}/ours", bell)
        rest = (await post(http, f"{control}/webhook", {"portal": "bench", "user": 1, "scope": ["crm"]}))["url"]
        contact = (await post(http, f"{rest}crm.contact.add", {"fields": {"NAME": "Илья"}}))["result"]
        await post(http, f"{control}/deliver", {})
        dsn = ground.postgres.url(servers.OWNER).replace("+asyncpg", "")
        stack.enter_context(bare(Wiring(places.bare, settings.redis_url, dsn, f"{rest}crm.contact.get", f"{url}/bare")))
        await until(partial(answers, http, f"http://{places.bare}/"))
        redis = await stack.enter_async_context(Redis.from_url(settings.redis_url))
        event = _event(places, portal, token, contact)
        bench = Bench(http, redis, places, rest, event, contact, bell, resources, portal)
        await bench.at_rest()
        yield bench


def _event(places: Places, portal: Portal, token: str, contact: int) -> dict[str, str]:
    """As the portal posts it when a robot acted (api-reference/crm/contacts/events/on-crm-contact-update.md)."""
    return {
        "event": "ONCRMCONTACTUPDATE",
        "event_handler_id": "1",
        "data[FIELDS][ID]": str(contact),
        "ts": "1700000000",
        "auth[domain]": places.portal,
        "auth[client_endpoint]": f"http://{places.portal}/rest/",
        "auth[server_endpoint]": f"http://{places.auth}/rest/",
        "auth[member_id]": portal.member_id,
        "auth[application_token]": token,
    }


async def _subscribe(resources: Resources, portal: Portal, url: str, bell: Connection) -> None:
    app = (await client_apps.create(resources, portal.id, "Bench")).app
    made = await registering.register(resources, portal, app.id, registering.Wanted(url))

    async def active() -> bool:
        found = await endpoints.find(resources, portal, app.id, made.endpoint.id)
        return found.state is EndpointState.ACTIVE

    await until(active)
    bell.recv()  # the ping


async def _idle(resources: Resources) -> bool:
    async with resources.transaction() as db:
        return not (await db.execute(select(func.count()).select_from(work))).scalar_one()


def _commands(places: Places, settings: Settings, config: Mapping[str, object]) -> list[list[str]]:
    path = settings.data_dir / "emulator.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    host, _, port = places.app.partition(":")
    return [
        ["emulator", "--config", str(path)],
        ["b24app", "serve", "--host", host, "--port", port],
        ["b24app", "worker", "interactive"],
        ["b24app", "worker", "outbox", "interactive", "chores", "bulk"],
        ["b24app", "tick"],
    ]


class _Bell(asyncio.Protocol):
    """Reads whole requests, answers 204, and rings."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.rest = pipe, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n")) >= 0:
            head = self.rest[:end]
            at = head.lower().find(b"content-length:")
            whole = end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.rest) < whole:
                return
            self.rest = self.rest[whole:]
            self.pipe.send((head.split(b" ", 2)[1].decode(), perf_counter()))
            self.transport.write(ANSWER)


@contextmanager
def _receiver() -> Iterator[tuple[str, Connection]]:
    here, there = multiprocessing.Pipe()
    with apart(_listen, there):
        yield f"http://127.0.0.5:{here.recv()}", here


def _listen(pipe: Connection) -> None:
    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Bell(pipe), "127.0.0.5", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())
