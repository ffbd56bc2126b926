"""A removal that nobody can prove, or that an administrator or an installation calls off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from b24app.bitrix24.cards import Person
from b24app.domain.portal.installation import PortalState
from b24app.portal.journeys import opening
from b24app.portal.store.tokens import living
from b24app.resources import Resources
from emulator.model.installs import uninstall
from emulator.opening import open_form
from tests.chores import portal_ids
from tests.stories.portal.removing import lose_access, said, says_removed
from tests.stories.scene import CONTACT, Scene, told_once
from tests.world import World

# --- nobody can tell --------------------------------------------------------------------------------------------------


async def test_tokens_known_dead_before_the_event_prove_nothing(world: World, lost: Scene) -> None:
    await says_removed(world)
    await world.settle()
    row = await said(world)
    assert (row.state, row.removal_due_at) == (PortalState.NEEDS_ADMIN, None)
    assert row.removal_said_at
    world.pass_time(days=29)
    await world.chores()
    assert (await world.api("GET", "/memberships", lost.key)).status == 200

    page = await world.open(lost.installation, world.admin())
    assert page.status == 200, page.text
    await world.settle()
    row = await said(world)
    assert (row.state, row.removal_said_at, row.erase) == (PortalState.ACTIVE, None, False)
    world.pass_time(days=60)
    await world.chores()
    assert (await world.row()).state is PortalState.ACTIVE


async def test_what_is_said_while_the_administrators_page_opens_is_called_off_as_well(
    world: World, lost: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would stand there for months, and have the rows erased the moment the last token dies."""
    real, waits = opening.who, [says_removed]

    async def who(resources: Resources, proven: opening.Proven) -> Person:
        person = await real(resources, proven)
        while waits:
            await waits.pop()(world)
            await world.settle()
        return person

    monkeypatch.setattr(opening, "who", who)
    await world.open(lost.installation, world.admin())
    await world.settle()
    row = await said(world)
    assert (row.state, row.removal_said_at, row.erase) == (PortalState.ACTIVE, None, False)

    world.pass_time(days=40)
    world.emulator.world.auth.revoke_refresh(lost.installation)
    await lose_access(world)
    await world.chores()
    assert (await world.row()).state is PortalState.NEEDS_ADMIN, "and its rows are there"


async def test_a_pair_that_a_dead_worker_may_have_spent_proves_nothing(world: World, scene: Scene) -> None:
    """It refreshed and died before it stored what came. Whoever goes on saying that the app was removed waits for just
    that."""
    world.pass_time(hours=2)
    world.failpoints.armed.add("tokens.refreshed")
    await says_removed(world)
    await world.settle()
    world.pass_time(minutes=1)
    world.tick(CONTACT, scene.contact)
    await says_removed(world)
    await world.settle()
    world.pass_time(minutes=15)
    await world.settle()
    row = await said(world)
    assert (world.kills, row.state, row.removal_due_at) == (1, PortalState.NEEDS_ADMIN, None)

    world.pass_time(days=2)
    await world.chores()
    page = await world.open(scene.installation, world.admin())
    assert page.status == 200, page.text
    await world.settle()
    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)


async def test_an_employees_open_does_not_call_it_off(world: World, lost: Scene) -> None:
    await says_removed(world)
    await world.settle()
    await world.open(lost.installation, world.manager())
    assert (await said(world)).removal_said_at


async def test_what_nobody_calls_off_in_a_month_is_erased(world: World, lost: Scene) -> None:
    uninstall(lost.installation, world.admin(), clean=False)
    await world.settle()
    assert (await world.row()).state is PortalState.NEEDS_ADMIN
    world.pass_time(days=30)
    await world.chores()
    assert await portal_ids(world.resources) == []


async def test_who_removes_it_again_right_after_coming_back_is_believed_at_once(world: World, scene: Scene) -> None:
    """The minute between two questions is for whoever says it falsely."""
    await world.uninstall(scene.installation, clean=True)
    back = await world.install()
    assert (await world.row()).state is PortalState.ACTIVE
    await world.uninstall(back, clean=False)
    row = await said(world)
    assert (row.state, row.erase) == (PortalState.REMOVED, False)


# --- it is called off -------------------------------------------------------------------------------------------------


async def test_a_removal_with_the_data_is_called_off_by_installing_again_within_the_day(
    world: World, scene: Scene
) -> None:
    """Keys, endpoints and decisions are what they were: the day is for whoever pressed the wrong button."""
    world.tick(CONTACT, scene.contact)
    await world.settle()
    first = await world.row()
    await world.uninstall(scene.installation, clean=True)
    assert (await world.api("GET", "/memberships", scene.key)).status == 401
    world.pass_time(hours=23)
    await world.chores()

    await world.install()
    world.pass_time(days=2)
    await world.chores()

    assert (await world.row()).id == first.id
    (one,) = (await world.api("GET", "/memberships", scene.key)).json()["data"]
    assert one["state"] == "pending"
    told_once(world, scene)


async def test_a_removal_that_no_event_told_of_is_found_out(world: World, scene: Scene) -> None:
    """Its rows are kept as those of a removal that did not ask for their deletion."""
    uninstall(scene.installation, world.admin(), clean=True)
    world.forget_events()
    world.pass_time(hours=2)
    await world.rescan()
    await world.settle()
    row = await said(world)
    assert (row.state, row.erase) == (PortalState.REMOVED, False)


@pytest.mark.parametrize("where", ["the app's page", "a card's tab"])
async def test_an_administrators_open_calls_off_a_removal_that_counted_in_error(
    world: World, scene: Scene, where: str
) -> None:
    """Every stored token was refused, and yet the app is in the portal."""
    portal = await world.row()
    world.pass_time(hours=2)
    world.emulator.world.auth.revoke_refresh(scene.installation)
    await says_removed(world)
    await world.settle()
    assert (await world.row()).state is PortalState.REMOVED
    tab: dict[str, Any] = {"placement": "CRM_CONTACT_DETAIL_TAB", "ID": scene.contact}
    place = tab if "tab" in where else {}
    employee = await world.open(scene.installation, world.manager(), **place)
    assert employee.status == 403

    page = await world.open(scene.installation, world.admin(), **place)
    assert page.status == 200, page.text
    await world.settle()
    world.pass_time(days=2)
    await world.chores()

    assert await world.row() == replace(await world.row(), id=portal.id, state=PortalState.ACTIVE)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


async def test_an_open_that_was_captured_before_the_removal_calls_nothing_off(world: World, scene: Scene) -> None:
    form = open_form(scene.installation, world.admin())
    await world.uninstall(scene.installation, clean=True)
    async with world.http.post(form.action, data=form.fields) as page:
        assert page.status == 403
    assert (await said(world)).erase


async def test_an_installation_calls_off_what_nothing_bore_out(world: World, lost: Scene) -> None:
    await says_removed(world)
    await world.settle()
    assert (await said(world)).removal_said_at
    assert (await world.open(lost.installation, world.admin(), handler="/install")).status == 200
    row = await said(world)
    assert (row.removal_said_at, row.erase) == (None, False)


async def test_a_refresh_token_of_somebody_else_is_never_kept(world: World, scene: Scene) -> None:
    """An open brings it beside the access token that was proven; whose it is shows when it is used."""
    elsewhere = await world.install(world.other_portal)
    foreign = world.emulator.world.auth.issue(elsewhere, world.admin(world.other_portal))
    form = open_form(scene.installation, world.admin())
    fields = [(name, foreign.refresh_token if name == "REFRESH_ID" else value) for name, value in form.fields]
    async with world.http.post(form.action, data=fields) as page:
        assert page.status == 200
    world.pass_time(hours=2)
    await lose_access(world)
    assert (await world.row()).state is PortalState.NEEDS_ADMIN
    portal = await world.row()
    async with world.resources.tenant(portal.id) as db:
        assert await living(db, portal.id) == []

    await says_removed(world)
    await world.settle()
    assert (await world.row()).state is PortalState.NEEDS_ADMIN, "a foreign pair proves no removal either"
