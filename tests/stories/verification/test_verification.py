"""The verification checkbox, told as it happens: somebody moves the box, the client app hears it once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from b24app.lanes import Lane
from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.stories.scene import at
from tests.world import World
from workers.inbox import drain_portal

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


async def a_company_comes_ticked_with_its_people(world: World) -> None:
    """Both cards are new, and nobody's box but the company's is set."""
    await world.install()
    await world.subscribe()

    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    people = [world.add_contact(company, NAME=name) for name in ("Илья", "Вера")]
    await world.settle()

    told = world.receiver.events()
    assert sorted((one.data["contact_id"], one.data["new_state"]) for one in told) == [
        (one, "pending") for one in people
    ]
    assert {one.data["reason"] for one in told} == {"box_ticked"}
    assert [world.card(CONTACT, one) for one in people] == [(True, "На проверке")] * 2
    assert world.card(COMPANY, company) == (True, "На проверке")


async def a_company_is_ticked_while_somebody_new_is_linked(world: World) -> None:
    """The company and one of its people are known; the box and another person come together."""
    company = world.add_company()
    old = world.add_contact(company)
    await world.install()
    await world.subscribe()

    new = world.add_contact(company, name="Вера")
    world.tick(COMPANY, company)
    await world.settle()

    told = world.receiver.events()
    assert sorted((one.data["contact_id"], one.data["new_state"]) for one in told) == [
        (old, "pending"),
        (new, "pending"),
    ]
    assert [world.card(CONTACT, one) for one in (old, new)] == [(True, "На проверке")] * 2


async def somebody_comes_back_into_a_company_as_it_is_ticked(world: World) -> None:
    company = world.add_company()
    person = world.add_contact(company)
    await world.install()
    await world.subscribe()
    world.portal.crm.update(CONTACT, person, {"COMPANY_IDS": []}, world.manager())
    await world.settle()
    world.receiver.heard.clear()

    world.tick(COMPANY, company)
    world.portal.crm.update(CONTACT, person, {"COMPANY_IDS": [company]}, world.manager())
    await world.settle()

    assert world.receiver.events()[-1].data["new_state"] == "pending"
    assert "confirmed" not in [one.data["new_state"] for one in world.receiver.events()]
    assert world.card(CONTACT, person) == (True, "На проверке")
    assert world.card(COMPANY, company) == (True, "На проверке")


async def a_contact_comes_ticked_into_a_company_that_is_not(world: World) -> None:
    """Whoever comes unticked is let in; only the one with the box is checked."""
    await world.install()
    await world.subscribe()

    company = world.add_company()
    ticked = world.add_contact(company, UF_CRM_B24APP_CHECK="1")
    other = world.add_contact(company, name="Вера")
    await world.settle()

    (told,) = world.receiver.events()
    assert (told.data["contact_id"], told.data["new_state"]) == (ticked, "pending")
    assert world.card(CONTACT, other) == (False, "")
    assert world.card(COMPANY, company) == (True, "На проверке")


async def a_company_comes_ticked_and_is_unticked_before_anybody_looks(world: World) -> None:
    await world.install()
    await world.subscribe()

    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    contact = world.add_contact(company)
    world.tick(COMPANY, company, ticked=False)
    await world.settle()

    assert world.receiver.events() == []
    assert world.card(CONTACT, contact) == (False, "")


TOGETHER: list[Story] = [
    a_company_comes_ticked_with_its_people,
    a_company_is_ticked_while_somebody_new_is_linked,
    somebody_comes_back_into_a_company_as_it_is_ticked,
    a_contact_comes_ticked_into_a_company_that_is_not,
    a_company_comes_ticked_and_is_unticked_before_anybody_looks,
]
"""Several cards that are read together, or one after the other."""

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
    "verification.read",
    "verification.intended",
    "verification.written",
    "verification.settled",
    "delivery.claimed",
    "delivery.sent",
    "delivery.settled",
]


@every_story
async def test_story(world: World, story: Story) -> None:
    await story(world)


@every_story
async def test_story_with_each_event_doubled(world: World, story: Story) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    await story(world)


@every_story
async def test_story_with_events_out_of_order(world: World, story: Story) -> None:
    world.emulator.world.faults.events.reorder = True
    await story(world)


@every_story
async def test_story_with_every_event_lost(world: World, story: Story) -> None:
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world)


@pytest.mark.parametrize("story", TOGETHER, ids=lambda story: story.__name__)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [1, 2])
async def test_cards_that_belong_together_are_read_apart(
    world: World, monkeypatch: pytest.MonkeyPatch, story: Story, seed: int, size: int
) -> None:
    """In slices too small for them, in whatever order."""
    monkeypatch.setattr("b24app.domain.work.slices.INTERACTIVE", size)
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
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


async def test_a_company_ticked_before_anybody_is_linked(world: World) -> None:
    await world.install()
    await world.subscribe()
    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    await world.settle()
    assert world.card(COMPANY, company)[0]

    newcomer = world.add_contact(company)
    await world.settle()

    (told,) = world.receiver.events()
    assert (told.data["contact_id"], told.data["new_state"]) == (newcomer, "pending")
    assert world.card(CONTACT, newcomer) == (True, "На проверке")
    assert world.card(COMPANY, company) == (True, "На проверке")


async def test_what_happened_while_the_module_was_off_is_found_when_it_is_on_again(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    key = await world.subscribe()
    await world.mode("off")
    world.tick(CONTACT, contact)
    await world.settle()
    assert world.receiver.events() == []

    await world.mode("on")
    await world.settle()

    (membership,) = (await world.api("GET", "/memberships", key)).json()["data"]
    assert membership["state"] == "pending"
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]


async def test_watching_decides_and_shows_but_writes_and_tells_nothing(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    key = await world.subscribe()
    await world.mode("watch")

    world.tick(CONTACT, contact)
    await world.settle()
    assert world.card(CONTACT, contact) == (True, "")
    assert world.card(COMPANY, company) == (False, "")
    await world.mode("on")
    await world.settle()

    (membership,) = (await world.api("GET", "/memberships", key)).json()["data"]
    assert membership["state"] == "pending"
    assert world.receiver.events() == []
    assert world.card(COMPANY, company) == (True, "На проверке")  # what watching decided, put into the cards now


async def test_a_card_that_may_not_be_written_still_tells(world: World) -> None:
    """Our admin may read the card and not change it: the decision stands and is told, the card's failure is kept."""
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    admin, manager = world.admin(), world.manager()
    admin.admin, admin.crm_access = False, CrmAccess.READ

    world.tick(CONTACT, contact, by=manager)
    await world.settle()

    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]
    assert world.card(CONTACT, contact) == (True, "")
    for _ in range(12):  # until it is given up and kept for a person
        world.pass_time(hours=2)
        await world.settle()
    assert await world.failed() == 2
    assert len(world.receiver.events()) == 1


async def test_a_card_our_admin_no_longer_sees_is_not_taken_for_deleted(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    admin, manager = world.admin(), world.manager()
    admin.admin, admin.crm_access = False, CrmAccess.NONE

    world.tick(CONTACT, contact, by=manager)
    await world.settle()
    assert (await world.row()).state == "needs_admin"
    assert world.receiver.events() == []

    admin.admin = True
    await world.open(world.installation(), admin)
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]


async def test_a_deleted_card_suspends_and_its_return_is_seen(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()

    world.portal.crm.delete(CONTACT, contact, world.admin())
    await world.settle()

    (told,) = world.receiver.events()
    assert (told.data["new_state"], told.data["reason"]) == ("suspended", "card_deleted")


async def test_many_at_once_collide_and_are_told_once_each(world: World) -> None:
    """Contacts and the companies they belong to, ticked together and drained by four workers at a time."""
    companies = [world.add_company(f"ООО «Стройка {number}»") for number in range(6)]
    people = [world.add_contact(company) for company in companies for _ in range(3)]
    await world.install()
    await world.subscribe()
    for company in companies:
        world.tick(COMPANY, company)
    for person in people:
        world.tick(CONTACT, person)
    await world.emulator.world.deliver()
    portal_id = (await world.row()).id

    await asyncio.gather(*(drain_portal(world.resources, portal_id, Lane.INTERACTIVE) for _ in range(4)))
    world.pass_time(seconds=5)
    await world.settle()

    told = world.receiver.events()
    assert sorted(one.data["contact_id"] for one in told) == people
    assert {one.data["new_state"] for one in told} == {"pending"}


async def test_a_company_that_stands_ticked_before_the_first_read(world: World) -> None:
    """The app was there before, and its fields stayed."""
    await world.uninstall(await world.install(), clean=True)
    await world.chores()
    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    people = [world.add_contact(company, name=name) for name in ("Илья", "Вера")]
    await world.install()
    await world.subscribe()
    await world.settle()

    assert world.receiver.events() == []
    assert [world.card(CONTACT, one) for one in people] == [(True, "На проверке")] * 2
    assert world.card(COMPANY, company) == (True, "На проверке")


@pytest.mark.parametrize("seed", range(3))
async def test_a_company_that_comes_ticked_behind_the_first_reads_back(world: World, seed: int) -> None:
    """Companies are read, contacts are not yet: the contact is found by the read, the company by its event."""
    world.add_company()
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
    made: list[int] = []

    def come() -> None:
        made.append(world.add_company("ООО «Кран»", UF_CRM_B24APP_CHECK="1"))
        made.append(world.add_contact(made[0]))

    at(world, "import.page", come)
    await world.install()
    key = await world.subscribe()

    company, contact = made
    (found,) = (await world.api("GET", f"/memberships?company_id={company}", key)).json()["data"]
    assert (found["contact"]["id"], found["state"]) == (contact, "pending")
    assert world.card(CONTACT, contact) == (True, "На проверке")
    assert world.card(COMPANY, company) == (True, "На проверке")
