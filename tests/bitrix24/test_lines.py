"""The connection itself: portals that hold it, cut it, or send less or more than they said; names nobody knows."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from b24app.bitrix24 import wire
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.wire import open_session
from b24app.errors import OutcomeUnknown, PortalDown
from tests.bitrix24.conftest import Rig

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = b'{"result": "mine"}'


@asynccontextmanager
async def listening(talk: Talk, host: str) -> AsyncIterator[str]:
    """The REST root of somebody who speaks in bytes."""
    talks: set[asyncio.Task[None]] = set()

    async def talked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            with suppress(ConnectionError):
                await talk(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(talked, host, 0)
    yield f"http://{host}:{server.sockets[0].getsockname()[1]}/rest/"
    server.close()
    for one in talks:
        one.cancel()
    await asyncio.gather(*talks, return_exceptions=True)


@asynccontextmanager
async def speaking(rig: Rig, talk: Talk) -> AsyncIterator[PortalClient]:
    """A client of such a portal."""
    async with listening(talk, "127.0.0.7") as endpoint:
        yield replace(rig.client, endpoint=endpoint)


async def asked(reader: asyncio.StreamReader) -> bytes:
    """The whole of one request; empty when the other side hung up."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head + await reader.readexactly(int(length.split(b":")[1]))


def answers(*bodies: bytes) -> Talk:
    """Each connection is answered with these bytes in turn, whatever it asks."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in bodies:
            if not await asked(reader):
                break
            writer.write(body)
            await writer.drain()

    return talk


def whole(body: bytes, *, says: int | None = None) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) if says is None else says) + body


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Slow on purpose: a byte now and then, never the end."""
    await asked(reader)
    writer.write(HEAD + b"Content-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await asyncio.sleep(0.01)


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes the request and says nothing."""
    while await asked(reader):
        pass


async def test_a_portal_that_drips_is_left_in_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "TIMEOUT", replace_timeout(total=0.2))
    async with speaking(rig, drip) as client:
        with pytest.raises(PortalDown) as caught:
            await client.call("profile")
        assert caught.value.code == "TIMEOUT"
        with pytest.raises(OutcomeUnknown):
            await client.call("crm.company.add", write=True)


async def test_no_request_may_last_for_ever() -> None:
    assert wire.TIMEOUT.total
    assert wire.TIMEOUT.connect
    assert wire.TIMEOUT.total > 60, "the portal itself gives up first (limits.md)"


async def test_the_rest_of_an_answer_that_was_too_long_is_nobodys_answer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was left unread must not be taken for the next answer on that connection."""
    monkeypatch.setattr(wire, "BIGGEST_ANSWER", 1000)
    long = whole(b" " * 200_000 + b'{"result": "foreign"}')
    async with speaking(rig, answers(long, whole(GOOD))) as client:
        with pytest.raises(PortalDown) as caught:
            await client.call("profile", write=False)
        assert caught.value.code == "ANSWER_TOO_LONG"
    async with speaking(rig, answers(whole(GOOD))) as client:
        assert (await client.call("profile")).result == "mine"


async def test_the_answer_of_a_cancelled_call_is_nobodys_answer(rig: Rig) -> None:
    first = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The first request's answer comes late, on its own connection."""
        while request := await asked(reader):
            if b"server.time" in request:
                first.set()
                await asyncio.sleep(0.1)
                writer.write(whole(b'{"result": "foreign"}'))
            else:
                writer.write(whole(GOOD))

    async with speaking(rig, talk) as client:
        call = asyncio.create_task(client.call("server.time"))
        await first.wait()
        call.cancel()
        assert [(await client.call("profile")).result for _ in range(3)] == ["mine"] * 3


@pytest.mark.parametrize(
    "answer",
    [
        whole(GOOD, says=1000),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n12\r\n" + GOOD + b"\r\nZZ",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 18\r\n\r\n" + GOOD,
        b"no HTTP at all\r\n\r\n",
        HEAD + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        b"",
    ],
    ids=["short", "broken chunks", "broken gzip", "no http", "long header", "silence"],
)
async def test_half_an_answer_is_none(rig: Rig, answer: bytes) -> None:
    async with speaking(rig, answers(answer)) as client:
        with pytest.raises(PortalDown) as caught:
            await client.call("profile")
        assert caught.value.code == "CONNECTION_LOST"
        with pytest.raises(OutcomeUnknown):
            await client.call("crm.company.add", write=True)


async def test_a_portal_that_closed_an_idle_connection_is_called_on_another(rig: Rig) -> None:
    """A write too: the connection was found closed before anything was sent."""
    async with speaking(rig, answers(whole(GOOD))) as client:
        for _ in range(3):
            assert (await client.call("profile", write=True)).result == "mine"
            await asyncio.sleep(0.02)


async def test_portals_that_keep_us_waiting_keep_no_other_waiting(rig: Rig) -> None:
    hosts = [f"127.0.0.{number}" for number in range(20, 32)]
    async with asyncio.timeout(30), AsyncExitStack() as stack:
        roots = [await stack.enter_async_context(listening(hold, host)) for host in hosts]
        calls = [asyncio.create_task(replace(rig.client, endpoint=root).call("profile")) for root in roots * 20]
        await asyncio.sleep(0)
        assert (await rig.client.call("profile")).result["ID"] == "1"
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


class NoNames(AbstractResolver):
    """A name server that knows nobody, or never answers."""

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if self.silent:
            await asyncio.Event().wait()
        raise OSError(None, "no such host")

    async def close(self) -> None: ...


@pytest.mark.parametrize("silent", [False, True])
async def test_a_name_that_cannot_be_found_leaves_no_doubt(
    rig: Rig, silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent, so a write is no mystery."""
    monkeypatch.setattr(wire, "TIMEOUT", replace_timeout(connect=0.05))
    async with open_session(NoNames(silent=silent)) as session:
        client = replace(rig.client, session=session, endpoint="https://portal.example/rest/")
        with pytest.raises(PortalDown) as caught:
            await client.call("crm.company.add", write=True)
    assert caught.value.code == "NO_CONNECTION"


def replace_timeout(*, total: float = 90, connect: float = 10) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, connect=connect, sock_connect=5, sock_read=65)
