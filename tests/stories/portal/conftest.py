"""A portal whose tokens are lost."""

from __future__ import annotations

import pytest

from b24app.domain.portal.installation import PortalState
from tests.stories.portal.removing import lose_access
from tests.stories.scene import Scene
from tests.world import World


@pytest.fixture
async def lost(world: World, scene: Scene) -> Scene:
    """No token works any more, and the app knows it."""
    world.pass_time(hours=2)
    world.emulator.world.auth.revoke_refresh(scene.installation)
    await lose_access(world)
    assert (await world.row()).state is PortalState.NEEDS_ADMIN
    return scene
