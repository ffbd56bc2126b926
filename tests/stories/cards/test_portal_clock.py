"""Portals whose clock, zone or date filter is off: what was changed is found all the same, and a look stays small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from b24app.bitrix24 import recent
from b24app.cards.store import scans
from b24app.cards.store.scans import Scan
from b24app.cards.store.tables import imports
from b24app.domain.cards.drift import Scope
from emulator.crm.entities import Entity
from emulator.seed.crowd import grow
from tests.chores import rescan_one
from tests.stories.differences import bends
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
Filter = Callable[[Mapping[str, Any]], Mapping[str, Any]]
ZONES = {
    "as it should be": timedelta(),
    "seven minutes behind": timedelta(minutes=-7),
    "three hours behind": timedelta(hours=-3),
    "twelve hours behind": timedelta(hours=-12),
    "ten minutes ahead": timedelta(minutes=10),
    "nine hours ahead": timedelta(hours=9),
}


def everything(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in given.items() if name != ">=updatedTime"}


def nothing(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**given, "id": -1} if ">=updatedTime" in given else given


def digits(hours: int) -> Filter:
    """What stands behind the digits is passed over; the portal's own zone is so many hours east."""

    def read(given: Mapping[str, Any]) -> Mapping[str, Any]:
        if ">=updatedTime" not in given:
            return given
        wall = datetime.fromisoformat(given[">=updatedTime"]).replace(tzinfo=None)
        return {**given, ">=updatedTime": (wall - timedelta(hours=hours)).replace(tzinfo=UTC).isoformat()}

    return read


FILTERS: dict[str, Filter] = {
    "everything": everything,
    "nothing": nothing,
    "digits, far east": digits(12),
    "digits, far west": digits(-11),
}


async def last_look(world: World, reach: Scope = Scope.RECENT) -> Scan | None:
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        return (await scans.newest(db, portal_id)).get(reach)


def commands(world: World) -> int:
    return world.emulator.world.meters.commands[world.portal.name, "crm.item.list"]


async def looked(world: World) -> int:
    """The commands of one look, five minutes later."""
    world.pass_time(minutes=5)
    before = commands(world)
    await rescan_one(world.resources, (await world.row()).id)
    return commands(world) - before


def told(world: World) -> list[int]:
    return [one.data["contact_id"] for one in world.receiver.events()]


async def lose_one(world: World, contact: int) -> None:
    """A box is ticked, and nobody hears of it."""
    world.tick(CONTACT, contact)
    world.forget_events()


@pytest.mark.parametrize("zone", ZONES)
async def test_a_lost_event_is_found_whatever_the_portals_clock_says(
    world: World, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    bends.clock(monkeypatch, ZONES[zone])
    first, second = (world.add_contact(world.add_company()) for _ in range(2))
    await world.install()
    await world.subscribe()
    for contact in (first, second):
        await lose_one(world, contact)
        world.pass_time(minutes=5)
        await world.rescan()
    assert told(world) == [first, second]


@pytest.mark.parametrize("filter_", FILTERS)
async def test_a_date_filter_is_not_believed(world: World, monkeypatch: pytest.MonkeyPatch, filter_: str) -> None:
    """Documented: ISO 8601 with an offset. Seen: no effect, nothing, digits only (bitrix-tools/b24-rest-docs 215)."""
    bends.filters(monkeypatch, FILTERS[filter_])
    grow(world.portal, companies=0, contacts=200)
    world.pass_time(days=40)
    first, second = (world.add_contact(world.add_company()) for _ in range(2))
    await world.install()
    await world.subscribe()
    for contact in (first, second):
        await lose_one(world, contact)
        world.pass_time(minutes=5)
        await world.rescan()
    assert told(world) == [first, second]
    assert await looked(world) <= 4, "a filter without effect must not turn each look into a read of everything"


async def test_many_changed_at_once_are_found_and_read_twice_only(world: World) -> None:
    """Somebody imports 300 companies, and nothing happens after that."""
    world.add_contact()
    await world.install()
    grow(world.portal, companies=300, contacts=0)
    world.forget_events()
    assert await looked(world) > 6
    found = await last_look(world)
    assert found
    assert (found.seen, found.drifted) == (301, 300)
    await world.settle()

    assert await looked(world) > 6  # the overlap
    assert [await looked(world) for _ in range(2)] == [2, 2]


async def test_more_than_a_look_takes_is_left_to_the_sweep(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look does not say that it compared everything, and the next one does not begin again."""
    monkeypatch.setattr(recent, "MOST", 3)
    await world.install()
    await looked(world)
    before = await last_look(world)
    grow(world.portal, companies=300, contacts=0)
    world.forget_events()

    assert await looked(world) <= 8
    assert (await world.row()).sweep_asked
    assert await last_look(world) == before

    await world.sweep()
    swept = await last_look(world, Scope.ALL)
    assert swept
    assert swept.seen == 300


async def test_a_list_in_another_order_is_no_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not on the first page cannot be known; the net of the night holds."""
    grow(world.portal, companies=100, contacts=30)
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    await looked(world)
    before = await last_look(world)
    bends.order(monkeypatch)
    world.pass_time(minutes=1)
    await lose_one(world, contact)

    with capture_logs() as lines:
        assert await looked(world) <= 4
    assert "unordered" in {one.get("why") for one in lines if one["event"] == "look_cannot_know"}
    assert await last_look(world) == before
    assert not (await world.row()).sweep_asked

    await world.settle()
    await world.sweep()
    assert contact in told(world)


async def test_a_date_in_the_future_is_no_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A date of change may be given by whoever imports records."""
    contact, strange = world.add_contact(world.add_company()), world.add_contact()
    await world.install()
    await world.subscribe()
    world.portal.crm.tables[CONTACT].rows[strange]["DATE_MODIFY"] += timedelta(days=4000)
    for _ in range(2):
        await looked(world)
    await lose_one(world, contact)
    world.pass_time(minutes=5)
    await world.rescan()
    assert told(world) == [contact]


async def test_a_portal_read_before_its_clock_was_kept_is_looked_at(world: World) -> None:
    """Until then it was asked by our clock; a day of overlap holds whatever its zone."""
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        await db.execute(imports.update().values(changes_from=None))
    await lose_one(world, contact)
    world.pass_time(minutes=6)
    await world.rescan()
    assert told(world) == [contact]
