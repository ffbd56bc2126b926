"""An address that a tenant gave: parsed once, so that what is judged, resolved and called is one thing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

import idna
from yarl import URL

PORTS = {"http": 80, "https": 443}

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
        "2001::/23",  # for protocols, RFC 2928: Teredo holds an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, RFC 3056: holds an IPv4 address
        "3fff::/20",  # documentation, RFC 9637
    ]
)
_UNICAST = ip_network("2000::/3")  # all that is given out; IPv4 inside IPv6, NAT64, local and the like are elsewhere
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214 6.1: an IPv4 address follows

_NAME = re.compile(r"(?=.{1,253}\.?\Z)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class WrongUrl(ValueError):
    """No address that we call; `reason` as in `guard.wrong_url`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """`text` is as it was given; `url` is what is called: the same bytes, but the host's name in its xn-- form and
    other letters outside ASCII percent-encoded. Nothing is made nicer: receivers compare and sign their address."""

    text: str
    url: URL

    @property
    def host(self) -> str:
        """The name in ASCII, or an IP address without brackets."""
        return self.url.raw_host or ""


def origin(text: str) -> str:
    """An origin of web pages as a browser sends it: `https://Кабинет.рф:443` → `https://xn--80acmlhv0b.xn--p1ai`. Raise
    `WrongUrl`."""
    parts = _split(text)
    if parts.netloc.count("@") or text.lower() != f"{parts.scheme}://{parts.netloc}".lower():
        raise WrongUrl("not_a_url")
    host = in_ascii(parts.hostname or "")
    written = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{written}" + ("" if parts.port in (None, PORTS[parts.scheme]) else f":{parts.port}")


def parsed(text: str, *, dev_mode: bool) -> Address:
    """Raise `WrongUrl`."""
    parts = _split(text)
    if parts.username is not None or parts.password is not None:
        raise WrongUrl("user_info")
    if "#" in text:
        raise WrongUrl("fragment")
    host = in_ascii(parts.hostname or "")
    port = parts.port
    behind = text[len(parts.scheme) + len("://") + len(parts.netloc) :]
    target = quote(behind if behind.startswith("/") else f"/{behind}", safe=_PRINTABLE)
    authority = f"[{host}]" if ":" in host else host
    # the query is part of the path here: yarl keeps the bytes of an encoded path, and drops a query that is empty
    url = URL.build(
        scheme=parts.scheme, authority=authority if port is None else f"{authority}:{port}", path=target, encoded=True
    )
    _readable(url)
    if not dev_mode and (reason := _not_public(parts.scheme, port, host)):
        raise WrongUrl(reason)
    return Address(text, url)


def without_query(url: str) -> str:
    """For people and files: what follows `?` or `#` is often a secret."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def known(text: str, *, dev_mode: bool) -> Address | None:
    """An address that was taken once and is judged again; None where it is not called any more."""
    try:
        return parsed(text, dev_mode=dev_mode)
    except WrongUrl:
        return None


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises
    except ValueError:
        raise WrongUrl("not_a_url") from None
    # a space is printable, and urlsplit takes some characters out
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in text or not text.isprintable():
        raise WrongUrl("not_a_url")
    return parts


def in_ascii(host: str) -> str:
    """The name as it is resolved: IDNA 2008 with the mapping of UTS 46, as browsers do it. Judged after this."""
    if ":" in host:
        return host
    try:
        found = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except UnicodeError:
        raise WrongUrl("host_name_wrong") from None
    if not _NAME.fullmatch(found):
        raise WrongUrl("host_name_wrong")
    return found


def _readable(url: URL) -> None:
    """Whoever asks yarl for the name in its own letters must not be met with an error, as by `xn--localhost-`."""
    try:
        _ = url.host
    except UnicodeError:
        raise WrongUrl("host_name_wrong") from None


def _not_public(scheme: str, port: int | None, host: str) -> str | None:
    if scheme != "https":
        return "https_required"
    return "port_not_allowed" if port not in (None, PORTS["https"]) else wrong_host(host)


def wrong_host(host: str) -> str | None:
    """`private_address` or `ip_address` for a host in ASCII that is written out and is no public name, else None."""
    try:
        return "private_address" if refused(host) else "ip_address"
    except ValueError:
        pass
    last = host.rstrip(".").rpartition(".")[2]
    if last in ("localhost", "local", "internal", "localdomain"):
        return "private_address"
    # 0x7f.1 and 2130706433 are loopback to a resolver, so a host whose last label is a number is no name
    return "ip_address" if last.isdigit() or last.startswith("0x") else None


def refused(address: str) -> bool:
    """True for whatever is no public address: private, local, reserved, metadata, and IPv4 inside IPv6 in every form
    but `::ffff:…`, which is judged as the IPv4 address that it is."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if isinstance(found, IPv6Address) and (found not in _UNICAST or (int(found) >> 32) & 0xFFFFFFFF in _ISATAP):
        return True
    return not found.is_global or any(found in net for net in _REFUSED if net.version == found.version)
