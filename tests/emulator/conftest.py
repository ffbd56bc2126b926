"""A small emulator with two portals, and the app it talks to."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from emulator.run import Emulator, serve
from tests.emulator.aid import Caller, Listener, installed, listening, two_portals


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as one:
        yield one


@pytest.fixture
async def emulator(listener: Listener) -> AsyncIterator[Emulator]:
    async with serve(two_portals(listener.url)) as running:
        yield running
        assert running.world.crashes == []


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
async def caller(emulator: Emulator, session: aiohttp.ClientSession) -> Caller:
    """The admin of the first portal, in the installed app."""
    installation = installed(emulator)
    return Caller(session, emulator, installation, installation.portal.admin())
