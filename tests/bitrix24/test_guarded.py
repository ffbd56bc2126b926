"""Outside DEV_MODE a portal is called by https at public addresses only: its address is a tenant's word."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from b24app.bitrix24.wire import open_session
from b24app.errors import PortalDown
from b24app.net import guard
from b24app.net.addresses import parsed
from b24app.net.guard import wrong_address
from b24app.net.resolver import Lookups
from tests.bitrix24.conftest import Rig


class Names(AbstractResolver):
    """A DNS that knows one address for every name; None: it never answers."""

    def __init__(self, address: str | None) -> None:
        self.address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if self.address is None:
            await asyncio.Event().wait()
        return [
            ResolveResult(hostname=host, host=self.address or "", port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None: ...


@pytest.mark.parametrize("root", ["https://{}:{}/rest/", "http://{}:{}/rest/"])
@pytest.mark.parametrize("host", ["portal.example", "127.0.0.2", "[::ffff:127.0.0.2]", "localhost", "xn--localhost-"])
async def test_a_portal_at_a_private_address_is_never_connected_to(rig: Rig, root: str, host: str) -> None:
    """Not even a write is in doubt: nothing was sent."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        listening.setblocking(False)
        endpoint = root.format(host, listening.getsockname()[1])
        async with open_session(Names("127.0.0.2")) as guarded:
            client = replace(rig.client, session=guarded, endpoint=endpoint)
            with pytest.raises(PortalDown) as down:
                await client.call("crm.contact.update", {"id": 1}, write=True)
        assert down.value.code == "NO_CONNECTION"
        with pytest.raises(BlockingIOError):
            listening.accept()


async def test_plain_http_is_refused_at_a_public_address_too(rig: Rig) -> None:
    async with open_session(Names("8.8.8.8")) as guarded:
        client = replace(rig.client, session=guarded, endpoint="http://portal.example/rest/")
        with pytest.raises(PortalDown) as down:
            await client.call("app.info")
    assert down.value.code == "NO_CONNECTION"


async def test_a_name_server_that_never_answers_does_not_keep_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "DNS_PATIENCE", 0.01)
    address = parsed("https://cabinet.example.com/", dev_mode=False)
    for found_at, reason in ((None, "unknown_host"), ("10.0.0.1", "private_address"), ("8.8.8.8", None)):
        lookups = Lookups(Names(found_at))
        found = await wrong_address(address, lookups=lookups, tenant=1, dev_mode=False)
        assert found == reason
