"""Cards that go on for deleted ones, told by the requisites that hang on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from b24app.cards.store.tables import requisites
from emulator.crm.entities import Entity
from tests.chores import tidy_all
from tests.stories.verification.merging import everything_settles, states, successors
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
Story = Callable[[World], Awaitable[None]]


async def hangs_on(world: World) -> set[tuple[str, int]]:
    """Where our own rows say that requisites hang."""
    async with world.resources.tenant((await world.row()).id) as db:
        return {
            (row.owner_kind, row.owner_id)
            for row in await db.execute(select(requisites).where(requisites.c.gone_at.is_(None)))
        }


async def two_companies_without_people_are_merged(world: World) -> None:
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    for one in (old, new):
        world.add_requisite(COMPANY, one, str(one))
    await world.install()

    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await everything_settles(world)

    assert await successors(world) == {f"company:{old}": new}
    assert await hangs_on(world) == {("company", new)}


async def two_cards_of_a_sole_trader_are_merged(world: World) -> None:
    """Without companies, and the name is another one."""
    old, new = world.add_contact(), world.add_contact(name="ИП", last_name="Орлова")
    world.add_requisite(CONTACT, old)
    await world.install()
    await world.subscribe()

    world.portal.crm.merge(CONTACT, new, old, world.admin())
    await everything_settles(world)

    assert await successors(world) == {f"contact:{old}": new}
    assert await states(world) == {(new, 0): "confirmed"}
    assert await hangs_on(world) == {("contact", new)}


async def a_merge_among_other_links_is_told_by_requisites(world: World) -> None:
    """By place two companies could go on: the person was linked with another one at the same time."""
    old, new, other = (world.add_company(f"ООО «Кран {number}»") for number in range(3))
    person = world.add_contact(old)
    world.add_requisite(COMPANY, old)
    await world.install()
    await world.subscribe()

    world.portal.crm.links.add(person, other)
    world.portal.crm.merge(COMPANY, new, old, world.admin())
    await everything_settles(world)

    assert await successors(world) == {f"company:{old}": new}
    assert set(await states(world)) == {(person, new), (person, other)}


BY_REQUISITES: list[Story] = [
    two_companies_without_people_are_merged,
    two_cards_of_a_sole_trader_are_merged,
    a_merge_among_other_links_is_told_by_requisites,
]
by_requisites = pytest.mark.parametrize("story", BY_REQUISITES, ids=lambda story: story.__name__)


@by_requisites
async def test_by_requisites(world: World, story: Story) -> None:
    await story(world)


@by_requisites
@pytest.mark.bend
async def test_by_requisites_with_each_event_doubled(world: World, story: Story) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    await story(world)


@by_requisites
@pytest.mark.bend
async def test_by_requisites_with_every_event_lost(world: World, story: Story) -> None:
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world)


@by_requisites
@pytest.mark.bend
@pytest.mark.parametrize("point", ["cards.read", "cards.settled", "requisites.read", "requisites.settled"])
async def test_by_requisites_with_a_worker_killed_at(world: World, story: Story, point: str) -> None:
    world.failpoints.armed = {point}
    await story(world)
    assert world.kills == 1


async def test_a_requisite_that_was_read_on_the_new_card_first_tells_as_well(world: World) -> None:
    """The deletion is told by nothing but the requisite, which somebody saved where the merge had put it: by the time
    we look for the old card, our own row says that it hangs on the new one."""
    old, new = world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»")
    number = world.add_requisite(COMPANY, old)
    await world.install()
    world.portal.crm.merge(COMPANY, new, old, world.admin())
    world.forget_events()
    world.portal.crm.requisites.update(number, {"RQ_INN": "7705500011"}, world.manager())

    await world.settle()

    assert await hangs_on(world) == {("company", new)}
    assert await successors(world) == {f"company:{old}": new}


@pytest.mark.parametrize("seed", range(3))
async def test_a_requisite_that_moved_twice_before_anybody_looked_tells_of_both_cards(world: World, seed: int) -> None:
    """We remember the last card only: each card that a requisite has left is looked at when that is seen."""
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
    first, second, third = (world.add_company(f"ООО «Кран {number}»") for number in range(3))
    world.add_requisite(COMPANY, first)
    world.add_requisite(COMPANY, second)
    await world.install()
    world.portal.crm.merge(COMPANY, second, first, world.admin())
    world.portal.crm.merge(COMPANY, third, second, world.admin())

    await world.settle()

    assert await successors(world) == {f"company:{first}": third, f"company:{second}": third}
    assert await hangs_on(world) == {("company", third)}


async def test_requisites_that_went_to_two_cards_tell_nobody(world: World) -> None:
    old, *others = (world.add_company(f"ООО «Кран {number}»") for number in range(3))
    person = world.add_contact(old)
    for _ in others:
        world.add_requisite(COMPANY, old)
    await world.install()
    await world.subscribe()
    taken = world.portal.crm.requisites.take(COMPANY, old)
    for one, other in zip(taken, others, strict=True):
        world.portal.crm.requisites.give([one], other)
    world.portal.crm.delete(COMPANY, old, world.admin())
    await world.settle()

    assert await successors(world) == {}
    assert (await states(world))[person, old] == "suspended"
    assert await hangs_on(world) == {("company", one) for one in others}


async def test_a_company_deleted_with_its_requisites_is_followed_by_nobody(world: World) -> None:
    old = world.add_company("ООО «Кран»")
    world.add_company("ООО «Кран»")
    world.add_requisite(COMPANY, old)
    await world.install()
    world.portal.crm.delete(COMPANY, old, world.admin())
    await world.settle()
    assert (await successors(world), await hangs_on(world)) == ({}, set())


async def test_a_card_that_comes_back_after_its_deletion_was_settled_is_known_by_its_requisites(world: World) -> None:
    """Nobody decided about it, nobody is linked with it, and it is called otherwise by now."""
    old = world.add_company("ООО «Кран»")
    number = world.add_requisite(COMPANY, old)
    trader = world.add_contact()
    other = world.add_requisite(CONTACT, trader)
    await world.install()
    key = await world.subscribe()
    for entity, one in ((COMPANY, old), (CONTACT, trader)):
        world.portal.crm.delete(entity, one, world.admin())
    await world.settle()
    assert (await hangs_on(world), await successors(world)) == (set(), {})
    assert await states(world) == {(trader, 0): "suspended"}
    world.pass_time(days=3)

    back = {}
    for binned in list(world.portal.crm.bin.values()):
        back[binned.entity] = world.portal.crm.restore(binned.id, world.admin())
    world.portal.crm.update(COMPANY, back[COMPANY], {"TITLE": "ООО «Подъём»"}, world.admin())
    world.portal.crm.update(CONTACT, back[CONTACT], {"LAST_NAME": "Орлов"}, world.admin())
    await world.settle()

    assert await successors(world) == {f"company:{old}": back[COMPANY], f"contact:{trader}": back[CONTACT]}
    assert await states(world) == {(back[CONTACT], 0): "confirmed"}
    (found,) = (await world.api("GET", f"/memberships?contact_id={trader}", key)).json()["data"]
    assert found["contact"]["id"] == back[CONTACT]
    await world.sweep()
    assert await hangs_on(world) == {("company", back[COMPANY]), ("contact", back[CONTACT])}
    assert {number, other} == {int(one["ID"]) for one in world.portal.crm.requisites.rows.values()}


async def test_requisites_that_came_back_first_tell_as_well(world: World) -> None:
    """Somebody saves them before the card is looked at: both cards are called by them."""
    old = world.add_company("ООО «Кран»")
    number = world.add_requisite(COMPANY, old)
    await world.install()
    world.portal.crm.delete(COMPANY, old, world.admin())
    await world.settle()
    (binned,) = world.portal.crm.bin
    new = world.portal.crm.restore(binned, world.admin())
    world.forget_events()
    world.portal.crm.requisites.update(number, {"RQ_INN": "7705500011"}, world.manager())

    await world.settle()

    assert await successors(world) == {f"company:{old}": new}
    assert await hangs_on(world) == {("company", new)}


async def test_what_is_remembered_of_requisites_that_went_says_nothing_of_anybody_and_ends(world: World) -> None:
    old = world.add_company("ООО «Кран»")
    world.add_requisite(COMPANY, old)
    await world.install()
    world.portal.crm.delete(COMPANY, old, world.admin())
    await world.settle()
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        (row,) = await db.execute(select(requisites))
        assert (row.owner_id, row.inn, row.kpp) == (old, "", "")

    world.pass_time(days=31)
    await tidy_all(world.resources)

    async with world.resources.tenant(portal_id) as db:
        assert (await db.execute(select(requisites))).first() is None
