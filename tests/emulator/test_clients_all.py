"""Each method the app uses, called by clients nobody here wrote: on a new and an old portal, over http and TLS.

`b24pysdk` and `fast_bitrix24` here; `@bitrix24/b24jssdk` in tests/browser/emulator/test_clients_b24jssdk.py.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import aiohttp
import pytest
from b24pysdk.credentials import BitrixApp, BitrixToken
from fast_bitrix24 import BitrixAsync

from emulator.model.installs import Installation
from emulator.rest.registry import load
from emulator.run import Emulator, serve
from tests.emulator.aid import installed, market_app, two_portals
from tests.emulator.methods import NOT_CALLED, ROWS, SCOPE, app_methods, given

CALLER = import_module("b24pysdk.api.callers.call_method")._MethodCaller  # the package hides the module by a function
METHODS = load()
NOWHERE = "http://127.0.0.1:9"
Call = Callable[[Installation, Emulator, str, dict[str, Any]], Awaitable[Any]]


@pytest.fixture(scope="module", params=["plain", "TLS"])
async def emulator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Emulator]:
    """A portal of today and an old box, with the app in both."""
    config = two_portals(NOWHERE, apps=(market_app(NOWHERE, scope=SCOPE),))
    if request.param == "TLS":
        config = replace(config, tls=True, tls_dir=tmp_path_factory.mktemp("tls"))
    async with serve(config) as running:
        for portal in ("first", "second"):
            installed(running, portal)
        yield running
        assert running.world.crashes == []
        assert running.world.warnings == []


async def b24pysdk(installation: Installation, emulator: Emulator, method: str, params: dict[str, Any]) -> Any:
    """It works in a thread while the emulator answers in this loop; it knows no plain http, so the scheme is put in."""
    portal, app = installation.portal, installation.app
    token = BitrixToken(
        domain=portal.host,
        auth_token=portal.world.auth.issue(installation, portal.admin()).access_token,
        bitrix_app=BitrixApp(client_id=app.client_id, client_secret=app.client_secret),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        if emulator.papers:
            patch.setenv("REQUESTS_CA_BUNDLE", str(emulator.papers.ca))
        else:
            patch.setattr(CALLER, "_base_url", property(lambda self: f"{portal.url}/rest"))
        return (await asyncio.to_thread(token.call_method, method, params))["result"]


async def fast_bitrix24(installation: Installation, emulator: Emulator, method: str, params: dict[str, Any]) -> Any:
    """As it comes; where the connection is secure its own parameter takes a session that trusts the throw-away CA."""
    portal = installation.portal

    async def token() -> str:
        return portal.world.auth.issue(installation, portal.admin()).access_token

    trust = ssl.create_default_context(cafile=str(emulator.papers.ca)) if emulator.papers else True
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        client = BitrixAsync(f"{portal.url}/rest/", token_func=token, verbose=False, client=session)
        if method == "batch":
            return await client.call_batch(params)
        if "order" in (METHODS[method].params or ()):  # which it puts in by itself
            return await client.get_all(method, params)
        return await client.call(method, params, raw=not params or method.endswith((".list", ".fields")))


@pytest.mark.pairs
@pytest.mark.parametrize("portal", ["first", "second"], ids=["new", "old"])
@pytest.mark.parametrize("client", [b24pysdk, fast_bitrix24], ids=lambda client: client.__name__)
@pytest.mark.parametrize("method", sorted(ROWS))
async def test_each_method_answers_as_documented(emulator: Emulator, method: str, client: Call, portal: str) -> None:
    (installation,) = emulator.portal(portal).installations.values()
    row = ROWS[method]
    answer = await client(installation, emulator, method, row.params(given(installation)))
    assert row.shown(installation.portal, answer), answer


def test_every_method_the_app_uses_is_called() -> None:
    assert app_methods() - set(ROWS) == set(NOT_CALLED)
