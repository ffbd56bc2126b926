"""Bodies that do not come as they should: what the other side does is no fault of ours, and holds nothing of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Scope

from b24app.asgi import build_app
from b24app.limits import Limits
from b24app.portal.journeys.reception import Reception
from tests.serving import bound, serving
from tests.world import World

FORM = b"application/x-www-form-urlencoded"
READ_OF_BODIES = ["/bitrix/events", "/app", "/install", "/placements/contact-tab", "/frame/token"]


def scope(path: str, length: str = "5000", **more: Any) -> Scope:
    headers = [(b"host", b"127.0.0.1"), (b"content-type", FORM), (b"content-length", length.encode())]
    whole: Scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "query_string": b"", **more}
    return {**whole, "scheme": "http", "server": ("127.0.0.1", 80), "headers": headers}


async def exchange(app: Any, scope: Scope, received: Sequence[Message]) -> list[Message]:
    """What is answered to a request whose messages are these, after which nothing comes."""
    coming, sent = list(received), list[Message]()

    async def receive() -> Message:
        if not coming:
            await asyncio.Event().wait()
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("path", READ_OF_BODIES)
async def test_a_sender_who_hangs_up_is_no_error_of_ours(
    world: World, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    await world.install()
    app = build_app(world.resources.settings, world.resources.manifest, world.resources)
    state = {"resources": world.resources, "reception": Reception(world.resources)}
    begun: list[Message] = [{"type": "http.request", "body": b"event=ONCRMCONTACTUPDATE", "more_body": True}]
    capfd.readouterr()

    assert await exchange(app, scope(path, state=state), [*begun, {"type": "http.disconnect"}]) == []

    assert capfd.readouterr().err == ""


async def reads(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def reads_nothing(request: Request) -> Response:
    return PlainTextResponse("no")


SMALL = Starlette(routes=[Route("/", reads, methods=["POST"]), Route("/deaf", reads_nothing, methods=["POST"])])


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [("/", "5", 408), ("/", "9" * 19, 413), ("/", "1" + "0" * 20, 413), ("/", "x", 413), ("/deaf", "5", 200)],
)
async def test_a_body_that_never_comes_ends_in_an_answer_and_the_connection(
    path: str, length: str, status: int
) -> None:
    async with asyncio.timeout(30):  # only ends a test that would hang
        start, *_ = await exchange(Limits(SMALL, within=0.01, read_away=0.01), scope(path, length), [])
    assert start["status"] == status
    assert (b"connection", b"close") in start["headers"]


async def test_a_body_that_nobody_reads_keeps_its_connection_where_it_came_whole() -> None:
    body: list[Message] = [{"type": "http.request", "body": b"12345", "more_body": False}]
    start, *_ = await exchange(Limits(SMALL), scope("/deaf", "5"), body)
    assert start["status"] == 200
    assert (b"connection", b"close") not in start["headers"]


@pytest.mark.parametrize("length", [10**19, 10**20, 5])
async def test_a_length_that_lies_keeps_no_connection_open(length: int) -> None:
    socket, place = bound()
    host, _, port = place.partition(":")
    async with serving(Limits(SMALL, within=0.01, read_away=0.01), socket), asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n".encode())
        answer = await reader.read()  # to the end, which comes
        writer.close()
    assert answer.startswith(b"HTTP/1.1 4")
