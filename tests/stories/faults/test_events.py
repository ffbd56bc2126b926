"""Portal events are late, lost, doubled, out of order, or about nothing: cards decide, events only hint."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chores import rescan_one
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, Scene, rows, told_once
from tests.world import World

DOUBLED: list[dict[str, Any]] = [{"duplicate_next": 3}, {"duplicate_rate": 1.0}]


@proves("faults events.delay")
async def test_a_late_event_is_late_news(world: World, scene: Scene) -> None:
    await switch(world, "faults", events={"delay": 90})
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert world.receiver.events() == []

    world.pass_time(seconds=91)
    await world.settle()
    told_once(world, scene)
    await switch(world, "faults", clear=True)
    world.pass_time(seconds=91)  # the echo of our own write
    await world.settle()
    told_once(world, scene)


@proves("faults events.lose_next")
async def test_a_lost_event_is_made_up_for_by_the_look_at_modified_cards(world: World, scene: Scene) -> None:
    await switch(world, "faults", events={"lose_next": 1})
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert (world.emulator.world.events.lost, world.receiver.events()) == (1, [])

    world.pass_time(minutes=6)
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()
    told_once(world, scene)


@proves("faults events.lose_rate")
async def test_with_every_event_lost_the_story_is_only_later(world: World, scene: Scene) -> None:
    await switch(world, "faults", events={"lose_rate": 1.0})
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


@pytest.mark.parametrize(
    "events", [pytest.param(one, marks=proves(*(f"faults events.{name}" for name in one))) for one in DOUBLED], ids=str
)
async def test_a_doubled_event_is_one_piece_of_news(world: World, scene: Scene, events: dict[str, Any]) -> None:
    await switch(world, "faults", events=events)
    before = len(world.emulator.world.events.log)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    sent = [one.form for one in list(world.emulator.world.events.log)[before:] if one.event == "ONCRMCONTACTUPDATE"]
    assert len(sent) == 4, "the manager's change and our own, each of them twice"
    told_once(world, scene)


@proves("faults events.reorder")
async def test_events_out_of_order_decide_by_what_the_card_shows(world: World, scene: Scene) -> None:
    await switch(world, "faults", events={"reorder": True})
    for ticked in (True, False, True):
        world.tick(CONTACT, scene.contact, ticked)
    await world.settle()
    told_once(world, scene)


@proves("event")
async def test_an_event_about_nothing_is_looked_up_and_forgotten(world: World, scene: Scene) -> None:
    """A robot's event names no user; the card it is about was never there."""
    await switch(world, "event", name="ONCRMCONTACTUPDATE", data={"FIELDS": {"ID": 999_999}})
    await world.settle()
    assert (await rows(world), await world.failed(), world.receiver.events()) == ([], 0, [])

    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)
