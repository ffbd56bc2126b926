"""Whom our webhooks may call: the address rules, and an HTTP session that obeys them at every connection.

A tenant chooses the URL, so the name may point anywhere, and elsewhere a minute later. Every address of the name is
checked, and the connection goes to an address that was checked (docs/webhooks.md, "Where we send").
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from b24app.manifest import DeliveryRules
from b24app.net import addresses, answers
from b24app.net.addresses import Address, WrongUrl, refused, wrong_host
from b24app.net.resolver import Lookups, Names
from b24app.settings import Settings

if TYPE_CHECKING:
    from aiohttp.connector import Connection

DNS_PATIENCE = 2.0
THREADS = 16  # for names of endpoints; one that does not answer holds one of them


class NotPublic(aiohttp.ClientConnectionError):
    """An address that is no public https address as it is written: nothing was sent."""


class AddressRefused(OSError):
    """The name resolves to an address that we do not call. An `OSError`: aiohttp then reports a failed connection."""


def wrong_url(url: str, *, dev_mode: bool) -> str | None:
    """A stable reason why this URL cannot be an endpoint, or None.

    `not_a_url` · `https_required` · `user_info` · `fragment` · `port_not_allowed` · `host_name_wrong` · `ip_address` ·
    `private_address`. In DEV_MODE http, any port and loopback are fine. Names are not resolved here: see
    `wrong_address`.
    """
    try:
        addresses.parsed(url, dev_mode=dev_mode)
    except WrongUrl as wrong:
        return wrong.reason
    return None


async def wrong_address(address: Address, *, lookups: Lookups, tenant: int, dev_mode: bool) -> str | None:
    """A stable reason why the name cannot be called now: `unknown_host` · `private_address`. Asks the DNS.

    A name that is not found within two seconds is unknown: its owner may keep us waiting on purpose.
    """
    try:
        async with asyncio.timeout(DNS_PATIENCE):
            found = await lookups.addresses(address.host, tenant)
    except (OSError, UnicodeError):  # TimeoutError is an OSError
        return "unknown_host"
    return "private_address" if not dev_mode and any(refused(one) for one in found) else None


class GuardedResolver(AbstractResolver):
    """Resolves a name and refuses it where any of its addresses is refused."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if any(refused(one["host"]) for one in found):
            raise AddressRefused(f"{host} points at an address we do not call")
        return found

    async def close(self) -> None:
        await self._inner.close()


async def public_https_only(request: aiohttp.ClientRequest, call: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Raise `NotPublic` for http, and for private addresses that are written out: no resolver sees those."""
    host = request.url.raw_host or ""
    if request.url.scheme != "https" or wrong_host(host) == "private_address":
        raise NotPublic(f"{host} is no public https address")
    return await call(request)


class Answered(aiohttp.ClientResponse):
    """Remembers who answered: the connection may be back in the pool before we can ask it."""

    address: str | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        transport = connection.transport
        peer = transport.get_extra_info("peername") if transport else None
        self.address = peer[0] if isinstance(peer, tuple) else None
        return await super().start(connection)


@asynccontextmanager
async def open_outward(settings: Settings, delivery: DeliveryRules) -> AsyncIterator[aiohttp.ClientSession]:
    """One session per event loop for calls to endpoints: no cookies, no proxies, connections kept and reused."""
    inner = Names(THREADS)
    resolver: AbstractResolver = inner if settings.dev_mode else GuardedResolver(inner)
    connector = answers.Connector(limit=0, resolver=resolver, ttl_dns_cache=10)
    timeout = aiohttp.ClientTimeout(total=delivery.timeout, sock_connect=delivery.connect_timeout)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=Answered,
        auto_decompress=False,
        max_line_size=answers.LINE_LIMIT,
        max_field_size=answers.LINE_LIMIT,
        max_headers=answers.HEADERS_LIMIT,
    ) as session:
        try:
            yield session
        finally:
            await inner.close()
