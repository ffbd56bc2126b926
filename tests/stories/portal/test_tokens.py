"""Several processes and one admin's pair: whoever refreshes, the pair is stored before it is used, and none is lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from cryptography.fernet import Fernet

from b24app.assembly import open_resources
from b24app.bitrix24.auth_server import AuthServer, TokenPair
from b24app.domain.portal.installation import PortalState
from b24app.errors import NeedsAdmin, Refused
from b24app.portal.journeys import sessions
from b24app.portal.journeys.tokens import StoredTokens
from b24app.portal.store import tokens
from b24app.resources import Resources
from b24app.vault import Vault
from emulator.crm.entities import Entity
from tests.doors.frames import main
from tests.world import World


@dataclass(frozen=True, slots=True)
class LateAnswers(AuthServer):
    """The auth server does its work at once; its answers are under way until somebody lets them in."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    arrive: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh(self, server_endpoint: str, refresh_token: str) -> TokenPair:
        pair = await AuthServer.refresh(self, server_endpoint, refresh_token)
        self.done.set()
        await self.arrive.wait()
        return pair


def late(resources: Resources) -> LateAnswers:
    auth = resources.auth
    return LateAnswers(auth.session, auth.origins, auth.client_id, auth.client_secret)


async def stored(world: World) -> str:
    """The access token that another process would read."""
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        (pair,) = await tokens.living(db, row.id)
    return world.resources.vault.open(pair.access)


async def test_two_processes_refresh_once(world: World) -> None:
    await world.install()
    row, settings = await world.row(), world.resources.settings
    world.pass_time(hours=2)
    before = world.emulator.world.meters.requests["auth", "oauth/token"]
    async with open_resources(settings, world.resources.manifest, now=world.emulator.world.now) as other:
        keepers = [StoredTokens(one, row) for one in (world.resources, other) for _ in range(10)]
        found = await asyncio.gather(*(keeper.current() for keeper in keepers))
    assert world.emulator.world.meters.requests["auth", "oauth/token"] == before + 1
    assert set(found) == {await stored(world)}


async def test_nobody_uses_a_pair_before_it_is_stored(world: World) -> None:
    await world.install()
    row, auth, old = await world.row(), late(world.resources), await stored(world)
    world.pass_time(hours=2)
    ours = asyncio.create_task(StoredTokens(replace(world.resources, auth=auth), row).current())
    await auth.done.wait()
    others = asyncio.create_task(StoredTokens(world.resources, row).current())
    await asyncio.sleep(0.1)
    assert await stored(world) == old
    assert not others.done(), "the claim is respected"
    auth.arrive.set()
    assert await ours == await others == await stored(world) != old


async def test_a_pair_whose_claim_was_taken_over_is_not_lost(world: World) -> None:
    """The other finds the refresh token spent and buries the pair; then the answer comes after all."""
    await world.install()
    row, auth = await world.row(), late(world.resources)
    world.pass_time(hours=2)
    ours = asyncio.create_task(StoredTokens(replace(world.resources, auth=auth), row).current())
    await auth.done.wait()
    world.pass_time(seconds=71)
    try:
        await StoredTokens(world.resources, row).current()
    except NeedsAdmin:
        auth.arrive.set()
    fresh = await ours
    assert await stored(world) == fresh
    assert (await world.row()).state is PortalState.ACTIVE


async def test_a_newer_pair_of_an_admin_who_opened_meanwhile_stays(world: World) -> None:
    installation = await world.install()
    row, auth = await world.row(), late(world.resources)
    world.pass_time(hours=2)
    ours = asyncio.create_task(StoredTokens(replace(world.resources, auth=auth), row).current())
    await auth.done.wait()
    page = await world.open(installation, world.admin())
    assert page.status == 200, page.text
    newer = await stored(world)
    auth.arrive.set()
    assert await ours == await stored(world) == newer


async def test_a_key_that_was_dropped_too_early_waits_for_an_administrator(world: World) -> None:
    """What was sealed with it cannot be opened: that is one more reason to have no token, and no fault of any card."""
    contact = world.add_contact(world.add_company())
    installation = await world.install()
    await world.subscribe()
    ours = world.resources
    world.resources = replace(ours, vault=Vault((Fernet.generate_key().decode(),)))
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    assert (await world.row()).state is PortalState.NEEDS_ADMIN
    assert not world.receiver.events()

    world.resources = ours
    await world.open(installation, world.admin())
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]


async def test_an_open_page_whose_key_was_dropped_brings_a_fresh_token(world: World) -> None:
    await world.install()
    page = await main(world, world.admin())
    without = replace(world.resources, vault=Vault((Fernet.generate_key().decode(),)))
    with pytest.raises(Refused) as refused:
        await sessions.viewer_of(without, page.block["token"])
    assert (refused.value.code, refused.value.status) == ("session_expired", 401)
