"""Nothing comes back after the end: whoever was storing something meanwhile, installs again or erases late."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from b24app.bitrix24.auth_server import AuthServer, TokenPair
from b24app.bitrix24.cards import Person
from b24app.bitrix24.payloads import open_request
from b24app.domain.portal.installation import PortalState, Verdict
from b24app.errors import PortalClosed, Refused
from b24app.portal.journeys import installation, opening, removal, sessions
from b24app.portal.journeys.tokens import StoredTokens, remember, still_here
from b24app.portal.store import portals
from b24app.portal.store.tables import tokens, viewer_sessions
from b24app.store.engine import open_engine
from b24app.verification.store.tables import memberships
from emulator.model.installs import finish, install, uninstall
from emulator.opening import open_form
from tests.chores import erase
from tests.stories.portal.removing import kept, said
from tests.stories.scene import Scene
from tests.world import World


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
    portal = await opening.ready(world.resources, proven)
    await world.uninstall(scene.installation, clean=True)

    with pytest.raises(Refused, match="portal_unknown"):
        await opening.welcome(world.resources, proven, portal, person)
    with pytest.raises(Refused, match="portal_unknown"):
        async with world.resources.tenant(portal.id) as db:
            await sessions.open_session(db, world.resources, proven, portal, person)
    await nothing_came_back(world)


async def test_an_installer_that_was_being_opened_calls_no_removal_off(world: World, scene: Scene) -> None:
    proven, _ = await proven_open(world, scene)
    await world.uninstall(scene.installation, clean=True)
    with pytest.raises(PortalClosed):
        await opening.set_up(world.resources, proven)
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

    portal, report = await opening.set_up(world.resources, proven)
    assert (portal.state, report.ok) == (PortalState.INSTALLING, True)
    world.leftovers_explained = "the installation is not finished"


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
