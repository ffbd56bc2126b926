"""Names of people, however a portal answers who they are: a name nobody knows is a number, never somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doors.frames import tab
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, Scene
from tests.world import World


async def decided(world: World, scene: Scene) -> str:
    """The card's tab as an administrator sees it, after the manager has decided and was dismissed."""
    manager = world.manager()
    manager.name, manager.last_name = "Пётр", "Савельев"
    world.tick(CONTACT, scene.contact, by=manager)
    await world.settle()
    manager.active = False
    return (await tab(world, "contact", scene.contact, world.admin())).html


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"user_filter_flat": True}, marks=proves("differences user_filter_flat")),
        pytest.param({"user_ids_numbers": True}, marks=proves("differences user_ids_numbers")),
    ],
    ids=str,
)
async def test_who_decided_is_named(world: World, scene: Scene, given: dict[str, Any]) -> None:
    await switch(world, "differences", **given)
    assert "Пётр Савельев" in await decided(world, scene)


@proves("differences user_get_active_only")
async def test_who_is_not_shown_any_more_is_a_number(world: World, scene: Scene) -> None:
    await switch(world, "differences", user_get_active_only=True)
    shown = await decided(world, scene)
    assert "Савельев" not in shown
    (manager,) = (one for one in world.portal.users.values() if one.last_name == "Савельев")
    assert f"ID {manager.id}" in shown
