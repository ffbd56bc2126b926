"""A method that a portal does not have is a state: the rest of the app works, and nothing is taken for deleted."""

from __future__ import annotations

import pytest

from tests.stories.differences.switches import proves, switch
from tests.stories.differences.test_life import a_life
from tests.stories.scene import CONTACT, Scene, told_once
from tests.world import World

OPTIONAL = [
    "crm.category.list",
    "crm.item.details.configuration.get",
    "crm.item.fields",
    "crm.requisite.get",
    "event.offline.get",
    "event.offline.list",
    "event.test",
    "feature.get",
    "method.get",
    "user.get",
]


@pytest.mark.parametrize("method", OPTIONAL)
@proves("differences methods_missing")
async def test_the_app_does_without(world: World, method: str) -> None:
    await switch(world, "differences", methods_missing=[method])
    await a_life(world)


async def test_a_first_read_that_cannot_be_begins_again(world: World) -> None:
    await switch(world, "differences", methods_missing=["crm.requisite.list"])
    contact = world.add_contact(world.add_company())
    await world.install()
    assert not (await world.row()).imported
    await switch(world, "differences", methods_missing=[])
    world.pass_time(minutes=1)
    await world.settle()
    assert (await world.row()).imported
    assert world.card(CONTACT, contact) == (False, "")


@pytest.mark.parametrize("method", ["crm.item.list", "crm.item.get", "crm.contact.update"])
async def test_what_it_cannot_do_without_is_waited_for(world: World, scene: Scene, method: str) -> None:
    """A portal that is being updated answers so for minutes."""
    await switch(world, "differences", methods_missing=[method])
    world.tick(CONTACT, scene.contact)
    await world.settle()
    await switch(world, "differences", methods_missing=[])
    world.pass_time(minutes=10)
    await world.settle()
    told_once(world, scene)
