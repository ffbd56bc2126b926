"""Whom our webhooks may call: the address rules, and an HTTP session that obeys them at every connection.

A tenant chooses the URL, so the name may point anywhere, and elsewhere a minute later. Every address of the name is
checked, and the connection goes to an address that was checked (docs/webhooks.md, "Where we send").
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from b24app import answers
from b24app.manifest import Delivery
from b24app.names import Lookups, Names
from b24app.settings import Settings

if TYPE_CHECKING:
    from aiohttp.connector import Connection

HTTPS_PORT = 443
DNS_PATIENCE = 2.0
THREADS = 16  # for names of endpoints; one that does not answer holds one of them

_REFUSED = tuple(
    ip_network(net)
    for net in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",
        "::/128",
        "::1/128",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001:db8::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ]
)


class NotPublic(aiohttp.ClientConnectionError):
    """An address that is no public https address as it is written: nothing was sent."""


class AddressRefused(OSError):
    """The name resolves to an address that we do not call. An `OSError`: aiohttp then reports a failed connection."""


def refused(address: str) -> bool:
    """True for private, local, reserved and metadata addresses; an IPv4 address inside IPv6 is judged as IPv4."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in net for net in _REFUSED if net.version == found.version)


def wrong_url(url: str, *, dev_mode: bool) -> str | None:
    """A stable reason why this URL cannot be an endpoint, or None.

    `not_a_url` · `https_required` · `user_info` · `fragment` · `port_not_allowed` · `ip_address` · `private_address`.
    In DEV_MODE http, any port and loopback are fine. Names are not resolved here: see `wrong_address`.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "not_a_url"
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or any(c <= " " for c in url):
        return "not_a_url"
    if parts.username is not None or parts.password is not None:
        return "user_info"
    if parts.fragment:
        return "fragment"
    if dev_mode:
        return None
    if parts.scheme != "https":
        return "https_required"
    return "port_not_allowed" if port not in (None, HTTPS_PORT) else _wrong_host(host)


def _wrong_host(host: str) -> str | None:
    try:
        return "private_address" if refused(host) else "ip_address"
    except ValueError:
        pass
    last = host.rstrip(".").rpartition(".")[2]
    if last in ("localhost", "local", "internal", "localdomain"):
        return "private_address"
    # 0x7f.1 and 2130706433 are loopback to a resolver, so a host whose last label is a number is no name
    return "ip_address" if last.isdigit() or last.startswith("0x") else None


async def wrong_address(url: str, *, lookups: Lookups, tenant: int, dev_mode: bool) -> str | None:
    """A stable reason why the URL's name cannot be called now: `unknown_host` · `private_address`. Asks the DNS.

    A name that is not found within two seconds is unknown: its owner may keep us waiting on purpose.
    """
    try:
        async with asyncio.timeout(DNS_PATIENCE):
            found = await lookups.addresses(urlsplit(url).hostname or "", tenant)
    except (OSError, UnicodeError):  # TimeoutError is an OSError; a label of more than 63 letters has no encoding
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
    host = request.url.host or ""
    if request.url.scheme != "https" or _wrong_host(host) == "private_address":
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
async def open_outward(settings: Settings, delivery: Delivery) -> AsyncIterator[aiohttp.ClientSession]:
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
