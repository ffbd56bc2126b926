"""The app on a box that nobody updated for years, beside a portal of today: fewer keys at an open, fewer parameters."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from b24app.demo import servers
from b24app.manifest import Manifest
from emulator.config import PortalConfig
from tests.stories.verification.test_verification import a_manager_ticks_the_box, a_manager_unticks_the_box_again
from tests.world import World, open_world

PORTALS = (PortalConfig("first", "127.0.0.2:0", old=True), PortalConfig("second", "127.0.0.3:0", lang="en"))


@pytest.fixture
async def old_world(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[World]:
    async with open_world(clean_database, redis_url, manifest, PORTALS) as opened:
        yield opened
        await opened.assert_nothing_left()


async def test_the_box_is_followed_on_an_old_portal(old_world: World) -> None:
    await a_manager_ticks_the_box(old_world)


async def test_and_back_again(old_world: World) -> None:
    await a_manager_unticks_the_box_again(old_world)
