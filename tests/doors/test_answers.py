"""What a receiver's answer is taken for: its status counts, whatever stands behind it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from b24app.delivery.webhooks import Attempt, Message, Upload, new_secret, send, signing_key, upload
from b24app.domain.delivery.schedule import Failure
from b24app.manifest import Manifest
from b24app.net import answers
from b24app.net.addresses import parsed
from b24app.net.guard import open_outward
from b24app.settings import ROOT, Settings
from tests.outside import Clock

SETTINGS = Settings("", "", "", (), (), "", "", "", ROOT, ROOT, dev_mode=True)
KEY = signing_key(new_secret(bytes(32)))
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
CLOSE, OPEN = True, False


@dataclass(slots=True)
class Line:
    """A receiver that answers each request with these bytes, segment by segment."""

    segments: Sequence[bytes]
    then: bool = OPEN
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writer = writer
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
                self.heads.append(head)
                for segment in self.segments:
                    writer.write(segment)
                    await writer.drain()
                    await asyncio.sleep(0)  # the next one is a segment of its own
                if self.then is CLOSE:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            self.closed.set()


@asynccontextmanager
async def answering(line: Line) -> AsyncIterator[str]:
    server = await asyncio.start_server(line.serve, "127.0.0.9", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}/"
    finally:
        server.close()


@pytest.fixture
async def http(manifest: Manifest) -> AsyncIterator[aiohttp.ClientSession]:
    """Calls as they are made in DEV_MODE: to loopback too."""
    async with open_outward(SETTINGS, manifest.delivery) as session:
        yield session


async def told(http: aiohttp.ClientSession, line: Line, times: int = 1) -> list[Attempt]:
    """What webhooks find that are sent there one after another."""
    async with answering(line) as url:
        return [
            await send(http, Message(parsed(url, dev_mode=True), "evt_1", b"{}", (KEY,), 1, 1), Clock()())
            for _ in range(times)
        ]


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LONG = b"x" * 10_000
ODD: dict[str, tuple[Sequence[bytes], str]] = {
    "a header of ten kilobytes": ([b"HTTP/1.1 200 OK\r\nLink: " + LONG + b"\r\nContent-Length: 2\r\n\r\nok"], "ok"),
    "a header over the limit": ([b"HTTP/1.1 200 OK\r\nLink: " + LONG * 9 + b"\r\nContent-Length: 2\r\n\r\nok"], "ok"),
    "300 headers": ([b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 300 + b"Content-Length: 2\r\n\r\nok"], "ok"),
    "3000 headers": ([b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 3000 + b"Content-Length: 2\r\n\r\nok"], "ok"),
    "a length in letters": (
        [b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n" + '{"status": "принято"}'.encode()],
        '{"status": "прин\ufffd',
    ),
    "text after 204": ([b"HTTP/1.1 204 No Content\r\n\r\nok"], ""),
    "a length after 204": ([b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"], ""),
    "a broken chunk": ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n"], "ok"),
    "a broken chunk in a segment of its own": (
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", b"zz\r\n"],
        "ok",
    ),
    "two equal lengths": ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"], "ok"),
    "a length below zero": ([b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nok"], "ok"),
    "length and chunks": (
        [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
        "2\r\nok\r\n0\r\n\r\n",
    ),
    "NUL in a header": ([b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok"], "ok"),
    "a line that is no header": ([b"HTTP/1.1 200 OK\r\nhello world\r\nContent-Length: 2\r\n\r\nok"], "ok"),
    "bytes that are no UTF-8": ([b"HTTP/1.1 200 \xd5\xee\r\nX-A: \xff\xfe\r\nContent-Length: 2\r\n\r\nok"], "ok"),
    "no reason phrase": ([b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"], "ok"),
    "early hints": (
        [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
        "ok",
    ),
    "broken early hints": (
        [b"HTTP/1.1 103 Early Hints\r\nLink: \0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
        "ok",
    ),
    "broken early hints in one segment": ([b"HTTP/1.1 103 Early Hints\r\nLink: \0\r\n\r\n" + OK], "ok"),
    "100 before it": ([b"HTTP/1.1 100 Continue\r\n\r\n" + OK], "ok"),
}


@pytest.mark.parametrize("odd", ODD)
async def test_a_2xx_counts_whatever_stands_behind_it(http: aiohttp.ClientSession, odd: str) -> None:
    """Twice: what is left of the first answer is not taken for the second one."""
    segments, text = ODD[odd]
    line = Line(segments)
    found = await told(http, line, times=2)
    assert [(one.answer.ok, one.response, one.address) for one in found] == [(True, text, "127.0.0.9")] * 2
    assert len(line.heads) == 2


CUT: dict[str, Sequence[bytes]] = {
    "a body that is not whole": [b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\nok"],
    "chunks without an end": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"],
    "HTTP/1.0": [b"HTTP/1.0 200 OK\r\n\r\nok"],
    "a head that is not whole": [b"HTTP/1.1 200 OK\r\nContent-"],
}


@pytest.mark.parametrize("cut", CUT)
async def test_a_2xx_counts_where_the_connection_ends_behind_it(http: aiohttp.ClientSession, cut: str) -> None:
    (found,) = await told(http, Line(CUT[cut], CLOSE))
    assert found.answer.ok
    assert found.response == ("" if "head" in cut else "ok")


async def test_headers_that_never_end_do_not_hide_the_status(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = await told(http, Line([b"HTTP/1.1 200 OK\r\n", *[b"X-A: 1\r\n" * 3000] * 20]))
    assert found.answer.ok
    monkeypatch.setattr(answers, "HEAD_PATIENCE", 0.01)
    (found,) = await told(http, Line([b"HTTP/1.1 200 OK\r\nX-A: "]))
    assert found.answer.ok


async def test_what_a_broken_refusal_asks_for_is_heard(http: aiohttp.ClientSession) -> None:
    refusal = b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\nRetry-After: 77\r\nContent-Length: 2\r\n\r\nno"
    (found,) = await told(http, Line([refusal]))
    assert (found.answer.status, found.answer.failure, found.answer.retry_after) == (503, Failure.STATUS, 77)


@pytest.mark.parametrize(
    "garbage",
    [b"<html>ok</html>", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", b"HTTP/7.1 200 OK\r\n\r\n"],
)
async def test_what_is_no_http_is_no_answer(http: aiohttp.ClientSession, garbage: bytes) -> None:
    (found,) = await told(http, Line([garbage], CLOSE))
    assert (found.answer.status, found.answer.failure) == (None, Failure.PROTOCOL)


@pytest.mark.parametrize("segments", [[], [b"HTTP/1.1 103 Early Hints\r\n\r\n"], [b"HTTP/1.1 103 Early Hints\r\nLink"]])
async def test_nothing_and_a_promise_of_an_answer_are_no_answer(
    http: aiohttp.ClientSession, segments: Sequence[bytes]
) -> None:
    (found,) = await told(http, Line(segments, CLOSE))
    assert (found.answer.status, found.answer.failure) == (None, Failure.CONNECTION)


async def test_a_good_answer_keeps_the_connection_and_a_broken_one_does_not(http: aiohttp.ClientSession) -> None:
    good = Line([OK])
    broken = Line([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok"])
    await told(http, good, times=3)
    await told(http, broken, times=3)
    assert (good.connections, broken.connections) == (1, 3)


async def test_what_is_left_of_an_answer_is_not_taken_for_the_next_one(http: aiohttp.ClientSession) -> None:
    """It comes when the next webhook is under way already, before its answer or with it."""
    for left in ([b'"}', OK], [b'"}' + OK], [b"\r\n\r\nbye\r\n\r\n" + OK], [b"bye", b"bye", OK]):
        line = Line([OK])
        async with answering(line) as url:
            message = Message(parsed(url, dev_mode=True), "evt_1", b"{}", (KEY,), 1, 1)
            assert (await send(http, message, Clock()())).answer.ok
            line.segments = left
            found = await send(http, message, Clock()())
        assert (found.answer.ok, found.response, line.connections) == (True, "ok", 1)


async def test_an_answer_to_nothing_is_not_taken_for_the_next_one(http: aiohttp.ClientSession) -> None:
    line = Line([OK])
    async with answering(line) as url:
        message = Message(parsed(url, dev_mode=True), "evt_1", b"{}", (KEY,), 1, 1)
        assert (await send(http, message, Clock()())).answer.ok
        assert line.writer
        line.writer.write(OK)
        async with asyncio.timeout(10):  # a connection that is only idle is closed after fifteen
            await line.closed.wait()
        line.segments = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]
        assert (await send(http, message, Clock()())).answer.status == 503


async def test_a_file_that_was_taken_is_not_sent_again_for_its_answers_sake(http: aiohttp.ClientSession) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"file"

    async with answering(Line([b"HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nok"])) as url:
        made = await upload(http, Upload(parsed(url, dev_mode=True), "exp_1", parts, 4, KEY, 1), Clock()())
    assert (made.answer.ok, made.response) == (True, "o")
