"""Lists and batches that bring less than was asked for: what is missing is waited for, never taken for deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.cards.test_drift import drift, total
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, Scene, rows, told_once
from tests.world import World

SHORT: list[dict[str, Any]] = [{"rows_empty": ["*"]}, {"cursor_ignored": True}, {"batch_tail_silent": 1}]
each = pytest.mark.parametrize(
    "given", [pytest.param(one, id=(name := next(iter(one))), marks=proves(f"differences {name}")) for one in SHORT]
)


async def put_right(world: World, given: dict[str, Any]) -> None:
    await switch(world, "differences", **dict.fromkeys(given))
    world.pass_time(minutes=30)
    await world.settle()


@pytest.mark.parametrize("given", SHORT[:2], ids=str)
async def test_a_first_read_goes_on_once_it_can(world: World, given: dict[str, Any]) -> None:
    await switch(world, "differences", **given)
    people = [world.add_contact(name=f"Человек {number}") for number in range(120)]
    await world.install()
    assert not (await world.row()).imported

    await put_right(world, given)

    assert (await world.row()).imported
    await world.subscribe()
    world.tick(CONTACT, people[-1])
    await world.settle()
    assert [one.data["contact_id"] for one in world.receiver.events()] == [people[-1]]


@each
async def test_nobody_is_taken_for_deleted(world: World, given: dict[str, Any]) -> None:
    for number in range(120):
        world.add_contact(name=f"Человек {number}")
    await world.install()
    await world.subscribe()
    await switch(world, "differences", **given)

    await world.sweep()
    world.pass_time(minutes=6)
    await world.rescan()
    await put_right(world, given)
    await world.sweep()

    assert world.receiver.events() == []
    assert await drift(world) == {}
    assert await total(world) == {}


@each
async def test_a_tick_is_heard_of_in_the_end(world: World, scene: Scene, given: dict[str, Any]) -> None:
    await switch(world, "differences", **given)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    await put_right(world, given)

    told_once(world, scene)
    assert await world.failed() == 0


async def test_the_reason_stands_in_the_row_that_waits(world: World, scene: Scene) -> None:
    await switch(world, "differences", rows_empty=["*"])
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert [one.error for one in await rows(world)] == ["ROW_WITHOUT_ID"]
    await put_right(world, {"rows_empty": ["*"]})
