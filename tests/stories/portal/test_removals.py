"""A removal is believed only when it is true: the portal ends every token at once, and nobody else can.

Pages: common/events/on-app-uninstall.md, events/safe-event-handlers.md, settings/oauth/error-codes.md. That the
application token proves no server: it is a hidden input of the form every employee's browser posts
(api-reference/widgets/index.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from b24app.bitrix24.auth_server import AuthServer, TokenOwner, TokenPair
from b24app.domain.portal.installation import PortalState, Verdict
from b24app.errors import PortalClosed, PortalDown
from b24app.portal.journeys import removal
from b24app.portal.store import portals
from b24app.portal.store.tables import tokens, viewer_sessions
from b24app.resources import Resources
from b24app.work.store.tables import inbox
from emulator.model.installs import pay, uninstall
from tests.chores import rewake_all
from tests.doors.frames import main
from tests.stories.differences.switches import proves, switch
from tests.stories.portal.removing import auth_server_away, kept, lose_access, said, says_removed
from tests.stories.scene import CONTACT, Scene, another_admin, told_once
from tests.world import World

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
    page = await main(world, world.admin(), "setup")
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
