"""Requisites: heard of by events that name no card, kept, found again where an event was lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select

from b24app.cards.journeys import importing
from b24app.cards.store import imports, scans
from b24app.cards.store.tables import imports as imports_table
from b24app.cards.store.tables import requisites
from b24app.cli.failures import settled
from b24app.domain.cards.drift import Drift, Scope
from b24app.domain.cards.facts import RequisiteKind
from b24app.domain.work import slices
from b24app.portal.store import portals
from b24app.work.store.tables import inbox
from emulator.crm.entities import Entity
from emulator.model.faults import Break
from emulator.model.people import CrmAccess
from emulator.model.portal import Portal
from tests.chores import fetch_offline_one, import_one
from tests.stories.scene import another_admin, break_calls, pass_until, waits
from tests.world import World
from workers import chores

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
INN, OTHER_INN = "7717586110", "7705500011"
Change = Callable[[World, int], None]


async def kept(world: World, portal: Portal | None = None) -> dict[int, tuple[str, str]]:
    """Requisite → the card it hangs on, and its INN."""
    portal_id = (await world.row(portal)).id
    async with world.resources.tenant(portal_id) as db:
        there = (requisites.c.portal_id == portal_id, requisites.c.gone_at.is_(None))
        rows = await db.execute(select(requisites).where(*there))
    return {row.crm_id: (f"{row.owner_kind}:{row.owner_id}", row.inn) for row in rows}


async def called(world: World) -> set[str]:
    """Cards that were called because of their requisites."""
    by_them = (inbox.c.source == "neighbour", inbox.c.name == "requisite")
    async with world.resources.tenant((await world.row()).id) as db:
        return set((await db.execute(select(inbox.c.subject).where(*by_them))).scalars())


async def drift(world: World) -> dict[Drift, int]:
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        return dict((await scans.newest(db, portal_id))[Scope.ALL].drift)


async def waits_for(world: World) -> set[str]:
    async with world.resources.tenant((await world.row()).id) as db:
        return set((await db.execute(select(inbox.c.subject).where(inbox.c.state == "waiting"))).scalars())


def adds(world: World, company: int) -> None:
    world.add_requisite(COMPANY, company, OTHER_INN)


def changes(world: World, company: int) -> None:
    (one,) = world.portal.crm.requisites.of(COMPANY, company)
    world.portal.crm.requisites.update(one["ID"], {"RQ_INN": OTHER_INN}, world.manager())


def deletes(world: World, company: int) -> None:
    (one,) = world.portal.crm.requisites.of(COMPANY, company)
    world.portal.crm.requisites.delete(one["ID"], world.manager())


def moves(world: World, company: int) -> None:
    """As a merge moves it, and somebody saves it there."""
    crm = world.portal.crm
    (one,) = crm.requisites.of(COMPANY, company)
    crm.requisites.give(crm.requisites.take(COMPANY, company), company + 1)
    crm.requisites.update(one["ID"], {"NAME": "Иначе"}, world.manager())


CHANGES: list[Change] = [adds, changes, deletes, moves]
every_change = pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)


@pytest.fixture
async def company(world: World) -> int:
    """One of two, with a requisite, in a portal that has the app and was read."""
    first = world.add_company("ООО «Кран»", ASSIGNED_BY_ID=world.manager().id)
    assert world.add_company("ООО «Подъём»") == first + 1
    world.add_requisite(COMPANY, first)
    await world.install()
    (of,) = (await kept(world)).values()
    assert of == (f"company:{first}", INN)
    assert await called(world) == set()
    return first


def shown(world: World) -> dict[int, tuple[str, str]]:
    rows = world.portal.crm.requisites
    names = {3: "contact", 4: "company"}
    return {row["ID"]: (f"{names[row['ENTITY_TYPE_ID']]}:{row['ENTITY_ID']}", row["RQ_INN"]) for row in rows}


async def changed(world: World, change: Change, company: int) -> None:
    """How each story ends: what is kept is what the portal shows, and the cards concerned were called, no others."""
    assert await kept(world) == shown(world)
    both = {f"company:{company}", f"company:{company + 1}"}
    assert await called(world) == (both if change is moves else {f"company:{company}"})
    assert await waits_for(world) == set()


@every_change
async def test_what_an_event_tells(world: World, company: int, change: Change) -> None:
    change(world, company)
    await world.settle()
    await changed(world, change, company)
    await world.sweep()
    assert await drift(world) == {}


@every_change
@pytest.mark.bend("change")
async def test_each_event_doubled(world: World, company: int, change: Change) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    change(world, company)
    await world.settle()
    await changed(world, change, company)


@every_change
@pytest.mark.bend("change")
async def test_a_lost_event_is_found_by_the_sweep(world: World, company: int, change: Change) -> None:
    change(world, company)
    world.forget_events()
    world.pass_time(minutes=2)
    await world.settle()
    assert await kept(world) != shown(world) or change is moves

    await world.sweep()

    assert await drift(world) == {Drift.REQUISITE: 1}
    await changed(world, change, company)
    await world.sweep()
    assert await drift(world) == {}


@every_change
@pytest.mark.bend("change")
async def test_a_lost_event_is_fetched_from_what_the_portal_kept(world: World, company: int, change: Change) -> None:
    await fetch_offline_one(world.resources, (await world.row()).id)
    world.emulator.world.faults.events.lose_next = 100
    change(world, company)
    await world.settle()

    await fetch_offline_one(world.resources, (await world.row()).id)
    await world.settle()

    await changed(world, change, company)


@pytest.mark.bend("change")
@pytest.mark.parametrize("point", ["inbox.claimed", "requisites.read", "requisites.settled"])
@every_change
async def test_a_worker_killed_at(world: World, company: int, change: Change, point: str) -> None:
    world.failpoints.armed = {point}
    change(world, company)
    await world.settle()
    assert world.kills == 1
    await changed(world, change, company)


async def test_a_change_made_while_we_read_is_not_lost(world: World, company: int) -> None:
    changes(world, company)
    world.failpoints.meanwhile["requisites.read"] = lambda: deletes(world, company)
    await world.settle()
    assert await kept(world) == {}


async def test_what_nobody_would_act_on_calls_nobody(world: World, company: int) -> None:
    (one,) = world.portal.crm.requisites.of(COMPANY, company)
    world.portal.crm.requisites.update(one["ID"], {"RQ_DIRECTOR": "Соколов"}, world.manager())
    await world.settle()
    assert "requisites.read" in world.failpoints.passed
    assert await called(world) == set()


async def test_cards_and_requisites_have_turns(world: World, company: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of the one wait, the other waits for one slice."""
    monkeypatch.setattr(slices, "INTERACTIVE", 1)
    for name in ("Илья", "Вера", "Пётр"):
        world.add_contact(name=name)
    changes(world, company)
    await world.emulator.world.deliver()
    world.failpoints.passed.clear()

    await world.settle()

    read = [one for one in world.failpoints.passed if one.endswith(".read")]
    assert read[:3] == ["cards.read", "requisites.read", "cards.read"]


async def test_another_portals_requisites_are_another_portals(world: World, company: int) -> None:
    """The same ids on both sides."""
    theirs = world.add_company("Crane Ltd", portal=world.other_portal)
    number = world.add_requisite(COMPANY, theirs, "11", portal=world.other_portal)
    await world.install(world.other_portal)
    assert set(await kept(world)) == {number}
    deletes(world, company)
    await world.settle()
    await world.sweep()
    assert await kept(world) == {}
    assert await kept(world, world.other_portal) == {number: (f"company:{theirs}", "11")}


async def test_a_removal_with_the_data_takes_them(world: World, company: int) -> None:
    portal_id = (await world.row()).id
    await world.uninstall(world.installation(), clean=True)
    await world.erase()
    async with world.resources.tenant(portal_id) as db:
        assert (await db.execute(select(requisites))).first() is None


async def test_what_our_admin_no_longer_sees_does_not_count_as_deleted(world: World, company: int) -> None:
    before = await kept(world)
    changes(world, company)
    admin = world.admin()
    admin.admin, admin.crm_access = False, CrmAccess.OWN

    await world.settle()

    assert (await world.row()).state == "needs_admin"
    assert await kept(world) == before
    admin.admin = True
    await world.open(world.installation(), admin)
    await world.settle()
    assert await kept(world) == shown(world) != before


async def test_an_admin_whom_the_list_refuses_is_replaced_by_the_next(world: World, company: int) -> None:
    """A requisite list refuses whoever may not open the CRM, where a list of cards just shows nothing."""
    before = await kept(world)
    changes(world, company)
    second, admin = another_admin(world), world.admin()
    await world.open(world.installation(), second)
    await world.open(world.installation(), admin)
    admin.admin, admin.crm_access = False, CrmAccess.NONE

    await world.settle()
    world.pass_time(minutes=1)
    await world.settle()

    assert (await world.row()).state == "active"
    assert await kept(world) == shown(world) != before


async def test_the_last_admin_whom_the_list_refuses_leaves_the_portal_waiting(world: World, company: int) -> None:
    before = await kept(world)
    changes(world, company)
    admin = world.admin()
    admin.admin, admin.crm_access = False, CrmAccess.NONE

    await world.settle()

    assert (await world.row()).state == "needs_admin"
    assert await kept(world) == before
    admin.admin = True
    await world.open(world.installation(), admin)
    await world.settle()
    assert await kept(world) == shown(world) != before


async def test_a_sweep_that_the_list_of_requisites_refuses_goes_on_with_the_next_admin(world: World) -> None:
    second, admin = another_admin(world), world.admin()
    await world.install()
    await world.open(world.installation(), second)
    await world.open(world.installation(), admin)
    world.add_requisite(COMPANY, world.add_company())
    world.forget_events()
    admin.admin, admin.crm_access = False, CrmAccess.NONE

    for _ in range(2):
        await world.sweep()

    assert (await world.row()).state == "active"
    assert await kept(world) == shown(world) != {}


async def test_an_admin_who_still_is_one_is_not_buried_for_a_refusal(world: World, company: int) -> None:
    """A portal in trouble refuses with any words."""
    break_calls(world, Break.EMPTY_ERROR, times=1)
    before = await kept(world)
    changes(world, company)

    await world.settle()

    assert (await world.row()).state == "active"
    assert await kept(world) == before
    world.pass_time(minutes=1)
    await world.settle()
    assert await kept(world) == shown(world) != before


async def test_a_portal_that_is_down_is_asked_later(world: World, company: int) -> None:
    break_calls(world, Break.ERROR_500)
    (one,) = world.portal.crm.requisites.of(COMPANY, company)
    changes(world, company)
    await world.settle()
    row = await waits(world, f"requisite:{one['ID']}", "INTERNAL_SERVER_ERROR")
    world.emulator.world.faults.requests.clear()
    pass_until(world, row)
    await world.settle()
    await changed(world, changes, company)


async def test_what_is_refused_for_too_long_is_given_up_and_tried_again_by_a_person(world: World, company: int) -> None:
    """Without a reason: our admin is one."""
    changes(world, company)
    break_calls(world, Break.EMPTY_ERROR)
    for _ in range(6):
        await world.settle()
        world.pass_time(hours=2)
    world.emulator.world.faults.clear()
    (line,) = await settled(world.resources, await world.row(), (), retry=False, close=False)
    assert "  ONCRMREQUISITEUPDATE  access_denied" in line

    assert await settled(world.resources, await world.row(), (), retry=True, close=False) == ["waiting again 1"]
    await world.settle()

    await changed(world, changes, company)


async def test_a_module_that_is_off_looks_at_nothing_and_reads_anew(world: World, company: int) -> None:
    await world.mode("off")
    changes(world, company)
    await world.settle()
    assert [inn for _, inn in (await kept(world)).values()] == [INN]
    assert await waits_for(world) == set()

    await world.mode("on")
    await world.settle()

    await changed(world, changes, company)


# --- the first read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["", "import.page"])
async def test_a_first_read_of_many_goes_on_where_it_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(importing, "BUDGET", -1.0)
    monkeypatch.setattr(chores, "BUDGET", -1.0)
    owner, person = world.add_company(), world.add_contact()
    for number in range(620):
        world.add_requisite(COMPANY, owner, str(number))
    world.add_requisite(CONTACT, person, "771758611012")
    world.failpoints.armed = {point} - {""}
    await world.install()
    for _ in range(9):
        await import_one(world.resources, (await world.row()).id)
    await world.settle()

    assert (await world.row()).imported
    assert await kept(world) == shown(world)
    assert await called(world) == set()
    async with world.resources.tenant((await world.row()).id) as db:
        found = {one.kind: one for one in await imports.progress(db, (await world.row()).id)}
    assert (found[RequisiteKind.REQUISITE].read, found[RequisiteKind.REQUISITE].total) == (621, 621)


async def test_a_portal_that_was_read_before_there_were_requisites_is_read_on(world: World, company: int) -> None:
    """As the migration leaves it: cards are not read again, nor looked for from the beginning."""
    world.pass_time(days=1)
    await world.rescan()
    portal_id, before = (await world.row()).id, (await world.row()).rescanned_at
    async with world.resources.tenant(portal_id) as db:
        await db.execute(delete(requisites))
        await db.execute(delete(imports_table).where(imports_table.c.kind == "requisite"))
        await portals.change(db, portal_id, imported_at=None)
    world.pass_time(days=3)
    world.emulator.world.meters.commands.clear()

    await import_one(world.resources, portal_id)

    assert (await world.row()).imported
    assert (await world.row()).rescanned_at == before
    assert await kept(world) == shown(world)
    assert world.emulator.world.meters.commands["first", "crm.requisite.list"] > 0
    await world.settle()


async def test_a_sweep_whose_worker_was_killed_goes_on_among_the_requisites(world: World, company: int) -> None:
    deletes(world, company)
    for number in range(60):
        world.add_requisite(COMPANY, company, str(number))
    world.forget_events()
    world.pass_time(minutes=2)
    points = world.failpoints

    def the_next_page_dies() -> None:
        """This one is of companies."""
        points.meanwhile["sweep.page"] = lambda: points.armed.add("sweep.page")

    points.meanwhile["sweep.page"] = the_next_page_dies
    await world.sweep()
    assert world.kills == 1
    await world.sweep()
    assert points.passed.count("sweep.page") == 3, "one of companies, two of requisites, none twice"
    assert await drift(world) == {Drift.REQUISITE: 61}
    assert await kept(world) == shown(world)
