"""Deals and leads have numbers as companies have: by the first read, events, looks and what the portal kept for us."""

from __future__ import annotations

from emulator.crm.entities import Entity
from tests.chores import fetch_offline_one
from tests.stories.scene import COMPANY
from tests.stories.stamp.aid import FIELD, Story, given, numbers, stamp
from tests.stories.verification.merging import everything_settles
from tests.world import World

DEAL, LEAD = Entity.DEAL, Entity.LEAD


def add_deal(world: World, title: str = "Кран КБ-403", lead: int | None = None) -> int:
    """`lead`: it was made of."""
    deal = world.portal.crm.add(DEAL, {"TITLE": title, "OPPORTUNITY": "1500000"}, world.manager())
    world.portal.crm.tables[DEAL].rows[deal]["LEAD_ID"] = lead
    return deal


def add_lead(world: World, title: str = "Заявка с сайта") -> int:
    return world.portal.crm.add(LEAD, {"TITLE": title}, world.manager())


async def test_open_deals_get_their_numbers_at_the_first_read(world: World) -> None:
    deals = [add_deal(world, f"Кран {one}") for one in range(3)]
    await world.install()

    assert sorted(stamp(world, one, DEAL) or 0 for one in deals) == [1, 2, 3]


async def a_deal_gets_its_number_by_its_event(world: World) -> None:
    await world.install()
    await world.subscribe()
    deal, company = add_deal(world), world.add_company()
    await world.settle()

    shown = {stamp(world, deal, DEAL), stamp(world, company)}
    assert shown == {1, 2}
    assert sorted(given(world)) == sorted([(deal, stamp(world, deal, DEAL)), (company, stamp(world, company))])


async def test_a_deals_number_that_was_lost_is_found_by_each_look(world: World) -> None:
    await world.install()
    deal = add_deal(world)
    await world.settle()
    for look in (world.rescan, world.sweep):
        world.pass_time(minutes=6)
        world.portal.crm.update(DEAL, deal, {FIELD: 99}, world.manager())
        world.forget_events()
        world.pass_time(minutes=6)
        await look()
        assert stamp(world, deal, DEAL) == 1, look


async def test_a_deal_whose_coming_was_lost_is_found_by_the_rescan(world: World) -> None:
    await world.install()
    deal = add_deal(world)
    world.forget_events()
    world.pass_time(minutes=6)
    await world.rescan()

    assert stamp(world, deal, DEAL) == 1


async def test_a_deal_whose_coming_was_lost_is_found_by_the_sweep(world: World) -> None:
    await world.install()
    deal = add_deal(world)
    world.forget_events()
    await world.sweep()

    assert stamp(world, deal, DEAL) == 1


async def test_a_deal_comes_by_what_the_portal_kept_for_us(world: World) -> None:
    await world.install()
    deal = add_deal(world)
    world.forget_events()
    await fetch_offline_one(world.resources, (await world.row()).id)
    await world.settle()

    assert stamp(world, deal, DEAL) == 1


async def a_deal_that_comes_back_from_the_recycle_bin_keeps_its_number(world: World) -> None:
    await world.install()
    await world.subscribe()
    deal, _ = add_deal(world), world.add_company()
    await world.settle()
    number = stamp(world, deal, DEAL)
    assert number
    world.portal.crm.delete(DEAL, deal, world.admin())
    await everything_settles(world)
    assert f"deal:{deal}" in await numbers(world)

    (thrown,) = world.portal.crm.bin
    back = world.portal.crm.restore(thrown, world.admin())
    await everything_settles(world)

    assert back != deal
    assert stamp(world, back, DEAL) == number
    kept = await numbers(world)
    assert kept[f"deal:{back}"] == number and f"deal:{deal}" not in kept


async def a_lead_that_becomes_a_deal_hands_its_number_on(world: World) -> None:
    """The lead lives on, and takes no second number."""
    await world.install()
    await world.subscribe()
    lead = add_lead(world)
    await world.settle()
    assert await numbers(world) == {f"lead:{lead}": 1}
    assert given(world) == []

    deal = add_deal(world, lead=lead)
    await world.settle()
    assert stamp(world, deal, DEAL) == 1
    assert given(world) == [(deal, 1)]

    world.portal.crm.update(LEAD, lead, {"COMMENTS": "Сделка есть"}, world.manager())
    await world.settle()
    assert await numbers(world) == {f"deal:{deal}": 1}

    company = world.add_company()
    await world.settle()
    assert stamp(world, company) == 2
    assert world.portal.crm.get(COMPANY, company) is not None


DEALS: list[Story] = [
    a_deal_gets_its_number_by_its_event,
    a_deal_that_comes_back_from_the_recycle_bin_keeps_its_number,
    a_lead_that_becomes_a_deal_hands_its_number_on,
]
"""Deals and leads that come, go and come back."""
