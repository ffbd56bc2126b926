"""What no event told of: found by looking, put right, counted and shown."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from b24app.cards.journeys.settings_view import settings_view
from b24app.cards.store import scans
from b24app.domain.cards.drift import Drift, Scope
from b24app.lanes import Lane
from b24app.verification.store.tables import memberships
from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.chores import due, sweep_one
from tests.world import World
from workers.inbox import drain_portal

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


async def drift(world: World, reach: Scope = Scope.ALL) -> dict[Drift, int]:
    async with world.resources.tenant((await world.row()).id) as db:
        return dict((await scans.newest(db, (await world.row()).id))[reach].drift)


async def states(world: World) -> dict[tuple[int, int], str]:
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        rows = await db.execute(select(memberships).where(memberships.c.portal_id == portal_id))
    return {(row.contact_id, row.company_id): row.state for row in rows}


async def total(world: World) -> dict[str, int]:
    async with world.http.get(f"{world.app_url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    found = [line.split(" ") for line in lines if line.startswith("b24app_drift_total{")]
    return {name.split('"')[1]: int(float(value)) for name, value in found}


async def test_a_link_cut_without_an_event_is_found_by_the_sweep(world: World) -> None:
    company, other = world.add_company(), world.add_company("ООО «Кран»")
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()

    world.portal.crm.links.drop(contact, company)
    world.portal.crm.links.add(contact, other)
    world.pass_time(minutes=2)
    await world.settle()
    assert world.receiver.events() == []

    await world.sweep()

    (left,) = world.receiver.events()
    assert (left.data["company_id"], left.data["new_state"], left.data["reason"]) == (company, "left", "unlinked")
    assert await states(world) == {(contact, company): "left", (contact, other): "confirmed"}
    assert await drift(world) == {Drift.LINK: 3}  # the contact and both companies show it
    assert await total(world) == {"link": 3}

    await world.sweep()
    assert await drift(world) == {}
    assert await total(world) == {"link": 3}


async def test_a_deletion_whose_event_was_lost_is_found_by_the_sweep(world: World) -> None:
    contact = world.add_contact(world.add_company())
    last = world.add_contact()
    await world.install()
    await world.subscribe()

    for one in (contact, last):
        world.portal.crm.delete(CONTACT, one, world.admin())
    world.forget_events()
    await world.sweep()

    told = {one.data["contact_id"]: one.data["new_state"] for one in world.receiver.events()}
    assert told == {contact: "suspended", last: "suspended"}
    assert (await drift(world))[Drift.DELETED] == 2


async def test_a_card_whose_addition_was_lost_long_ago_is_found_by_the_sweep(world: World) -> None:
    company = world.add_company()
    await world.install()
    await world.subscribe()
    contact = world.add_contact(company, UF_CRM_B24APP_CHECK="1")
    world.forget_events()
    world.pass_time(days=1)

    await world.sweep()

    (told,) = world.receiver.events()
    assert (told.data["contact_id"], told.data["new_state"]) == (contact, "pending")
    assert await drift(world) == {Drift.NEW: 1, Drift.LINK: 1}


async def test_links_of_people_decided_about_lately_are_read_every_half_an_hour(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()
    world.pass_time(minutes=20)
    await world.rescan()

    world.portal.crm.links.drop(contact, company)
    world.pass_time(minutes=11)
    await world.rescan()

    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending", "left", "pending"]
    assert await drift(world, Scope.PEOPLE) == {Drift.LINK: 1}


async def test_a_change_whose_event_was_lost_is_drift_and_echoes_of_our_own_are_none(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    world.forget_events()
    world.pass_time(minutes=6)

    await world.rescan()
    assert await drift(world, Scope.RECENT) == {Drift.FIELDS: 1}
    assert len(world.receiver.events()) == 1

    world.pass_time(minutes=6)
    await world.rescan()  # our own writes are all that was modified since
    assert await drift(world, Scope.RECENT) == {}
    assert await total(world) == {"fields": 1}


async def test_what_an_event_has_told_already_is_no_drift(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    world.tick(CONTACT, contact)
    await world.emulator.world.deliver()
    world.pass_time(minutes=2)

    await world.rescan()

    assert await drift(world, Scope.RECENT) == {}


async def test_a_sweep_whose_worker_was_killed_goes_on_where_it_stopped(world: World) -> None:
    for number in range(60):
        world.add_contact(NAME=f"Человек {number}")
    await world.install()
    lost = world.add_contact()
    world.portal.crm.delete(CONTACT, lost - 1, world.admin())
    world.forget_events()
    world.failpoints.armed = {"sweep.page"}

    await world.sweep()
    await world.sweep()

    assert world.kills == 1
    assert await drift(world) == {Drift.DELETED: 1, Drift.NEW: 1}
    async with world.resources.tenant((await world.row()).id) as db:
        assert (await scans.newest(db, (await world.row()).id))[Scope.ALL].seen == 60


async def test_cards_our_admin_no_longer_sees_do_not_count_as_deleted(world: World) -> None:
    world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    admin = world.admin()
    admin.admin, admin.crm_access = False, CrmAccess.NONE

    await world.sweep()

    assert (await world.row()).state == "needs_admin"
    assert world.receiver.events() == []
    assert await total(world) == {}
    admin.admin = True
    await world.open(world.installation(), admin)
    await world.sweep()
    assert await drift(world) == {}


async def test_a_card_made_while_the_sweep_runs_is_neither_gone_nor_hidden(world: World) -> None:
    """The sweep has its list already when a worker stores the new card."""
    for number in range(900):
        world.add_contact(NAME=f"Человек {number}")
    await world.install()
    portal_id, listed = (await world.row()).id, asyncio.Event()

    def at_page() -> None:
        world.failpoints.meanwhile["sweep.page"] = at_page
        if world.failpoints.passed.count("sweep.page") == 12:
            listed.set()

    at_page()

    async def newcomer() -> None:
        await listed.wait()
        world.add_contact(NAME="Новый")
        await world.emulator.world.deliver()
        await drain_portal(world.resources, portal_id, Lane.INTERACTIVE)

    await asyncio.gather(newcomer(), sweep_one(world.resources, portal_id))
    await world.settle()

    assert (await world.row()).state == "active"
    assert await total(world) == {}


async def test_everything_is_compared_at_night_after_an_outage_and_by_button(world: World) -> None:
    world.add_contact()
    await world.install()
    portal_id = (await world.row()).id
    await world.sweep()
    assert await due(world.resources, "sweep_portal") == []

    world.pass_time(days=1)
    assert await due(world.resources, "sweep_portal") == [("sweep_portal", portal_id)]
    await world.sweep()
    assert await due(world.resources, "sweep_portal") == []

    await world.rescan()  # nobody had looked for a day
    assert await due(world.resources, "sweep_portal") == [("sweep_portal", portal_id)]
    await world.sweep()
    assert await due(world.resources, "sweep_portal") == []

    await world.ask_sweep()
    async with world.resources.tenant(portal_id) as db:
        assert (await settings_view(db, world.resources, await world.row())).sweep_under_way
    assert await due(world.resources, "sweep_portal") == [("sweep_portal", portal_id)]


async def test_a_module_that_is_off_looks_at_nothing(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    await world.mode("off")
    world.tick(CONTACT, contact)
    world.forget_events()
    world.pass_time(minutes=6)

    await world.rescan()
    await world.sweep()

    assert await total(world) == {}
