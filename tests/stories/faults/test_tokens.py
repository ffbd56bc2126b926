"""Tokens run out, are lost or spent, and the people behind them leave: the story goes on with whoever is left."""

from __future__ import annotations

import asyncio

import pytest

from b24app.cards.journeys import rescan
from b24app.domain.portal.installation import PortalState
from b24app.lanes import Lane
from emulator.model.faults import FOREVER, Break
from tests.stories.differences.switches import proves, switch
from tests.stories.scene import CONTACT, INTENDED, Scene, another_admin, asked, at, pass_until, told_once, waits
from tests.world import Killed, World
from workers.inbox import drain_portal


@proves("expire")
async def test_a_token_that_expired_before_its_time_is_refreshed_once(world: World, scene: Scene) -> None:
    before = asked(world, "oauth/token")
    await switch(world, "expire")
    world.tick(CONTACT, scene.contact)
    await world.settle()

    told_once(world, scene)
    assert asked(world, "oauth/token") == before + 1


async def test_a_token_that_expires_in_the_middle_is_refreshed_once(world: World, scene: Scene) -> None:
    before = asked(world, "oauth/token")
    at(world, INTENDED, lambda: world.emulator.world.auth.expire_access(scene.installation))
    world.tick(CONTACT, scene.contact)
    await world.settle()

    told_once(world, scene)
    assert asked(world, "oauth/token") == before + 1


async def test_many_who_meet_an_expired_token_refresh_it_once(world: World, scene: Scene) -> None:
    portal, before = await world.row(), asked(world, "oauth/token")
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    world.pass_time(hours=2)
    world.emulator.world.faults.add(Break.SLOW, host=world.emulator.world.auth_host, method="oauth/token", seconds=0.3)

    await asyncio.gather(
        drain_portal(world.resources, portal.id, Lane.INTERACTIVE),
        *(rescan.run(world.resources, portal) for _ in range(4)),
    )
    await world.settle()

    told_once(world, scene)
    assert asked(world, "oauth/token") == before + 1


async def test_an_auth_server_that_is_down_is_waited_for(world: World, scene: Scene) -> None:
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.emulator.world.auth_host)
    world.pass_time(hours=2)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    row = await waits(world, f"contact:{scene.contact}", "INTERNAL_SERVER_ERROR")
    world.emulator.world.faults.clear()
    pass_until(world, row)
    await world.settle()
    told_once(world, scene)


@pytest.mark.parametrize("hours", [0, 3], ids=["at once", "overnight"])
async def test_a_dismissed_installer_is_replaced_by_the_other_admin(world: World, scene: Scene, hours: int) -> None:
    installer, other = world.admin(), another_admin(world)
    for one in (other, installer):  # the installer opened last, so theirs is the token in use
        await world.open(scene.installation, one)
    installer.active = False
    world.pass_time(hours=hours)

    world.tick(CONTACT, scene.contact)
    await world.settle()

    told_once(world, scene)
    assert (await world.row()).state is PortalState.ACTIVE


@proves("user active")
async def test_without_any_admin_rows_wait_for_the_next_who_opens(world: World, scene: Scene) -> None:
    await switch(world, "user", user=world.admin().id, active=False)
    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert (await world.row()).state is PortalState.NEEDS_ADMIN
    await waits(world, f"contact:{scene.contact}", "needs_admin")
    world.pass_time(hours=3)
    await world.settle()
    assert world.receiver.events() == []

    page = await world.open(scene.installation, another_admin(world))
    assert page.status == 200, page.text
    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)


async def test_the_next_admin_ends_the_wait_at_once(world: World, scene: Scene) -> None:
    world.admin().active = False
    world.tick(CONTACT, scene.contact)
    await world.settle()

    await world.open(scene.installation, another_admin(world))
    await world.settle()

    told_once(world, scene)


@pytest.mark.parametrize("loss", ["a worker killed", "the answer lost"])
async def test_a_refreshed_pair_that_never_reached_us(world: World, scene: Scene, loss: str) -> None:
    """The old refresh token is spent and the new one unknown: the other admin's pair carries on."""
    installer, other = world.admin(), another_admin(world)
    for one in (other, installer):
        await world.open(scene.installation, one)
    portal = await world.row()
    world.pass_time(hours=2)
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()

    if loss == "a worker killed":
        world.failpoints.armed = {"tokens.refreshed"}
        with pytest.raises(Killed):
            await drain_portal(world.resources, portal.id, Lane.INTERACTIVE)
    else:
        world.emulator.world.faults.add(Break.LOST_AFTER, host=world.emulator.world.auth_host, method="oauth/token")
        await drain_portal(world.resources, portal.id, Lane.INTERACTIVE)
    world.pass_time(seconds=71)  # claims run out: the subject's and the refresh's
    await world.settle()

    told_once(world, scene)


@proves("revoke")
async def test_a_refresh_token_that_was_revoked_waits_for_the_next_admin(world: World, scene: Scene) -> None:
    await switch(world, "revoke")
    world.pass_time(hours=2)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    await waits(world, f"contact:{scene.contact}", "needs_admin")

    await world.open(scene.installation, world.admin())
    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)


@proves("race")
async def test_a_refresh_that_somebody_else_won_is_not_the_end(world: World, scene: Scene) -> None:
    """Our refresh token is spent, by a copy of our database for example: the other admin's pair carries on."""
    installer, other = world.admin(), another_admin(world)
    for one in (other, installer):
        await world.open(scene.installation, one)
    await switch(world, "race", user=installer.id)
    world.pass_time(hours=2)

    world.tick(CONTACT, scene.contact)
    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)
