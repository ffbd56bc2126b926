"""Differences that were met together: the box is followed and the net holds at each sort of portal."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from b24app.demo import servers
from b24app.manifest import Manifest
from emulator.model.differences import PROFILES
from tests.stories.differences.switches import proves, switch
from tests.stories.differences.test_life import a_life
from tests.stories.portal.test_old_portal import PORTALS
from tests.stories.verification.test_verification import Story, every_story
from tests.world import World, open_world


@pytest.fixture
async def old_world(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[World]:
    """Its first portal is a box that nobody updated for years."""
    async with open_world(clean_database, redis_url, manifest, PORTALS) as opened:
        yield opened
        await opened.assert_nothing_left()


@pytest.mark.parametrize("profile", [pytest.param(one, marks=proves(f"differences profile={one}")) for one in PROFILES])
async def test_a_portal_is_read_followed_and_looked_after(world: World, profile: str) -> None:
    await switch(world, "differences", profile=profile)
    await a_life(world)


@every_story
@pytest.mark.bend
@pytest.mark.parametrize("profile", ["reported_2026", "old_box"])
async def test_the_box_is_followed(world: World, story: Story, profile: str) -> None:
    await switch(world, "differences", profile=profile)
    await story(world)


async def test_an_old_box_that_differs_is_read_followed_and_looked_after(old_world: World) -> None:
    await switch(old_world, "differences", profile="old_box")
    await a_life(old_world)
