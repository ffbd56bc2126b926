"""One POST over HTTP/1.1 to an endpoint of a client app: kept connections, guarded addresses, llhttp's parser.

What a general client does besides (redirects, cookies, proxies, compression) must not happen here, and cost more time
than everything else about a delivery: docs/decisions/0004-own-sender.md.
"""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import cast
from urllib.parse import quote, urlsplit

import aiohappyeyeballs
import httptools
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from b24app.domain.delivery import Failure
from b24app.guard import HTTPS_PORT, AddressRefused, GuardedResolver
from b24app.manifest import Delivery
from b24app.settings import Settings

BODY_LIMIT, HEAD_LIMIT = 4096, 32_768  # bytes of an answer: kept, and taken before its headers end
KEPT, NAMES_KEPT = 15.0, 10.0  # seconds a connection may rest, and an address is believed
SECOND_ADDRESS = 0.25  # seconds until the next address of a name is tried beside the first
OK = 200


class NoAnswer(Exception):
    """No status came."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: the first `BODY_LIMIT` bytes of the body, and the address that was spoken to."""

    status: int
    body: bytes
    retry_after: str | None
    address: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads: whom to connect to, and what the request names."""

    tls: bool
    name: str
    port: int
    host: str
    target: str


@lru_cache(4096)
def place(url: str) -> Place:
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~") if parts.query else ""
    return Place(tls, parts.hostname or "", parts.port or (HTTPS_PORT if tls else 80), parts.netloc, path + query)


class _Line(asyncio.Protocol):
    """One connection; one request at a time. The names of `on_…` are the parser's."""

    def __init__(self) -> None:
        self.kept, self.rested_at = False, 0.0
        self.asked: asyncio.Future[Answered] | None = None
        self.retry_after: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.address = str(transport.get_extra_info("peername")[0])
        self.parser = httptools.HttpResponseParser(self)

    def ask(self, request: bytes) -> asyncio.Future[Answered]:
        self.status, self.size, self.body, self.retry_after = 0, 0, b"", None
        self.kept, self.asked = False, asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.asked

    def data_received(self, data: bytes) -> None:
        self.size += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end(Failure.PROTOCOL)
        if not self.status and self.size > HEAD_LIMIT:
            self._end(Failure.PROTOCOL)

    def connection_lost(self, exc: Exception | None) -> None:
        self.kept = False
        self._end(Failure.CONNECTION)

    def on_message_begin(self) -> None:
        if self.asked is None:  # nobody asked: not to be trusted any more
            self.kept = False
            self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self.retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        self.status = status if status >= OK else 0  # 100 to 199 only announce the answer

    def on_body(self, data: bytes) -> None:
        self.body += data[: BODY_LIMIT - len(self.body)]
        if len(self.body) == BODY_LIMIT:
            self._end(Failure.PROTOCOL)

    def on_message_complete(self) -> None:
        if self.status and self.asked:
            self.kept = self.parser.should_keep_alive()
            self._end(Failure.PROTOCOL)

    def _end(self, failure: Failure) -> None:
        """A status counts whatever became of the rest; without one it is a failure. What is not kept is closed."""
        asked, self.asked = self.asked, None
        if asked is not None and not asked.done():
            if self.status:
                asked.set_result(Answered(self.status, self.body, self.retry_after, self.address))
            else:
                asked.set_exception(NoAnswer(failure))
        if not self.kept:
            self.transport.abort()


@dataclass(slots=True)
class Outward:
    """Calls to endpoints; one per event loop. `timeout`: seconds for a whole attempt, `connect`: to reach the other."""

    resolver: AbstractResolver
    timeout: float = 15.0
    connect: float = 5.0
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _resting: defaultdict[tuple[bool, str], list[_Line]] = field(default_factory=lambda: defaultdict(list))
    _names: dict[str, tuple[float, asyncio.Task[list[ResolveResult]]]] = field(default_factory=dict)
    _sweep: asyncio.TimerHandle | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """Raises NoAnswer. Nothing is followed, and nothing sent twice."""
        to, line = place(url), None
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"POST {to.target} HTTP/1.1\r\nhost: {to.host}\r\n{lines}content-length: {len(body)}\r\n\r\n"
        try:
            async with asyncio.timeout(self.timeout):
                line = self._rested(to) or await self._reached(to)
                return await line.ask(head.encode() + body)
        except TimeoutError:
            raise NoAnswer(Failure.TIMEOUT) from None
        finally:
            if line:
                self._put_back(to, line)

    def close(self) -> None:
        if self._sweep:
            self._sweep.cancel()
        self._drop_rested(before=math.inf)

    def _rested(self, to: Place) -> _Line | None:
        """The connection used last, where one is still there."""
        resting = self._resting[to.tls, to.host]
        while resting:
            line = resting.pop()
            if line.kept and line.rested_at > monotonic() - KEPT:
                return line
            line.transport.abort()
        return None

    def _put_back(self, to: Place, line: _Line) -> None:
        if not line.kept:
            line.transport.abort()
            return
        line.rested_at = monotonic()
        self._resting[to.tls, to.host].append(line)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(KEPT, self._tidy)

    def _tidy(self) -> None:
        self._drop_rested(before=monotonic() - KEPT)
        self._names = {name: known for name, known in self._names.items() if known[0] > monotonic()}
        self._sweep = asyncio.get_running_loop().call_later(KEPT, self._tidy) if self._resting else None

    def _drop_rested(self, before: float) -> None:
        for where, lines in list(self._resting.items()):
            for line in lines:
                if line.rested_at <= before:
                    line.transport.abort()
            self._resting[where] = [line for line in lines if line.rested_at > before]
            if not self._resting[where]:
                del self._resting[where]

    async def _reached(self, to: Place) -> _Line:
        """A new connection, to an address that was looked at. Raises NoAnswer, TimeoutError."""
        async with asyncio.timeout(self.connect):
            addresses = await self._addresses(to)
            try:
                found = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=SECOND_ADDRESS)
                loop, name = asyncio.get_running_loop(), to.name if to.tls else None
                _, line = await loop.create_connection(
                    _Line, sock=found, ssl=self.trust if to.tls else None, server_hostname=name
                )
            except OSError as error:
                raise NoAnswer(Failure.TLS if isinstance(error, ssl.SSLError) else Failure.CONNECTION) from None
            return line

    async def _addresses(self, to: Place) -> list[aiohappyeyeballs.AddrInfoType]:
        """Of a name, asked once for all who want it now. Raises NoAnswer."""
        until, asking = self._names.get(to.name, (0.0, None))
        if asking is None or until < monotonic():
            asking = asyncio.ensure_future(self.resolver.resolve(to.name, to.port, family=socket.AF_UNSPEC))
            self._names[to.name] = (monotonic() + NAMES_KEPT, asking)
        try:
            found = await asyncio.shield(asking)
        except OSError as error:
            self._names.pop(to.name, None)
            raise NoAnswer(Failure.REFUSED_ADDRESS if isinstance(error, AddressRefused) else Failure.DNS) from None
        return [(one["family"], socket.SOCK_STREAM, one["proto"], "", (one["host"], to.port)) for one in found]


@asynccontextmanager
async def open_outward(settings: Settings, delivery: Delivery) -> AsyncIterator[Outward]:
    """Outside DEV_MODE every address of every name is judged before it is called."""
    names: AbstractResolver = ThreadedResolver()
    guarded = names if settings.dev_mode else GuardedResolver(names)
    outward = Outward(guarded, delivery.timeout, delivery.connect_timeout)
    try:
        yield outward
    finally:
        outward.close()
