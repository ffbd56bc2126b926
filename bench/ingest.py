"""`ingest`: signed portal events stored durably and acknowledged per second by one web process, against a bare
Starlette route that reads the same form and stores nothing.

Rounds alternate on the same machine; the events name as many different cards, as after a mass change in the CRM. Every
acknowledged event is counted in the database afterwards. No worker runs: handling them is another budget's work.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from time import perf_counter
from urllib.parse import urlencode

import aiohttp
import uvicorn
from sqlalchemy import func, insert, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from b24app.assembly import open_resources
from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.settings import as_environment
from b24app.store.tables import portals as portals_table
from b24app.work.store.tables import inbox
from bench.figures import Better, Figure, Ground
from bench.parties import answers, apart, child, free, until

EVENTS, ROUNDS, CONNECTIONS, CARDS = 3000, 5, 128, 1000
MEMBER, TOKEN = "a223c6b3710f85df22e9377d6c4f7553", "51856fefc120afa4b628cc82d3935cce"
PATH = "/bitrix/events"


async def run(ground: Ground) -> list[Figure]:
    ours_at, bare_at = free("127.0.0.1", "127.0.0.1")
    settings = replace(ground.settings, public_url=f"http://{ours_at}")
    async with open_resources(settings, ground.manifest) as resources, aiohttp.ClientSession() as http:
        portal = await _portal(resources)
        with ExitStack() as stack:
            host, port = ours_at.split(":")
            command = ["b24app", "serve", "--host", host, "--port", port]
            stack.enter_context(child(command, dict(os.environ) | as_environment(settings)))
            stack.enter_context(apart(_serve, bare_at))
            for place in (ours_at, bare_at):
                await until(partial(answers, http, f"http://{place}/healthz"))
                await _posted(place, 500)
            ours, bare = [], []
            for _ in range(ROUNDS):
                bare.append(await _posted(bare_at, EVENTS))
                before = await _stored(resources, portal)
                ours.append(await _posted(ours_at, EVENTS))
                assert await _stored(resources, portal) - before == EVENTS
    return [Figure("ingest", statistics.median(ours), statistics.median(bare), "events/s", 0.6, Better.HIGHER)]


async def _portal(resources: Resources) -> int:
    async with resources.transaction() as db:
        row = {
            "member_id": MEMBER,
            "public_id": "p_bench",
            "state": PortalState.ACTIVE.value,
            "domain": "bench.example",
            "endpoint": "https://bench.example/rest/",
            "auth_server": "https://auth.example",
            "token_digest": portals.digest(TOKEN),
            "created_at": resources.now(),
        }
        found = await db.execute(insert(portals_table).values(row).returning(portals_table.c.id))
        return int(found.scalar_one())


async def _stored(resources: Resources, portal: int) -> int:
    async with resources.tenant(portal) as db:
        query = select(func.count()).select_from(inbox).where(inbox.c.portal_id == portal)
        return int((await db.execute(query)).scalar_one())


def _event(number: int) -> bytes:
    """As the portal posts it (api-reference/events/index.md), the tokens of whoever acted beside it."""
    form = {
        "event": "ONCRMCONTACTUPDATE",
        "event_handler_id": "23",
        "data[FIELDS][ID]": str(number % CARDS + 1),
        "ts": "1764093600",
        "auth[access_token]": "f6e4266900705e7900000001000000f0f1076f9c4b6d6c2a5b8c7d1e0f3a4b5c6d7e8f",
        "auth[expires]": "1764097200",
        "auth[expires_in]": "3600",
        "auth[scope]": "crm,placement,user_brief",
        "auth[domain]": "bench.example",
        "auth[server_endpoint]": "https://auth.example/rest/",
        "auth[status]": "S",
        "auth[client_endpoint]": "https://bench.example/rest/",
        "auth[member_id]": MEMBER,
        "auth[user_id]": "1",
        "auth[application_token]": TOKEN,
    }
    body = urlencode(form).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _posted(place: str, amount: int) -> float:
    """Events per second, posted by a process of its own over connections that are kept."""
    here, there = multiprocessing.Pipe()
    with apart(_post, there, place, amount):
        return amount / float(await asyncio.to_thread(here.recv))


def _post(pipe: Connection, place: str, amount: int) -> None:
    requests = [_event(number) for number in range(amount)]
    pipe.send(asyncio.run(_all(place, iter(requests))))


async def _all(place: str, requests: Iterator[bytes]) -> float:
    loop = asyncio.get_running_loop()
    host, _, port = place.partition(":")
    done = [loop.create_future() for _ in range(CONNECTIONS)]
    began = perf_counter()
    for one in done:
        await loop.create_connection(partial(_Poster, requests, one), host, int(port))
    await asyncio.gather(*done)
    return perf_counter() - began


class _Poster(asyncio.Protocol):
    """Posts the next request when the last one is answered, and expects 200."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self.requests, self.done, self.answer = requests, done, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self.answer += data
        end = self.answer.find(b"\r\n\r\n")
        if end < 0 or not self.answer.endswith(b"}"):
            return
        if not self.answer.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(AssertionError(self.answer))
        else:
            self.answer = b""
            self._next()

    def _next(self) -> None:
        request = next(self.requests, None)
        if request:
            self.transport.write(request)
        else:
            self.transport.close()
            self.done.set_result(None)


def _serve(place: str) -> None:
    """The bare route, served as ours is."""

    async def receive(request: Request) -> Response:
        form = await request.form()
        assert form["auth[application_token]"] == TOKEN
        return JSONResponse({"status": "ok"})

    host, _, port = place.partition(":")
    app = Starlette(routes=[Route(PATH, receive, methods=["POST"])])
    uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False, server_header=False)
