"""What comes back from an endpoint, however it is put: a status counts, the rest is cut, nothing is left hanging."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp.resolver import ThreadedResolver

from b24app.domain.delivery import Failure
from b24app.outward import BODY_LIMIT, Answered, NoAnswer, Outward, place
from emulator.tls import Papers, make_papers

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], asyncio.Future[None]]


@dataclass(slots=True)
class Wire:
    """A server that says, for each request, the next of its `lines`, byte for byte; None: it hangs up."""

    lines: list[bytes | None]
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(head + await reader.readexactly(2))
                said = self.lines.pop(0)
                writer.write(said or b"")
                if said is None or said.endswith(b"<end>"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def wire(*lines: bytes | None, papers: Papers | None = None) -> AsyncIterator[Wire]:
    made, tls = Wire(list(lines)), None
    if papers:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(papers.cert, papers.key)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?x=1"
    try:
        yield made
    finally:
        server.close()


@pytest.fixture
async def outward() -> AsyncIterator[Outward]:
    made = Outward(ThreadedResolver())
    yield made
    made.close()


async def post(outward: Outward, url: str) -> Answered | Failure:
    try:
        return await outward.post(url, {"webhook-id": "evt_1"}, b"{}")
    except NoAnswer as error:
        return error.failure


async def test_the_request_is_what_was_asked_for_and_the_connection_is_kept(outward: Outward) -> None:
    async with wire(NO_CONTENT, NO_CONTENT) as server:
        first = await post(outward, server.url)
        await post(outward, server.url)

    assert first == Answered(204, b"", None, "127.0.0.1")
    assert server.connections == 1
    host = server.url.split("/")[2]
    expected = f"POST /hooks?x=1 HTTP/1.1\r\nhost: {host}\r\nwebhook-id: evt_1\r\ncontent-length: 2\r\n\r\n{{}}"
    assert server.requests == [expected.encode()] * 2


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine", 200, b"fine"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n", 200, b"fine"),
        (b"HTTP/1.1 500 Oh\r\n\r\nuntil the <end>", 500, b"until the <end>"),
        (b"HTTP/1.0 500 Oh\r\ncontent-length: 99\r\n\r\ncut off <end>", 500, b"cut off <end>"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense", 200, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", 410, b""),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, 200, b"x" * BODY_LIMIT),
        (b"HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 307, b""),
    ],
)
async def test_a_status_counts_whatever_becomes_of_the_rest(
    outward: Outward, said: bytes, status: int, body: bytes
) -> None:
    async with wire(said) as server:
        answered = await post(outward, server.url)
    assert answered == Answered(status, body, None, "127.0.0.1")


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (None, Failure.CONNECTION),
        (b"HTTP/1.1 200 OK\r\nhalf: a head <end>", Failure.CONNECTION),
        (b"HTTP/1.1 100 Continue\r\n\r\n<end>", Failure.PROTOCOL),
        (b"220 mail.example ESMTP\r\n", Failure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000, Failure.PROTOCOL),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", Failure.PROTOCOL),
    ],
)
async def test_without_a_status_it_is_a_failure(outward: Outward, said: bytes | None, failure: Failure) -> None:
    async with wire(said, NO_CONTENT) as server:
        assert await post(outward, server.url) is failure
        assert await post(outward, server.url) == Answered(204, b"", None, "127.0.0.1")
    assert server.connections == 2


async def test_retry_after_is_handed_on(outward: Outward) -> None:
    async with wire(b"HTTP/1.1 429 Busy\r\nRetry-After: 120\r\ncontent-length: 0\r\n\r\n") as server:
        assert await post(outward, server.url) == Answered(429, b"", "120", "127.0.0.1")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ],
    ids=["asked to close", "said more than it was asked"],
)
async def test_a_connection_that_cannot_be_trusted_is_not_used_again(outward: Outward, said: bytes) -> None:
    async with wire(said, NO_CONTENT) as server:
        await post(outward, server.url)
        assert await post(outward, server.url) == Answered(204, b"", None, "127.0.0.1")
    assert server.connections == 2


async def test_one_that_says_nothing_is_given_up() -> None:
    outward = Outward(ThreadedResolver(), timeout=0.05)
    async with wire(b"") as server:
        assert await post(outward, server.url) is Failure.TIMEOUT


async def test_a_certificate_nobody_vouches_for_is_refused(outward: Outward, tmp_path: Path) -> None:
    papers = make_papers(tmp_path, ["127.0.0.1"])
    trusting = Outward(ThreadedResolver(), trust=ssl.create_default_context(cafile=str(papers.ca)))
    async with wire(NO_CONTENT, papers=papers) as server:
        assert await post(outward, server.url) is Failure.TLS
        assert server.requests == []
        assert await post(trusting, server.url) == Answered(204, b"", None, "127.0.0.1")
    trusting.close()


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://shop.example", "shop.example", "/"),
        ("https://shop.example:443?x=1", "shop.example:443", "/?x=1"),
        ("http://[::1]:8005/a/b%20c?d=%D0%B8", "[::1]:8005", "/a/b%20c?d=%D0%B8"),
        ('https://shop.example/"quoted"|', "shop.example", "/%22quoted%22%7C"),
    ],
)
def test_where_a_url_leads(url: str, host: str, target: str) -> None:
    assert (place(url).host, place(url).target) == (host, target)
