"""The whole life of the app at portals that are not what the documentation says: read, followed, and the net holds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chores import connection_check_one, fetch_offline_one
from tests.doors.frames import main, members, tab
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import COMPANY, CONTACT, asked
from tests.world import World

ONE_BY_ONE: list[dict[str, Any]] = [
    {"original_names_drop_system": True},
    {"date_filter_zone": "digits"},
    {"date_filter_zone": "nothing"},
    {"date_filter_zone": "everything"},
    {"filter_drops_empty": True},
    {"options_extra_keys": True},
    {"placements_undocumented": True},
    {"camel_forms_mixed": True},
    {"operating": "absent"},
    {"operating": "zero"},
    {"time_absent": True},
    {"batch_tail_silent": 50},
    {"refresh_short": True},
    {"user_filter_flat": True},
    {"user_get_active_only": True},
    {"user_ids_numbers": True},
    {"clock_shift": -420},
    {"clock_shift": -8 * 3600},
    {"clock_shift": 8 * 3600},
    {"database_clock_shift": -3 * 3600},
    {"database_clock_shift": 3 * 3600},
    {"clock_shift": -8 * 3600, "date_filter_zone": "digits"},
    {"date_modified_null": ["*"]},
    {"date_modified_blank": ["*"]},
    {"box_true": ["*"]},
    {"text_nul": ["*"]},
    {"text_half_letter": ["*"]},
    {"methods_missing": ["feature.get", "method.get"]},
]


def _code(name: str, value: Any) -> str:
    return f"differences {name}={value}" if isinstance(value, str) else f"differences {name}"


def _told(given: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in given.items())


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(one, id=_told(one), marks=proves(*(_code(name, value) for name, value in one.items())))
        for one in ONE_BY_ONE
    ],
)
async def test_it_is_read_followed_and_looked_after(world: World, given: dict[str, Any]) -> None:
    await switch(world, "differences", **given)
    await a_life(world)


async def a_life(world: World) -> None:
    """First read, check of the connection, a box moved, tokens renewed, a button pressed, and events lost in front of
    each net."""
    company = world.add_company()
    contact, other, third = (world.add_contact(company, name=name) for name in ("Илья", "Вера", "Пётр"))
    world.add_requisite(COMPANY, company)
    await world.install()
    assert (await world.row()).imported
    await world.subscribe()
    checked = await main(world, world.admin(), "check")
    assert (await checked.call("/frame/connection-check")).status == 200
    await connection_check_one(world.resources, (await world.row()).id)
    await world.settle()
    warnings = world.emulator.world.warnings
    warnings[:] = [one for one in warnings if "empty condition" not in one]  # the check tries what becomes of one

    world.tick(CONTACT, contact, by=world.manager())
    await world.settle()
    assert states(world) == {contact: "pending"}
    assert world.card(CONTACT, contact) == (True, "На проверке")
    assert world.card(COMPANY, company) == (True, "На проверке")

    world.tick(CONTACT, contact, ticked=False)
    await world.settle()
    assert states(world) == {contact: "confirmed"}
    assert world.card(CONTACT, contact) == (False, "Подтверждён")

    world.pass_time(hours=2)  # tokens have expired
    renewed = asked(world, "oauth/token")
    await fetch_offline_one(world.resources, (await world.row()).id)
    await world.rescan()
    world.tick(CONTACT, other)
    world.forget_events()
    world.pass_time(minutes=6)
    await world.rescan()
    assert states(world) == {contact: "confirmed", other: "pending"}, "the look found it"
    assert asked(world, "oauth/token") > renewed

    page = await tab(world, "contact", other)
    (waiting,) = members(page.html)
    assert (await page.press("confirm", waiting, "Звонили")).status == 200
    await world.settle()
    assert states(world)[other] == "confirmed"
    assert world.card(CONTACT, other) == (False, "Подтверждён")

    world.portal.crm.links.drop(third, company)
    world.portal.crm.delete(CONTACT, other, world.admin())
    world.forget_events()
    await world.sweep()
    assert states(world)[other] == "suspended", "the sweep found it"
    assert states(world)[third] == "left", "the sweep found it"
    assert world.card(COMPANY, company) == (False, "Подтверждён")
    assert await world.failed() == 0


def states(world: World) -> dict[int, str]:
    """What the client app was told last of each person."""
    return {one.data["contact_id"]: one.data["new_state"] for one in world.receiver.events()}
