"""Each method the app uses, called by the portal's official browser library in a frame: a new and an old portal, over
http and TLS. The other clients: tests/emulator/test_clients_all.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, Frame

from emulator.run import Emulator, serve
from tests.browser.emulator.world import Guest, Vendor
from tests.emulator.aid import installed, market_app, two_portals
from tests.emulator.methods import ROWS, SCOPE, given

CALL = "async ([method, params]) => (await b24.actions.v2.call.make({method, params})).getData().result"


@pytest.fixture(params=["plain", "TLS"])
async def emulator(request: pytest.FixtureRequest, shop: Vendor, tmp_path: Path) -> AsyncIterator[Emulator]:
    config = two_portals(shop.url, apps=(market_app(shop.url, scope=SCOPE),))
    async with serve(replace(config, tls=request.param == "TLS", tls_dir=tmp_path)) as running:
        yield running
        assert running.world.crashes == []
        assert running.world.warnings == []


@asynccontextmanager
async def frame_of(browser: Browser, emulator: Emulator, portal: str) -> AsyncIterator[Frame]:
    """The app's page, opened by the portal's admin; the browser is told to take the throw-away CA."""
    installation = installed(emulator, portal)
    context = await browser.new_context(ignore_https_errors=True)
    guest = Guest(await context.new_page(), installation.portal)
    await guest.enter(1)
    await guest.go(f"/marketplace/app/{installation.id}/")
    yield await guest.app()
    await context.close()


@pytest.mark.parametrize("portal", ["first", "second"], ids=["new", "old"])
async def test_each_method_answers_as_documented(browser: Browser, emulator: Emulator, portal: str) -> None:
    strange = {}
    async with frame_of(browser, emulator, portal) as frame:
        (installation,) = emulator.portal(portal).installations.values()
        for method, row in sorted(ROWS.items()):
            answer = await frame.evaluate(CALL, [method, row.params(given(installation))])
            if not row.shown(installation.portal, answer):
                strange[method] = answer
    assert not strange, strange
