"""The verification checkbox, told as it happens: somebody moves the box, the client app hears it once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from emulator.crm.entities import Entity
from tests.stories.verification.test_read_together import TOGETHER
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
Story = Callable[[World], Awaitable[None]]


async def a_manager_ticks_the_box(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()
    manager = world.manager()

    world.tick(CONTACT, contact, by=manager)
    await world.settle()

    (told,) = world.receiver.events()
    assert (told.data["contact_id"], told.data["company_id"]) == (contact, company)
    assert (told.data["old_state"], told.data["new_state"]) == ("confirmed", "pending")
    assert told.data["decided_by"] == world.decided_by(manager)
    assert told.data["reason"] == "box_ticked"
    assert world.card(CONTACT, contact) == (True, "На проверке")
    assert world.card(COMPANY, company) == (True, "На проверке")


async def a_manager_unticks_the_box_again(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()

    world.tick(CONTACT, contact, ticked=False)
    await world.settle()

    checking, approved = world.receiver.events()
    assert checking.data["new_state"] == "pending"
    assert (approved.data["old_state"], approved.data["new_state"]) == ("pending", "confirmed")
    assert approved.body["object_version"] == checking.body["object_version"] + 1
    assert world.card(CONTACT, contact) == (False, "Подтверждён")
    assert world.card(COMPANY, company) == (False, "Подтверждён")


async def a_robot_ticks_the_box(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    await world.subscribe()

    world.tick_by_robot(CONTACT, contact)
    await world.settle()

    (told,) = world.receiver.events()
    assert told.data["company_id"] is None
    assert told.data["new_state"] == "pending"
    assert told.data["decided_by"]["source"] in ("modified_by", "unknown")
    assert world.card(CONTACT, contact) == (True, "На проверке")


async def a_company_is_ticked_for_all_its_people(world: World) -> None:
    company = world.add_company()
    people = [world.add_contact(company, NAME=name) for name in ("Илья", "Вера")]
    await world.install()
    await world.subscribe()

    world.tick(COMPANY, company)
    await world.settle()

    told = world.receiver.events()
    assert sorted(one.data["contact_id"] for one in told) == people
    assert {one.data["new_state"] for one in told} == {"pending"}
    assert [world.card(CONTACT, one) for one in people] == [(True, "На проверке")] * 2


async def unticking_a_company_with_two_waiting_decides_nothing(world: World) -> None:
    company = world.add_company()
    people = [world.add_contact(company, NAME=name) for name in ("Илья", "Вера")]
    await world.install()
    await world.subscribe()
    world.tick(COMPANY, company)
    await world.settle()

    world.tick(COMPANY, company, ticked=False)
    await world.settle()

    assert len(world.receiver.events()) == 2  # the two that said "pending"
    assert world.card(COMPANY, company) == (True, "На проверке")

    world.tick(CONTACT, people[0], ticked=False)
    await world.settle()

    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending", "pending", "confirmed"]
    assert world.card(COMPANY, company) == (True, "На проверке")
    assert world.card(CONTACT, people[0]) == (False, "Подтверждён")


async def a_change_undone_before_we_look_is_no_news(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    await world.subscribe()

    world.tick(CONTACT, contact)
    world.tick(CONTACT, contact, ticked=False)
    await world.settle()

    assert world.receiver.events() == []
    assert world.card(CONTACT, contact) == (False, "")


async def a_new_contact_comes_ticked(world: World) -> None:
    company = world.add_company()
    await world.install()
    await world.subscribe()

    contact = world.add_contact(company, UF_CRM_B24APP_CHECK="1")
    await world.settle()

    (told,) = world.receiver.events()
    assert (told.data["contact_id"], told.data["new_state"]) == (contact, "pending")


STORIES: list[Story] = [
    a_manager_ticks_the_box,
    a_manager_unticks_the_box_again,
    a_robot_ticks_the_box,
    a_company_is_ticked_for_all_its_people,
    unticking_a_company_with_two_waiting_decides_nothing,
    a_change_undone_before_we_look_is_no_news,
    a_new_contact_comes_ticked,
    *TOGETHER,
]
every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)

FAIL_POINTS = [
    "event.stored",
    "inbox.claimed",
    "cards.read",
    "cards.intended",
    "cards.written",
    "cards.settled",
    "delivery.claimed",
    "delivery.sent",
    "delivery.settled",
]


@every_story
async def test_story(world: World, story: Story) -> None:
    await story(world)


@every_story
@pytest.mark.bend
async def test_story_with_each_event_doubled(world: World, story: Story) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    await story(world)


@every_story
@pytest.mark.bend
async def test_story_with_events_out_of_order(world: World, story: Story) -> None:
    world.emulator.world.faults.events.reorder = True
    await story(world)


@every_story
@pytest.mark.bend
async def test_story_with_every_event_lost(world: World, story: Story) -> None:
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world)


@pytest.mark.parametrize("point", FAIL_POINTS)
async def test_the_first_story_survives_a_worker_killed_at(world: World, point: str) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()
    world.failpoints.armed = {point} - {"event.stored"}

    world.tick(CONTACT, contact)
    await world.settle()

    assert point in world.failpoints.passed
    (told,) = world.receiver.events()
    assert (told.data["old_state"], told.data["new_state"]) == ("confirmed", "pending")
    assert world.card(CONTACT, contact) == (True, "На проверке")
    assert world.card(COMPANY, company) == (True, "На проверке")


async def test_a_deleted_card_suspends_and_its_return_is_seen(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()

    world.portal.crm.delete(CONTACT, contact, world.admin())
    await world.settle()

    (told,) = world.receiver.events()
    assert (told.data["new_state"], told.data["reason"]) == ("suspended", "card_deleted")
