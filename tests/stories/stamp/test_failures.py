"""One rule's failure is its own: what the portal refuses, and faults of the program."""

from __future__ import annotations

import pytest

from tests.doors.frames import main
from tests.stories.differences.switches import switch
from tests.stories.scene import COMPANY
from tests.stories.stamp.aid import FIELD, decided, given, numbers, refuse, stamp, tries
from tests.world import CHECK, STATUS, World


@pytest.fixture
async def company(world: World) -> int:
    """With one person, in a portal with the app, whose client app listens; the portal has taken nothing yet."""
    await world.install()
    await world.subscribe()
    company = world.add_company(UF_CRM_B24APP_CHECK="1")
    world.add_contact(company)
    return company


async def test_a_number_that_is_refused_leaves_verification_alone(
    world: World, company: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = refuse(monkeypatch, FIELD)
    await world.settle()

    assert world.card(COMPANY, company) == (True, "На проверке")
    assert decided(world) == ["pending"]
    assert stamp(world, company) is None
    assert given(world) == []
    assert await tries(world) == {f"stamp company:{company}": 1}

    refused.clear()
    world.pass_time(minutes=1)
    await world.settle()

    assert stamp(world, company) == 1
    assert given(world) == [(company, 1)]
    assert decided(world) == ["pending"]
    assert await tries(world) == {}


async def test_verification_that_is_refused_leaves_the_number_alone(
    world: World, company: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = refuse(monkeypatch, STATUS, CHECK)
    await world.settle()

    assert stamp(world, company) == 1
    assert given(world) == [(company, 1)]
    assert decided(world) == ["pending"]
    assert world.card(COMPANY, company) == (True, "")
    assert (await tries(world))[f"verification company:{company}"] == 1

    refused.clear()
    world.pass_time(minutes=1)
    await world.settle()

    assert world.card(COMPANY, company) == (True, "На проверке")
    assert given(world) == [(company, 1)]
    assert await tries(world) == {}


async def test_a_number_that_is_refused_for_good_is_given_up_alone(
    world: World, company: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, FIELD)
    await world.settle()
    for _ in range(6):
        world.pass_time(minutes=15)
        await world.settle()

    assert await tries(world) == {}
    assert await world.failed() >= 1
    assert await numbers(world) == {}, "a number that nobody has seen is free again"
    assert given(world) == []
    assert world.card(COMPANY, company) == (True, "На проверке")

    world.tick(COMPANY, company, ticked=False)
    await world.settle()
    assert decided(world) == ["pending", "confirmed"]
    world.leftovers_explained = "the number is tried again with the next event"


async def overview(world: World) -> str:
    """The first page of the settings."""
    opened = await main(world, world.admin(), "stamp")
    answer = await opened.call("/frame/page", page="settings")
    return str(answer.json()["html"])


async def test_administrators_see_that_a_number_was_given_up(
    world: World, company: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is there after all."""
    refused, said = refuse(monkeypatch, FIELD), "Cards without the number that they should have: 1"
    await world.settle()
    assert said not in await overview(world), "it is still tried"
    for _ in range(6):
        world.pass_time(minutes=15)
        await world.settle()
    assert said in await overview(world)

    refused.clear()
    world.portal.crm.update(COMPANY, company, {"COMMENTS": "Звонили"}, world.manager())
    await world.settle()

    assert given(world) == [(company, 1)]
    assert said not in await overview(world)
    world.leftovers_explained = "the number was tried again with the next event"


async def test_a_number_that_is_not_stored_is_not_told(world: World, company: int) -> None:
    await switch(world, "differences", write_ignores=[FIELD])
    await world.settle()

    assert world.card(COMPANY, company) == (True, "На проверке")
    assert decided(world) == ["pending"]
    assert given(world) == []
    assert stamp(world, company) is None
