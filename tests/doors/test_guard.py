"""Which addresses a webhook may go to."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from b24app.delivery.webhooks import Message, headers, new_secret, send, signing_key
from b24app.domain.delivery.schedule import Failure
from b24app.net import resolver as resolving
from b24app.net.addresses import parsed, refused
from b24app.net.guard import AddressRefused, Answered, GuardedResolver, wrong_url
from tests.outside import Clock, receiving


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1"),
        *("172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255"),
        *("198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1"),
        *("2001::1", "2001:1ff:ffff::1", "3fff::1", "5f00::1", "::7f00:1", "::808:808", "::ffff:0:808:808"),
        *("2606:4700::5efe:7f00:1", "2606:4700::200:5efe:7f00:1", "64:ff9b::808:808", "4000::1"),
        *("2001:db8::1", "2002:7f00:1::1", "fc00::1", "fdff::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    ],
)
def test_private_and_reserved_addresses_are_refused(address: str) -> None:
    assert refused(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "172.32.0.1",
        "168.63.129.17",
        "2606:4700::1",
        "2a02:6b8::2:242",
        "::ffff:8.8.8.8",
    ],
)
def test_public_addresses_are_not(address: str) -> None:
    assert not refused(address)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://cabinet.example.com/hooks?x=1", None),
        ("https://cabinet.example.com:443/hooks", None),
        ("http://cabinet.example.com/", "https_required"),
        ("https://cabinet.example.com:8443/", "port_not_allowed"),
        ("https://user@cabinet.example.com/", "user_info"),
        ("https://:word@cabinet.example.com/", "user_info"),
        ("https://cabinet.example.com/#top", "fragment"),
        ("https:///hooks", "not_a_url"),
        ("https://cabinet.example.com:99999/", "not_a_url"),
        ("https://пример.рф/", None),
        ("https://МАГАЗИН.рф/хуки?ключ=да", None),
        ("https://xn--e1afmkfd.xn--p1ai/", None),
        ("https://straße.example/", None),
        ("https://my_hooks.example.com./", None),
        ("https://xn--localhost-.example/", "host_name_wrong"),
        ("https://a..example/", "host_name_wrong"),
        ("https://%6c%6fcalhost/", "host_name_wrong"),
        ("https://good.example\\@evil.example/", "user_info"),
        ("https://good.example\\evil.example/", "host_name_wrong"),
        (f"https://{'a' * 64}.example/", "host_name_wrong"),
        (f"https://{'я' * 60}.рф/", "host_name_wrong"),
        (f"https://{'a.' * 126}example/", "host_name_wrong"),
        ("https://☃.example/", "host_name_wrong"),
        ("https://１２７.０.０.１/", "private_address"),
        ("https://ｌｏｃａｌｈｏｓｔ/", "private_address"),
        ("https://[::ffff:0:127.0.0.1]/", "private_address"),
        ("https://[fe80::1%25eth0]/", "private_address"),
        ("https://cabinet.example.com/\u202e", "not_a_url"),
        ("https://cabinet.example.com/\ud800", "not_a_url"),
        ("https://cabinet.example.com/\0", "not_a_url"),
        ("https://cabinet.example.com/a b", "not_a_url"),
        ("https://[::1", "not_a_url"),
        ("cabinet.example.com", "not_a_url"),
        ("https://8.8.8.8/", "ip_address"),
        ("https://10.0.0.1/", "private_address"),
        ("https://[::ffff:127.0.0.1]/", "private_address"),
        ("https://2130706433/", "ip_address"),
        ("https://127.1/", "ip_address"),
        ("https://0x7f.0x1/", "ip_address"),
        ("https://localhost/", "private_address"),
        ("https://db.internal./", "private_address"),
    ],
)
def test_urls_are_judged_when_saved(url: str, reason: str | None) -> None:
    assert wrong_url(url, dev_mode=False) == reason


def test_dev_mode_allows_loopback_and_http() -> None:
    assert wrong_url("http://127.0.0.5:8005/hooks", dev_mode=True) is None
    assert wrong_url("http://user@127.0.0.5/", dev_mode=True) == "user_info"


class Names(AbstractResolver):
    """A DNS that answers what it is told."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0)
            for one in self.addresses
        ]

    async def close(self) -> None: ...


async def test_names_are_found_as_the_system_finds_them() -> None:
    names = resolving.Names(threads=1)
    found = await names.resolve("localhost", 8005, socket.AF_INET)
    assert {(one["hostname"], one["host"], one["port"]) for one in found} == {("localhost", "127.0.0.1", 8005)}
    await names.close()


async def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(AddressRefused):
        await GuardedResolver(Names("8.8.8.8", "127.0.0.1")).resolve("cabinet.example.com", 443)
    (found,) = await GuardedResolver(Names("8.8.8.8")).resolve("cabinet.example.com", 443)
    assert found["host"] == "8.8.8.8"


def _message(url: str) -> Message:
    return Message(parsed(url, dev_mode=True), "evt_1", b"{}", (signing_key(new_secret(bytes(32))),), 1, 1)


async def test_a_name_that_points_inside_is_never_connected_to() -> None:
    async with receiving() as receiver:
        url = receiver.url.replace("127.0.0.5", "cabinet.example.com")
        for names, failure, heard in (
            (GuardedResolver(Names("127.0.0.5")), Failure.REFUSED_ADDRESS, 0),
            (Names("127.0.0.5"), None, 1),
        ):
            connector = aiohttp.TCPConnector(resolver=names)
            async with aiohttp.ClientSession(connector=connector, response_class=Answered) as http:
                attempt = await send(http, _message(url), Clock()())
            assert attempt.answer.failure is failure
            assert len(receiver.heard) == heard
        assert attempt.address == "127.0.0.5"
        assert receiver.heard[0].headers["host"].startswith("cabinet.example.com:")


async def test_nobody_there_and_no_such_name() -> None:
    class NoNames(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            raise OSError("no such host")

    for names, failure in ((Names("127.0.0.99"), Failure.CONNECTION), (NoNames(), Failure.DNS)):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=names)) as http:
            attempt = await send(http, _message("http://cabinet.example.com:1/"), Clock()())
        assert (attempt.answer.status, attempt.answer.failure) == (None, failure)


def test_the_signature_is_the_specifications_own_example() -> None:
    """Standard Webhooks, spec/standard-webhooks.md and its libraries' tests: secret, id, timestamp, body, signature."""
    message = Message(
        to=parsed("https://x.example", dev_mode=False),
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        body=b'{"test": 2432232314}',
        keys=(signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),),
        sequence=None,
        attempt=1,
    )
    at = SimpleNamespace(timestamp=lambda: 1614265330)
    found = headers(message, at)  # type: ignore[arg-type]
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert found["webhook-timestamp"] == "1614265330"
    assert "webhook-sequence" not in found
