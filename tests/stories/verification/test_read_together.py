"""Several cards that are read together, or one after the other: people and the companies they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from b24app.lanes import Lane
from emulator.crm.entities import Entity
from tests.stories.scene import at
from tests.world import World
from workers.inbox import drain_portal

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
Story = Callable[[World], Awaitable[None]]


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


@pytest.mark.bend
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
