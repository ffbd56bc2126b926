"""A removal is believed only when it is true: the portal ends every token at once, and nobody else can.

Pages: common/events/on-app-uninstall.md, events/safe-event-handlers.md, settings/oauth/error-codes.md. That the
application token proves no server: it is a hidden input of the form every employee's browser posts
(api-reference/widgets/index.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from b24app.bitrix24.auth_server import AuthServer, TokenOwner, TokenPair
from b24app.bitrix24.cards import Person
from b24app.bitrix24.payloads import open_request
from b24app.domain.portal.installation import PortalState, Verdict
from b24app.errors import PortalClosed, PortalDown, PortalError, Refused
from b24app.portal.journeys import installation, opening, removal
from b24app.portal.journeys.tokens import StoredTokens, remember, still_here
from b24app.portal.store import portals
from b24app.portal.store.tables import tokens, viewer_sessions
from b24app.portal.store.tokens import living
from b24app.resources import Resources
from b24app.store.engine import open_engine
from b24app.store.tables import portals as portals_table
from b24app.verification.store.tables import memberships
from b24app.work.store.tables import inbox
from emulator.faults import FOREVER, Break
from emulator.installs import finish, install, pay, uninstall
from emulator.opening import open_form
from placements import opened
from tests.doors.frames import main
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, Scene, another_admin, told_once
from tests.world import World
from workers.chores import erase, look_at, rewake_all


async def says_removed(world: World, *, clean: bool = True) -> int:
    """An employee posts what they have read out of their own browser's form."""
    token = dict(open_form(world.installation(), world.manager()).fields)["APPLICATION_TOKEN"]
    return await says(world, "ONAPPUNINSTALL", token, {"data[CLEAN]": str(int(clean))})


async def says(world: World, event: str, token: str, more: Mapping[str, str]) -> int:
    form = {"event": event, "auth[member_id]": world.portal.member_id, "auth[application_token]": token, **more}
    async with world.http.post(f"{world.app_url}/bitrix/events", data=form) as answer:
        return answer.status


async def said(world: World) -> Any:
    """What is kept of it."""
    async with world.resources.transaction() as db:
        return (await db.execute(select(portals_table).order_by(portals_table.c.id.desc()).limit(1))).one()


async def kept(world: World, table: Any) -> int:
    portal = await world.row()
    async with world.resources.tenant(portal.id) as db:
        return len((await db.execute(select(table.c.portal_id).where(table.c.portal_id == portal.id))).all())


def auth_server_away(world: World) -> None:
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.emulator.world.auth_host)


# --- somebody says so -------------------------------------------------------------------------------------------------


@proves("forge uninstall_by_employee")
async def test_an_employees_word_removes_nothing(world: World, scene: Scene) -> None:
    told = await switch(world, "forge", kind="uninstall_by_employee", url=f"{world.app_url}/bitrix/events")
    assert told["status"] == 200, "who asks learns nothing"
    await world.settle()
    await world.erase()

    row = await said(world)
    assert (row.state, row.erase, row.removal_said_at, row.removal_due_at) == (PortalState.ACTIVE, False, None, None)
    assert await kept(world, tokens)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


async def test_whose_hour_is_over_is_asked_by_refreshing_and_keeps_what_comes(world: World, scene: Scene) -> None:
    world.pass_time(hours=2)
    assert await says_removed(world) == 200
    await world.settle()
    assert (await world.row()).state is PortalState.ACTIVE
    world.tick(CONTACT, scene.contact)
    await world.settle()
    told_once(world, scene)


async def test_while_one_of_several_works_nothing_is_removed(world: World, scene: Scene) -> None:
    """The newest administrator's pair is worthless, the installer's is not."""
    other = another_admin(world)
    await world.open(scene.installation, other)
    world.emulator.world.auth.revoke_refresh(scene.installation, other.id)
    world.pass_time(hours=2)
    await says_removed(world)
    await world.settle()
    assert (await world.row()).state is PortalState.ACTIVE


async def test_an_app_that_is_not_paid_for_is_installed(world: World, scene: Scene) -> None:
    pay(scene.installation, expired=True)
    for hours in (0, 2):
        world.pass_time(hours=hours)
        await says_removed(world)
        await world.settle()
    assert (await said(world)).removal_said_at is None
    assert await kept(world, tokens)


async def test_who_says_it_all_the_time_has_the_auth_server_asked_once_a_minute(world: World, scene: Scene) -> None:
    asked = world.emulator.world.meters.requests
    before = asked["auth", "app.info"]
    for _ in range(5):
        await says_removed(world)
        await world.settle()
    assert asked["auth", "app.info"] == before + 1
    world.pass_time(minutes=1)
    await world.settle()
    assert asked["auth", "app.info"] == before + 2


async def test_a_removal_that_follows_a_false_one_counts_within_a_minute(world: World, scene: Scene) -> None:
    await says_removed(world, clean=False)
    await world.settle()
    await world.uninstall(scene.installation, clean=True)
    assert (await world.row()).state is PortalState.ACTIVE
    world.pass_time(minutes=1)
    await world.settle()
    row = await said(world)
    assert (row.state, row.erase) == (PortalState.REMOVED, True)


async def test_a_removal_that_comes_while_a_false_one_is_asked_about_is_not_lost(world: World, scene: Scene) -> None:
    async def leaves() -> None:
        uninstall(scene.installation, world.admin(), clean=False)
        await world.emulator.world.deliver()

    await says_removed(world)
    asked = await removal.prove(answering(world.resources, leaves), (await world.row()).id)
    assert asked is Verdict.INSTALLED, "so it was when the auth server was asked"
    world.pass_time(minutes=1)
    await world.settle()
    row = await said(world)
    assert (row.state, row.erase) == (PortalState.REMOVED, False), "of two that wait together the milder counts"


# --- it is true -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 2], ids=["in the token's hour", "after it"])
async def test_a_removal_counts_once_the_auth_server_refuses_our_tokens(world: World, scene: Scene, hours: int) -> None:
    """Tokens, sessions and deliveries end at once; of the data a day is left."""
    page = await main(world, world.admin())
    world.receiver.answers = [500]
    world.tick(CONTACT, scene.contact)
    await world.settle()
    tries = world.receiver.tries
    world.tick(CONTACT, scene.contact, ticked=False)
    await world.emulator.world.deliver()  # stored with the token of whoever acted
    world.pass_time(hours=hours)

    await world.uninstall(scene.installation, clean=True)

    row = await said(world)
    assert (row.state, row.erase, row.token_digest) == (PortalState.REMOVED, True, None)
    assert [await kept(world, table) for table in (tokens, viewer_sessions)] == [0, 0]
    async with world.resources.tenant(row.id) as db:
        assert set((await db.execute(select(inbox.c.token))).scalars()) == {None}
    assert (await page.call("/frame/status")).status == 403
    assert (await world.api("GET", "/memberships", scene.key)).status == 401
    world.pass_time(hours=1)
    await world.settle()
    assert world.receiver.tries == tries
    world.leftovers_explained = "what came before the end waits for a return, or is erased"


async def test_an_auth_server_that_calls_the_client_invalid_says_that_the_app_is_gone(
    world: World, scene: Scene
) -> None:
    """ "The application may not be installed" (error-codes.md). The same word tells of a wrong secret of our own."""

    class Refusing(AuthServer):
        knows = True

        async def refresh(self, server_endpoint: str, refresh_token: str) -> TokenPair:
            raise PortalDown("oauth/token", 400, "invalid_client")

        async def knows_us(self, server_endpoint: str) -> bool:
            return self.knows

    class Misled(Refusing):
        knows = False

    portal_id = (await world.row()).id
    world.pass_time(hours=2)
    await says_removed(world, clean=False)
    ours = world.resources.auth
    made = (ours.session, ours.origins, ours.client_id, ours.client_secret)
    assert await removal.prove(replace(world.resources, auth=Misled(*made)), portal_id) is Verdict.ASK_AGAIN
    world.pass_time(hours=3)
    assert await removal.prove(replace(world.resources, auth=Refusing(*made)), portal_id) is Verdict.REMOVED
    assert await ours.knows_us(world.emulator.world.auth.server_endpoint)
    wrong = replace(ours, client_secret="another")
    assert not await wrong.knows_us(world.emulator.world.auth.server_endpoint)


async def test_an_auth_server_that_is_away_is_asked_until_it_answers(world: World, scene: Scene) -> None:
    """What waits stands in the portal's row: every wake-up may be lost."""
    auth_server_away(world)
    await world.uninstall(scene.installation, clean=False)
    first = (await said(world)).removal_due_at
    assert (await world.row()).state is not PortalState.REMOVED
    assert first - world.resources.now() <= timedelta(seconds=16)

    world.pass_time(minutes=20)
    await world.settle()
    later = (await said(world)).removal_due_at
    assert timedelta(minutes=19) < later - world.resources.now() < timedelta(minutes=21)

    world.emulator.world.faults.clear()
    await world.resources.redis.flushdb()
    world.pass_time(minutes=21)
    assert await rewake_all(world.resources) >= 1
    await world.settle()
    assert (await world.row()).state is PortalState.REMOVED


async def test_a_page_that_is_not_there_is_no_word_about_the_app(world: World, scene: Scene) -> None:
    """The auth server's front may be broken: 404 and HTML, whatever is asked."""

    class Misrouted(AuthServer):
        async def app_info(self, server_endpoint: str, token: str) -> TokenOwner:
            raise PortalClosed("app.info", "deleted", 404)

    auth = world.resources.auth
    lost = Misrouted(auth.session, auth.origins, auth.client_id, auth.client_secret)
    await says_removed(world)
    portal_id = (await world.row()).id
    assert await removal.prove(replace(world.resources, auth=lost), portal_id) is Verdict.ASK_AGAIN
    world.pass_time(hours=1)
    await world.settle()
    assert (await said(world)).removal_said_at is None


async def test_a_worker_that_dies_while_asking_leaves_the_question(world: World, scene: Scene) -> None:
    uninstall(scene.installation, world.admin(), clean=False)
    await world.emulator.world.deliver()
    async with world.resources.transaction() as db:
        now = world.resources.now()
        assert await portals.take_removal(db, (await world.row()).id, now, now + removal.HELD)
    await world.settle()
    assert (await world.row()).state is not PortalState.REMOVED
    world.pass_time(minutes=11)
    await world.settle()
    assert (await world.row()).state is PortalState.REMOVED


async def test_tokens_that_died_after_the_event_bear_it_out(world: World, scene: Scene) -> None:
    """The auth server could not be asked at once; a worker found the pair worthless in the meantime."""
    world.pass_time(hours=2)
    uninstall(scene.installation, world.admin(), clean=False)
    world.emulator.world.auth.revoke_refresh(scene.installation)
    auth_server_away(world)
    await world.settle()
    world.emulator.world.faults.clear()
    await lose_access(world)
    world.pass_time(minutes=5)
    await world.settle()
    assert (await world.row()).state is PortalState.REMOVED


async def lose_access(world: World) -> None:
    """A worker needs a token and finds none that works."""
    with pytest.raises(PortalError):
        await StoredTokens(world.resources, await world.row()).current()


# --- nobody can tell --------------------------------------------------------------------------------------------------


@pytest.fixture
async def lost(world: World, scene: Scene) -> Scene:
    """No token works any more, and the app knows it."""
    world.pass_time(hours=2)
    world.emulator.world.auth.revoke_refresh(scene.installation)
    await lose_access(world)
    assert (await world.row()).state is PortalState.NEEDS_ADMIN
    return scene


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
    async with world.resources.transaction() as db:
        assert await portals.all_ids(db) == []


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


# --- nothing comes back after the end ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answering(AuthServer):
    """Something happens between the auth server's answer about a token and whoever asked."""

    meanwhile: Any = None

    async def app_info(self, server_endpoint: str, token: str) -> TokenOwner:
        found = await AuthServer.app_info(self, server_endpoint, token)
        await self.meanwhile()
        return found


def answering(resources: Resources, meanwhile: Any) -> Resources:
    auth = resources.auth
    made = Answering(auth.session, auth.origins, auth.client_id, auth.client_secret, meanwhile)
    return replace(resources, auth=made)


async def proven_open(world: World, scene: Scene) -> tuple[opening.Proven, Person]:
    """An administrator's page that is being opened: everything is proven, nothing stored yet."""
    form = open_form(scene.installation, world.admin())
    query, body = urlsplit(form.action).query, urlencode(form.fields)
    proven = await opening.prove_open(world.resources, open_request(query.encode(), body.encode()))
    return proven, await opening.who(world.resources, proven)


async def nothing_came_back(world: World) -> None:
    row = await said(world)
    assert (row.state, row.fields, row.report) == (PortalState.REMOVED, {}, {})
    assert [await kept(world, table) for table in (tokens, viewer_sessions)] == [0, 0]


async def test_a_page_that_was_being_opened_stores_nothing_after_the_removal(world: World, scene: Scene) -> None:
    proven, person = await proven_open(world, scene)
    portal = await opened.ready(world.resources, proven)
    await world.uninstall(scene.installation, clean=True)

    with pytest.raises(Refused, match="portal_unknown"):
        await opened.welcome(world.resources, proven, portal, person)
    with pytest.raises(Refused, match="portal_unknown"):
        async with world.resources.tenant(portal.id) as db:
            await opening.open_session(db, world.resources, proven, portal, person)
    await nothing_came_back(world)


async def test_an_installer_that_was_being_opened_calls_no_removal_off(world: World, scene: Scene) -> None:
    proven, _ = await proven_open(world, scene)
    await world.uninstall(scene.installation, clean=True)
    with pytest.raises(PortalClosed):
        await opened.set_up(world.resources, proven)
    await nothing_came_back(world)
    assert (await said(world)).erase


async def test_an_installation_that_was_proven_while_the_removal_before_it_was_asked_about_is_admitted(
    world: World, scene: Scene
) -> None:
    """The portal's word about a callback installation is never repeated (mass-market-apps/installation-callback.md)."""
    uninstall(scene.installation, world.admin(), clean=False)
    late = list(world.emulator.world.events.queued)
    world.emulator.world.events.queued.clear()
    again = install(world.portal, world.market_app, world.admin())
    form = open_form(again, world.admin())
    query, body = urlsplit(form.action).query, urlencode(form.fields)
    request = open_request(query.encode(), body.encode())
    proven = await opening.prove_open(world.resources, request, installing=True)
    world.emulator.world.events.queued.extend(late)
    world.pass_time(seconds=1)
    await world.settle()
    assert (await world.row()).state is PortalState.REMOVED

    portal, report = await opened.set_up(world.resources, proven)
    assert (portal.state, report.ok) == (PortalState.INSTALLING, True)
    world.leftovers_explained = "the installation is not finished"


async def test_an_installation_calls_off_what_nothing_bore_out(world: World, lost: Scene) -> None:
    await says_removed(world)
    await world.settle()
    assert (await said(world)).removal_said_at
    assert (await world.open(lost.installation, world.admin(), handler="/install")).status == 200
    row = await said(world)
    assert (row.removal_said_at, row.erase) == (None, False)


async def test_a_removal_waits_for_whoever_is_storing_and_takes_what_they_stored(world: World, scene: Scene) -> None:
    uninstall(scene.installation, world.admin(), clean=False)
    await world.emulator.world.deliver()
    portal = await world.row()
    async with world.resources.tenant(portal.id) as db:
        await still_here(db, portal.id)
        removing = asyncio.create_task(removal.prove(world.resources, portal.id))
        assert await waits_for_a_lock(world.resources.engine)
        await remember(db, world.resources, portal.id, 99, "late", "late", 3600)
    assert await removing is Verdict.REMOVED
    assert await kept(world, tokens) == 0


async def test_a_refresh_under_way_brings_nothing_back(world: World, scene: Scene) -> None:
    """The auth server's answer comes when the app is gone."""
    portal = await world.row()
    done, arrive = asyncio.Event(), asyncio.Event()

    class Late(AuthServer):
        async def refresh(self, server_endpoint: str, refresh_token: str) -> TokenPair:
            pair = await AuthServer.refresh(self, server_endpoint, refresh_token)
            done.set()
            await arrive.wait()
            return pair

    world.pass_time(hours=2)
    auth = world.resources.auth
    late = replace(world.resources, auth=Late(auth.session, auth.origins, auth.client_id, auth.client_secret))
    refreshing = asyncio.create_task(StoredTokens(late, portal).current())
    await done.wait()
    world.pass_time(minutes=2)  # whoever claimed the pair is given up
    await world.uninstall(scene.installation, clean=False)
    arrive.set()
    await refreshing  # a pair that is good for nothing, and bears the removal out
    world.pass_time(minutes=1)
    await world.settle()
    assert (await world.row()).state is PortalState.REMOVED
    assert await kept(world, tokens) == 0


async def test_a_set_up_under_way_reports_nothing_after_the_removal(world: World, scene: Scene) -> None:
    portal = await world.row()
    async with world.resources.tenant(portal.id) as db:
        await portals.change(db, portal.id, state=PortalState.REMOVED, fields={}, report={})
    with pytest.raises(Refused, match="portal_unknown"):
        await installation.reconcile_or_later(world.resources, portal)
    row = await said(world)
    assert (row.fields, row.report) == ({}, {})


async def waits_for_a_lock(engine: AsyncEngine) -> bool:
    """Some transaction of this role waits for another's row; looked at until it does."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(200):
        async with engine.connect() as db:
            if (await db.execute(waiting)).scalar_one():
                return True
        await asyncio.sleep(0.02)
    return False


async def test_who_installs_again_during_the_erasing_waits_for_nothing_and_starts_from_nothing(
    world: World, scene: Scene
) -> None:
    """The erasing of a large portal takes a while; the installer stands in the middle of it."""
    first = await world.row()
    await world.uninstall(scene.installation, clean=True)
    world.pass_time(days=1)
    owner = open_engine(world.resources.settings.database_owner_url)
    async with owner.connect() as holding:
        one = select(memberships.c.id).where(memberships.c.portal_id == first.id).with_for_update()
        assert (await holding.execute(one)).all()
        erasing = asyncio.create_task(erase(world.resources, first.id))
        assert await waits_for_a_lock(owner)

        again = install(world.portal, world.market_app, world.admin())
        page = await asyncio.wait_for(world.open(again, world.admin()), 20)
        assert page.status == 200, page.text
        assert not erasing.done()
        await holding.rollback()
    await erasing
    await owner.dispose()
    finish(again, world.admin())
    await world.settle()
    assert (await world.row()).id != first.id
    assert (await world.row()).state is PortalState.ACTIVE


async def test_an_erasing_that_comes_late_leaves_who_is_back_alone(world: World, scene: Scene) -> None:
    """The installer holds the portal's row first: the erasing finds that it was called off."""
    first = await world.row()
    await world.uninstall(scene.installation, clean=True)
    world.pass_time(days=1)
    async with world.resources.transaction() as db:
        now = world.resources.now()
        back = await portals.remember(
            db,
            member_id=first.member_id,
            public_id="prt_another",
            domain=first.domain,
            endpoint=first.endpoint,
            auth_server=first.auth_server,
            lang="ru",
            scopes=[],
            modes={},
            proven_at=now,
            now=now,
        )
        assert back
        erasing = asyncio.create_task(erase(world.resources, first.id))
        assert await waits_for_a_lock(world.resources.engine)
    await erasing
    assert (back.id, (await world.row()).state) == (first.id, PortalState.INSTALLING)
    assert await kept(world, memberships)
    world.leftovers_explained = "the installation is not finished"


# --- tokens whose owner nobody knows ----------------------------------------------------------------------------------


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


# --- other events that change an installation -------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "the right one", "0" * 32])
async def test_a_payment_with_a_wrong_application_token_is_refused_and_one_without_is_asked_about(
    world: World, scene: Scene, token: str
) -> None:
    """The page's example brings none (common/events/on-app-payment.md)."""
    sent = scene.installation.application_token if token == "the right one" else token
    status = await says(world, "ONAPPPAYMENT", sent, {"data[PAYMENT_EXPIRED]": "Y"})
    assert status == (403 if token == "0" * 32 else 200)
    assert (await world.row()).state is PortalState.ACTIVE, "its word about the payment is none"


async def test_the_auth_server_says_whether_a_portal_has_paid(world: World, scene: Scene) -> None:
    """Not the portal, which may be its owner's own server."""
    portal = await world.row()
    async with world.resources.transaction() as db:
        await portals.change(db, portal.id, state=PortalState.UNPAID)
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.portal.host)
    await look_at(world.resources, portal.id)
    assert (await world.row()).state is PortalState.ACTIVE
