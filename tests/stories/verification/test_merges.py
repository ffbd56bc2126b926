"""Cards that go: merged into another one, thrown into the recycle bin, brought back from it under a new id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from emulator.crm.entities import Entity
from tests.stories.verification.merging import everything_settles, states, told
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
Story = Callable[[World], Awaitable[None]]


async def a_company_is_merged_into_another(world: World) -> None:
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Кран-Сервис»")
    people = [world.add_contact(old, name=name) for name in ("Илья", "Вера")]
    own = world.add_contact(new, name="Пётр")
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, people[0])
    await world.settle()
    world.receiver.heard.clear()

    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await everything_settles(world)

    assert await states(world) == {(people[0], new): "pending", (people[1], new): "confirmed", (own, new): "confirmed"}
    assert sorted(told(world)) == [("moved", (people[0], new)), ("moved", (people[1], new))]
    assert world.card(COMPANY, new) == (True, "На проверке")  # one waits; the merge ticked it, and decided nothing
    assert world.card(CONTACT, own) == (False, "")
    answer = (await world.api("GET", f"/memberships?company_id={old}", key)).json()["data"]
    assert {one["company"]["id"] for one in answer} == {new}


async def two_cards_of_one_person_are_merged(world: World) -> None:
    """In one company, and what either card kept closed stays closed."""
    company = world.add_company()
    old, new = world.add_contact(company), world.add_contact(company)
    await world.install()
    key = await world.subscribe()
    world.tick(CONTACT, old)
    await world.settle()
    world.receiver.heard.clear()

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await everything_settles(world)

    assert await states(world) == {(new, company): "pending"}
    assert sorted(told(world)) == [("left", (old, company)), ("pending", (new, company))]
    assert world.card(CONTACT, new) == (True, "На проверке")
    (answer,) = (await world.api("GET", f"/memberships?contact_id={old}", key)).json()["data"]
    assert answer["contact"]["id"] == new


async def a_merge_ticks_the_box_of_a_confirmed_person_and_decides_nothing(world: World) -> None:
    """Each card has a company of its own: both memberships stand as they stood."""
    first, second = world.add_company(), world.add_company("ООО «Кран»")
    old, new = world.add_contact(first), world.add_contact(second)
    await world.install()
    await world.subscribe()
    for one in (old, new):
        world.tick(CONTACT, one)
        await world.settle()
    world.tick(CONTACT, new, ticked=False)
    await world.settle()
    world.receiver.heard.clear()

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await everything_settles(world)

    assert await states(world) == {(new, first): "pending", (new, second): "confirmed"}
    assert told(world) == [("moved", (new, first))]
    assert world.card(CONTACT, new) == (True, "На проверке")
    assert world.card(COMPANY, second) == (False, "Подтверждён")


async def a_person_comes_back_from_the_recycle_bin(world: World) -> None:
    first, second = world.add_company(), world.add_company("ООО «Кран»")
    old = world.add_contact(first, second)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, old)
    await world.settle()
    world.receiver.heard.clear()

    world.portal.crm.delete(CONTACT, old, world.admin())
    await everything_settles(world)
    assert set(told(world)) == {("suspended", (old, first)), ("suspended", (old, second))}
    world.receiver.heard.clear()
    (binned,) = world.portal.crm.bin
    new = world.portal.crm.restore(binned, world.admin())
    await everything_settles(world)

    assert await states(world) == {(new, first): "pending", (new, second): "pending"}
    assert sorted(told(world)) == [
        ("moved", (new, first)),
        ("moved", (new, second)),
        ("pending", (new, first)),
        ("pending", (new, second)),
    ]
    assert world.card(CONTACT, new) == (True, "На проверке")


async def a_company_nobody_decided_about_comes_back(world: World) -> None:
    """It carries no mark: its name and its people tell."""
    old = world.add_company()
    person = world.add_contact(old)
    await world.install()
    await world.subscribe()

    world.portal.crm.delete(COMPANY, old, world.admin())
    await everything_settles(world)
    (binned,) = world.portal.crm.bin
    new = world.portal.crm.restore(binned, world.admin())
    await everything_settles(world)

    assert await states(world) == {(person, new): "confirmed"}


STORIES: list[Story] = [
    a_company_is_merged_into_another,
    two_cards_of_one_person_are_merged,
    a_merge_ticks_the_box_of_a_confirmed_person_and_decides_nothing,
    a_person_comes_back_from_the_recycle_bin,
    a_company_nobody_decided_about_comes_back,
]
every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


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
@pytest.mark.parametrize("seed", range(3))
async def test_story_with_events_out_of_order(world: World, story: Story, seed: int) -> None:
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
    await story(world)


@every_story
@pytest.mark.bend
async def test_story_with_every_event_lost(world: World, story: Story) -> None:
    """The rescan finds changed cards, the sweep what is gone."""
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world)


FAIL_POINTS = [
    "inbox.claimed",
    "cards.read",
    "cards.intended",
    "cards.written",
    "cards.settled",
]


@pytest.mark.parametrize("point", FAIL_POINTS)
async def test_a_merge_survives_a_worker_killed_at(world: World, point: str) -> None:
    company = world.add_company()
    old, new = world.add_contact(company), world.add_contact(company)
    await world.install()
    await world.subscribe()
    for one, ticked in ((new, True), (new, False), (old, True)):
        world.tick(CONTACT, one, ticked=ticked)
        await world.settle()
    world.receiver.heard.clear()
    world.failpoints.armed = {point}

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await world.settle()

    assert world.kills == 1
    assert await states(world) == {(new, company): "pending"}
    assert sorted(told(world)) == [("left", (old, company)), ("pending", (new, company))]
    assert world.card(CONTACT, new) == (True, "На проверке")
