"""An admin installs the app, removes it, installs it again; and those who only pretend to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from b24app.cards.store import imports
from b24app.domain.portal.installation import PortalState
from b24app.errors import NeedsAdmin, Refused
from b24app.portal.journeys.installation import revive
from b24app.portal.journeys.tokens import StoredTokens, settle_at
from b24app.store.tables import portals
from emulator.crm.entities import Entity
from emulator.model.faults import Break
from emulator.model.installs import Installation, finish, install, update
from emulator.opening import OpenForm, open_form
from tests.chores import due, reconcile_one
from tests.tables import TENANT_TABLES
from tests.world import CHECK, STATUS, World


async def rows_of(world: World, portal_id: int) -> dict[str, int]:
    """How many rows each tenant table holds of a portal."""
    found = {}
    async with world.resources.tenant(portal_id) as db:
        for table in TENANT_TABLES:
            found[table.name] = (await db.execute(select(func.count()).select_from(table))).scalar_one()
    return {name: count for name, count in found.items() if count}


async def known_portals(world: World) -> list[tuple[str, str]]:
    async with world.resources.transaction() as db:
        rows = await db.execute(select(portals.c.member_id, portals.c.state).order_by(portals.c.id))
        return [(row.member_id, row.state) for row in rows]


async def test_an_admin_installs_and_everything_is_in_its_place(world: World) -> None:
    installation = await world.install()

    assert (await world.row()).state is PortalState.ACTIVE
    assert {one.placement for one in installation.placements} == {"CRM_CONTACT_DETAIL_TAB", "CRM_COMPANY_DETAIL_TAB"}
    assert {one.event for one in installation.bindings} == set(world.resources.manifest.events)
    for entity in (Entity.CONTACT, Entity.COMPANY):
        assert {CHECK, STATUS} <= {one.name for one in world.portal.crm.userfields[entity]}
    report = (await world.row()).report
    assert report["ok"], report


async def test_installing_again_asks_for_nothing_that_is_there(world: World) -> None:
    installation = await world.install()
    before = len(world.emulator.world.journal)

    page = await world.open(installation, world.admin(), handler="/install")

    assert page.status == 200
    assert before <= len(world.emulator.world.journal)
    events = world.resources.manifest.events
    bound = len(events) + len([what for what in events.values() if what != "lifecycle"])  # of records offline as well
    assert len(installation.bindings) == bound
    assert world.emulator.world.meters.commands[("first", "event.bind")] == bound


async def test_a_new_version_binds_again_what_the_portal_dropped(world: World) -> None:
    installation = await world.install()
    update(installation, replace(world.market_app, version=2), world.admin())
    await world.settle()

    assert {one.event for one in installation.bindings} >= {"ONCRMCONTACTUPDATE", "ONCRMCOMPANYUPDATE"}
    assert len(installation.placements) == len(world.resources.manifest.placements)
    assert (await world.row()).state is PortalState.ACTIVE


async def test_removing_with_data_leaves_nothing(world: World) -> None:
    world.add_contact(world.add_company())
    installation = await world.install()
    await world.subscribe()
    portal_id = (await world.row()).id

    await world.uninstall(installation, clean=True)
    await world.erase()

    assert await known_portals(world) == []
    assert await rows_of(world, portal_id) == {}


async def test_removing_without_data_keeps_it_for_the_return(world: World) -> None:
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    key = await world.subscribe()
    first_token = (await world.row()).token_digest
    await world.uninstall(installation, clean=False)
    assert (await world.row()).state is PortalState.REMOVED
    assert "tokens" not in await rows_of(world, (await world.row()).id)

    await world.install()

    assert (await world.row()).token_digest != first_token
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]
    assert (await world.api("GET", "/memberships", key)).status == 200


async def test_the_other_portal_sees_nothing_of_it(world: World) -> None:
    await world.install()
    await world.install(world.other_portal)
    contact = world.add_contact(world.add_company())
    world.add_contact(world.add_company(portal=world.other_portal), portal=world.other_portal)
    await world.settle()
    mine, theirs = await world.client_app(), await world.client_app(world.other_portal)

    (membership,) = (await world.api("GET", "/memberships", mine)).json()["data"]

    assert membership["contact"]["id"] == contact
    assert (await world.api("GET", f"/memberships/{membership['id']}", theirs)).status == 404
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    (other,) = (await world.api("GET", "/memberships", theirs)).json()["data"]
    assert other["state"] == "confirmed"


@pytest.mark.parametrize("lie", ["domain", "member_id", "token_of_another_app", "token_of_another_portal", "no_token"])
async def test_a_forged_installation_changes_nothing(world: World, lie: str) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    form = forged(world, installation, lie)

    async with world.http.post(form.action, data=form.fields) as answer:
        assert answer.status in (401, 403), await answer.text()

    assert await known_portals(world) == []
    world.emulator.world.events.queued.clear()


def forged(world: World, installation: Installation, lie: str) -> OpenForm:
    """An open that is genuine in all but one thing."""
    honest = open_form(installation, world.admin())
    fields = dict(honest.fields)
    action = honest.action
    match lie:
        case "domain":
            action = action.replace(world.portal.host.replace(":", "%3A"), world.other_portal.host.replace(":", "%3A"))
            assert action != honest.action
        case "member_id":
            fields["member_id"] = world.other_portal.member_id
        case "token_of_another_portal":
            elsewhere = install(world.other_portal, world.market_app, world.admin(world.other_portal))
            fields["AUTH_ID"] = dict(open_form(elsewhere, world.admin(world.other_portal)).fields)["AUTH_ID"]
        case "token_of_another_app":
            foreign = world.foreign_app()
            other = install(world.portal, foreign, world.admin())
            fields["AUTH_ID"] = dict(open_form(other, world.admin()).fields)["AUTH_ID"]
        case "no_token":
            fields["AUTH_ID"] = ""
    return OpenForm(action, list(fields.items()), honest.frame, honest.sid)


async def test_an_employee_cannot_install(world: World) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    page = await world.open(installation, world.manager())
    assert page.status == 403
    assert await known_portals(world) == []
    finish(installation, world.admin())
    world.emulator.world.events.queued.clear()


async def test_an_app_without_pages_is_installed_by_the_portal_itself(world: World) -> None:
    """The installer as a callback: ONAPPINSTALL is posted to it, and there is no frame to finish anything."""
    contact = world.add_contact(world.add_company())
    market_app = replace(world.market_app, callback_install=True)
    installation = install(world.portal, market_app, world.admin())

    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    assert {one.event for one in installation.bindings} >= set(world.resources.manifest.events)
    await world.subscribe()
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]


async def test_the_import_goes_on_where_it_was_cut_off(world: World) -> None:
    company = world.add_company()
    people = [world.add_contact(company, NAME=f"Илья {number}") for number in range(120)]
    world.add_requisite(Entity.COMPANY, company)
    world.failpoints.armed = {"import.page"}

    await world.install()

    assert world.kills == 1
    key = await world.client_app()
    async with world.resources.tenant((await world.row()).id) as db:
        assert {
            one.kind: (one.read, one.total, one.finished) for one in await imports.progress(db, (await world.row()).id)
        } == {
            "company": (1, 1, True),
            "contact": (len(people), len(people), True),
            "requisite": (1, 1, True),
        }
    found = (await world.api("GET", "/memberships?limit=200", key)).json()["data"]
    assert sorted(one["contact"]["id"] for one in found) == people
    assert world.receiver.events() == []


async def test_a_portal_that_already_shows_ticked_boxes_is_believed_without_news(world: World) -> None:
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    await world.uninstall(installation, clean=True)
    await world.erase()

    await world.install()
    key = await world.subscribe()

    (membership,) = (await world.api("GET", "/memberships", key)).json()["data"]
    assert membership["state"] == "pending"
    assert membership["sections"]["orders"] == "blocked"
    assert world.receiver.events() == []


async def test_an_employees_genuine_token_installs_nothing(world: World) -> None:
    """Any employee can read their own token out of a frame; it must not make them the installer."""
    installation = await world.install()
    before = await world.row()
    fields = dict(open_form(installation, world.manager()).fields)
    body = {
        "event": "ONAPPINSTALL",
        "auth[member_id]": world.portal.member_id,
        "auth[application_token]": "chosen by the attacker",
        "auth[access_token]": fields["AUTH_ID"],
        "auth[refresh_token]": fields["REFRESH_ID"],
        "auth[server_endpoint]": world.emulator.world.auth.server_endpoint,
        "auth[user_id]": str(world.manager().id),
    }
    for path in ("/bitrix/events", "/install"):
        for event in ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONCRMCONTACTADD"):
            async with world.http.post(world.app_url + path, data={**body, "event": event}) as answer:
                assert answer.status == 403, (path, event, await answer.text())
    assert await world.row() == before


async def test_a_late_worker_wakes_no_removed_portal(world: World) -> None:
    installation = await world.install()
    late = await world.row()
    await world.uninstall(installation, clean=True)

    with pytest.raises(NeedsAdmin):
        await StoredTokens(world.resources, late).current()
    await revive(world.resources, late)

    assert (await world.row()).state is PortalState.REMOVED
    await world.erase()
    assert await known_portals(world) == []


async def test_an_update_while_the_portal_is_down_is_made_up_for(world: World) -> None:
    """The portal has dropped the bindings already and tells us nothing more: set-up is owed."""
    installation = await world.install()
    world.emulator.world.faults.add(Break.ERROR_500, times=3, method="batch")
    update(installation, replace(world.market_app, version=2), world.admin())
    await world.settle()
    assert installation.placements == []

    await reconcile_one(world.resources, (await world.row()).id)

    assert len(installation.placements) == len(world.resources.manifest.placements)
    world.pass_time(minutes=2)
    assert await due(world.resources, "reconcile_portal") == []


async def test_a_portal_whose_address_is_not_its_own_is_not_followed(world: World) -> None:
    """Even the auth server's word is looked at: the REST root stands on the portal's own host."""
    await world.install()
    portal = await world.row()
    owner = await world.resources.auth.app_info(
        portal.auth_server, await StoredTokens(world.resources, portal).current()
    )

    with pytest.raises(Refused, match="wrong_endpoint"):
        await settle_at(world.resources, portal, replace(owner, client_endpoint="http://127.0.0.9:80/rest/"))
    assert (await world.row()).endpoint == portal.endpoint
    assert not await settle_at(world.resources, portal, owner)
