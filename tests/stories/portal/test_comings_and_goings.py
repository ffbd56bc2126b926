"""The app gets a new version, leaves, comes back; administrators come and go: nothing is lost, nothing is left over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from b24app.domain.portal.installation import PortalState
from b24app.portal.store import departures, tokens
from b24app.portal.store.tables import departures as departures_table
from b24app.store.tables import portals
from emulator.crm.entities import Entity
from emulator.model.faults import Break
from emulator.model.installs import Installation, finish, install, next_version, update
from emulator.model.people import User
from tests.chores import erase, reconcile_one, rescan_one, rewake_all, tidy_all
from tests.doors.frames import main
from tests.tables import TABLES
from tests.world import World

CONTACT = Entity.CONTACT


def another_admin(world: World, id: int) -> User:
    admin = User(id, "Вера", f"Орлова-{id}", admin=True, departments=[1])
    world.portal.users[id] = admin
    return admin


async def told(world: World) -> list[str]:
    return [one.data["new_state"] for one in world.receiver.events()]


async def rows_of(world: World, portal_id: int) -> int:
    """Rows of every table that knows portals, the line that may remain aside; seen as their own tenant sees them."""
    async with world.resources.tenant(portal_id) as db:
        found = [
            (await db.execute(select(func.count()).where(table.c.portal_id == portal_id))).scalar_one()
            for table in TABLES
            if "portal_id" in table.c and table is not departures_table
        ]
        return sum(found) + (await db.execute(select(func.count()).where(portals.c.id == portal_id))).scalar_one()


# --- a new version ---------------------------------------------------------------------------------------------------


async def new_version(world: World, installation: Installation) -> None:
    """The portal updates the app, drops what was bound, and an admin goes through the installer again."""
    update(installation, next_version(installation.app), world.admin())
    await world.settle()
    page = await world.open(installation, world.admin())
    assert page.status == 200, page.text
    finish(installation, world.admin())
    await world.settle()


async def test_a_new_version_comes_while_changes_are_on_their_way(world: World) -> None:
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    await world.subscribe()
    before = (await world.row()).token_digest
    world.tick(CONTACT, contact)  # its event still waits in the portal when the application token changes

    await new_version(world, installation)

    assert (await world.row()).token_digest not in (before, None)
    assert (await world.row()).state is PortalState.ACTIVE
    assert await told(world) == ["pending"]
    assert {one.event for one in installation.bindings} == set(world.resources.manifest.events)
    assert {one.placement for one in installation.placements} == set(world.resources.manifest.placements)
    world.tick(CONTACT, contact, ticked=False)  # by the new bindings, with the new token
    await world.settle()
    assert await told(world) == ["pending", "confirmed"]


async def test_an_event_with_the_token_of_before_the_update_is_refused_and_its_change_found(world: World) -> None:
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    late = list(world.emulator.world.events.queued)
    world.emulator.world.events.queued.clear()
    await new_version(world, installation)
    world.emulator.world.events.queued.extend(late)
    await world.settle()
    assert await told(world) == []

    world.pass_time(minutes=6)
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()

    assert await told(world) == ["pending"]


async def test_what_changes_while_nothing_is_bound_is_found_afterwards(world: World) -> None:
    """Between the update and the end of the installer the portal tells nobody anything."""
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    await world.subscribe()
    update(installation, next_version(installation.app), world.admin())
    world.tick(CONTACT, contact)
    await world.settle()
    await world.open(installation, world.admin())
    finish(installation, world.admin())
    await world.settle()
    assert await told(world) == []

    world.pass_time(minutes=6)
    await rescan_one(world.resources, (await world.row()).id)
    await world.settle()

    assert await told(world) == ["pending"]


async def test_an_update_that_finds_the_portal_down_is_owed_until_the_tick_pays_it(world: World) -> None:
    installation = await world.install()
    world.emulator.world.faults.add(Break.ERROR_500, times=3, method="batch")
    update(installation, next_version(installation.app), world.admin())
    await world.settle()
    assert (installation.placements, (await world.row()).report["owed"]) == ([], True)

    world.pass_time(minutes=1)
    assert await rewake_all(world.resources) >= 1
    await reconcile_one(world.resources, (await world.row()).id)

    assert len(installation.placements) == len(world.resources.manifest.placements)
    assert (await world.row()).report["ok"]


# --- it leaves -------------------------------------------------------------------------------------------------------


async def test_of_erased_data_one_line_without_a_name_remains(world: World) -> None:
    world.add_contact(world.add_company())
    installation = await world.install()
    await world.subscribe()
    row = await world.row()
    assert await rows_of(world, row.id)

    await world.uninstall(installation, clean=True)
    world.pass_time(days=1)
    assert await rewake_all(world.resources) == 1, "by the tick: it is the only one that knows when the day is over"
    await world.chores()

    assert await rows_of(world, row.id) == 0
    async with world.resources.transaction() as db:
        (line,) = (await db.execute(select(departures_table))).all()
        left = await departures.last(db, row.member_id)
        assert await departures.last(db, world.other_portal.member_id) is None
    assert left and left.installed_at and left.removed_at and left.erased_at
    assert left.rows > 0
    shown = repr(tuple(line))
    assert row.member_id not in shown and row.domain not in shown


async def test_a_portal_that_returns_while_it_is_being_erased_starts_from_nothing(world: World) -> None:
    """The worker dies between the two steps of the erasing; nobody finds the old rows any more, and they go."""
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    key = await world.subscribe()
    first = await world.row()
    world.receiver.answers = [500]
    world.tick(CONTACT, contact)
    await world.settle()
    await world.uninstall(installation, clean=True)
    world.failpoints.armed = {"portal.parted"}
    await world.erase()
    assert world.kills == 1

    await world.install()
    second = await world.row()
    assert (await world.api("GET", "/me", key)).status == 401
    await world.chores()

    assert second.id != first.id
    assert await rows_of(world, first.id) == 0, "attempts too, which hang on no foreign key"
    assert (await world.row()).state is PortalState.ACTIVE
    async with world.resources.transaction() as db:
        left = await departures.last(db, second.member_id)
    assert left and left.erased_at and left.rows
    world.pass_time(hours=1)
    await world.settle()
    assert await told(world) == []


async def test_data_left_behind_goes_after_the_days_of_the_manifest(world: World) -> None:
    installation = await world.install()
    await world.uninstall(installation, clean=False)
    kept = world.resources.manifest.retention.model_copy(update={"removed_days": 10})
    world.resources = replace(world.resources, manifest=world.resources.manifest.model_copy(update={"retention": kept}))
    portal = (await world.row()).id
    world.pass_time(days=9)
    await tidy_all(world.resources)
    await erase(world.resources, portal)
    assert await world.row()

    world.pass_time(days=2)
    await tidy_all(world.resources)
    await erase(world.resources, portal)

    assert await rows_of(world, portal) == 0


async def test_only_the_portal_itself_removes_the_app(world: World) -> None:
    """Another portal's word, an application token of before, and none at all."""
    installation = await world.install()
    other = await world.install(world.other_portal)
    await new_version(world, installation)
    before = await world.row()
    for token in (other.application_token, installation.former_tokens[-1], "", "0" * 32):
        fields = {
            "event": "ONAPPUNINSTALL",
            "data[CLEAN]": "1",
            "auth[member_id]": world.portal.member_id,
            "auth[domain]": world.portal.host,
            "auth[application_token]": token,
        }
        async with world.http.post(f"{world.app_url}/bitrix/events", data=fields) as answer:
            assert answer.status == 403, await answer.text()

    assert await world.row() == before
    assert (await world.row(world.other_portal)).state is PortalState.ACTIVE


# --- an old portal ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clean", [False, True], ids=["with its data kept", "with its data deleted"])
async def test_an_old_portal_goes_the_whole_way(world: World, clean: bool) -> None:
    """It names no auth server, no application token and no scopes at an open: installed, told, removed, installed."""
    world.portal.old = True
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    assert (await world.row()).token_digest is not None, "its own event brings the application token"
    await world.subscribe()

    world.tick(CONTACT, contact)
    await world.settle()
    assert await told(world) == ["pending"]

    await new_version(world, installation)
    world.tick(CONTACT, contact, ticked=False)
    await world.settle()
    assert await told(world) == ["pending", "confirmed"]

    await world.uninstall(installation, clean=clean)
    await world.erase()
    await world.install()
    assert (await world.row()).state is PortalState.ACTIVE
    if clean:
        await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()
    assert await told(world) == ["pending", "confirmed", "pending"]


async def test_a_portal_that_came_back_is_asked_for_an_export_for_a_week_and_not_where_its_data_was_kept(
    world: World,
) -> None:
    asked, greeted = "удаляли из этого Битрикс24 вместе с данными", "Приложение здесь уже было"
    installation = await world.install()
    await world.uninstall(installation, clean=True)
    await world.erase()
    installation = install(world.portal, world.market_app, world.admin())
    assert greeted in (await world.open(installation, world.admin())).text
    finish(installation, world.admin())
    await world.settle()
    assert asked in (await main(world, world.admin())).html

    await world.uninstall(installation, clean=False)
    installation = install(world.portal, world.market_app, world.admin())
    assert greeted not in (await world.open(installation, world.admin())).text
    finish(installation, world.admin())
    await world.settle()
    world.pass_time(days=8)
    assert asked not in (await main(world, world.admin())).html


# --- administrators --------------------------------------------------------------------------------------------------


async def pairs(world: World) -> list[int]:
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        return [one.user_id for one in await tokens.living(db, row.id)]


async def opened_by(world: World, *admins: User) -> None:
    for one in admins:
        world.pass_time(seconds=1)
        page = await world.open(world.installation(), one)
        assert page.status == 200, page.text


async def test_the_three_who_opened_last_are_kept_newest_first(world: World) -> None:
    await world.install()
    first, second, third = (another_admin(world, number) for number in (71, 72, 73))
    await opened_by(world, first, second)
    assert await pairs(world) == [second.id, first.id, world.admin().id]

    await opened_by(world, third)  # the fourth: whoever installed goes
    assert await pairs(world) == [third.id, second.id, first.id]

    await opened_by(world, first)  # again: newest once more, and still three
    assert await pairs(world) == [first.id, third.id, second.id]


async def test_dismissed_admins_are_skipped_until_none_is_left_and_the_next_is_told(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    admins = [another_admin(world, number) for number in (71, 72, 73)]
    await opened_by(world, *admins)
    admins[2].active = admins[1].active = False
    world.tick(CONTACT, contact)
    await world.settle()
    assert await told(world) == ["pending"]
    assert await pairs(world) == [admins[0].id]

    admins[0].active = False
    world.tick(CONTACT, contact, ticked=False)
    await world.settle()
    assert (await world.row()).state is PortalState.NEEDS_ADMIN

    employee = await world.open(world.installation(), world.manager())
    assert "Приложение потеряло доступ" in employee.text and "снова работает" not in employee.text
    assert (await world.row()).state is PortalState.NEEDS_ADMIN, "an employee brings no token that would do"

    page = await world.open(world.installation(), world.admin())
    assert "снова работает" in page.text
    await world.settle()
    assert await told(world) == ["pending", "confirmed"]
    again = await world.open(world.installation(), world.admin())
    assert "снова работает" not in again.text
