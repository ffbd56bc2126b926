"""Something scarce: no two cards get the same, and a repeat gets its own again."""

from __future__ import annotations

import pytest

from tests.stories.scene import COMPANY
from tests.stories.stamp.aid import Story, given, numbers, stamp
from tests.world import World


async def cards_of_one_slice_get_numbers_of_their_own(world: World) -> None:
    await world.install()
    await world.subscribe()
    companies = [world.add_company(f"ООО «{one}»") for one in range(5)]

    await world.settle()

    assert sorted(stamp(world, one) or 0 for one in companies) == [1, 2, 3, 4, 5]
    assert sorted(given(world)) == sorted((one, stamp(world, one)) for one in companies)


@pytest.mark.parametrize("point", ["cards.reserved", "cards.read", "cards.intended", "cards.written", "cards.settled"])
async def test_whoever_is_killed_gets_the_same_number_again(world: World, point: str) -> None:
    await world.install()
    await world.subscribe()
    world.failpoints.armed.add(point)
    companies = [world.add_company(f"ООО «{one}»") for one in range(3)]

    await world.settle()
    late = world.add_company("ООО «Позже»")
    await world.settle()

    assert world.kills == 1
    assert sorted(stamp(world, one) or 0 for one in companies) == [1, 2, 3]
    assert stamp(world, late) == 4
    assert sorted(given(world)) == sorted((one, stamp(world, one)) for one in (*companies, late))
    assert len(await numbers(world)) == 4


async def numbers_of_two_portals_have_nothing_to_do_with_each_other(world: World) -> None:
    await world.install()
    await world.install(world.other_portal)
    here, there = world.add_company(), world.add_company(portal=world.other_portal)

    await world.settle()

    assert stamp(world, here) == 1
    shown = world.other_portal.crm.get(COMPANY, there)
    assert shown is not None and int(shown["UF_CRM_B24APP_STAMP"]) == 1


RESERVED: list[Story] = [
    cards_of_one_slice_get_numbers_of_their_own,
    numbers_of_two_portals_have_nothing_to_do_with_each_other,
]
"""Cards that get numbers of their own."""
