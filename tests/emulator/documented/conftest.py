"""One emulator for all examples, with a bare portal for each; over http, webhooks too."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from emulator.model.world import add_portal
from emulator.run import Emulator, serve
from tests.emulator.aid import Caller, installed, two_portals


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Emulator]:
    async with serve(two_portals("http://127.0.0.1:9", webhooks_over_http=True)) as one:
        yield one
        assert one.world.crashes == []


@pytest.fixture(scope="module")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def caller(running: Emulator, session: aiohttp.ClientSession) -> Caller:
    """The admin of a portal where nothing has happened yet."""
    world = running.world
    for config, host in zip(world.config.portals, list(world.portals), strict=True):
        add_portal(world, config, host)
    world.events.queued.clear()
    world.offset = timedelta()
    installation = installed(running)
    return Caller(session, running, installation, installation.portal.admin())
