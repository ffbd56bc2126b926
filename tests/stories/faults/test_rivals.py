"""Two at the same card at once: one of them does it, nothing is told twice."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from b24app.domain.portal.installation import PortalState
from b24app.lanes import Lane
from b24app.work.store import index
from b24app.work.store.tables import work as table
from emulator.model.faults import Break, Fault
from emulator.model.people import CrmAccess
from tests.chores import sweep_one
from tests.stories.scene import CONTACT, INTENDED, Scene, another_admin, at, told_once
from tests.world import World
from workers import inbox
from workers.inbox import drain_portal


async def test_two_workers_at_once_tell_once(world: World, scene: Scene) -> None:
    portal = await world.row()
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()

    await asyncio.gather(*(drain_portal(world.resources, portal.id, Lane.INTERACTIVE) for _ in range(4)))
    await world.settle()

    told_once(world, scene)


async def test_a_worker_that_was_too_slow_is_overtaken_and_tells_nothing(world: World, scene: Scene) -> None:
    """Its claim runs out while the portal takes its time over the write; another worker does all of it meanwhile."""
    portal, late, fault = await world.row(), asyncio.Event(), Fault(Break.SLOW, host=world.portal.host, seconds=0.5)

    def slow() -> None:
        world.emulator.world.faults.requests.append(fault)
        world.pass_time(seconds=index.LEASE.total_seconds() + 1)
        late.set()

    async def overtake() -> None:
        await late.wait()
        while fault.times:  # noqa: ASYNC110 - until the portal has the write in hand
            await asyncio.sleep(0)
        await drain_portal(world.resources, portal.id, Lane.INTERACTIVE)

    at(world, INTENDED, slow)
    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    await asyncio.gather(drain_portal(world.resources, portal.id, Lane.INTERACTIVE), overtake())
    world.pass_time(seconds=2)
    await world.settle()

    told_once(world, scene)


async def test_two_who_find_out_the_same_admin_bury_that_one_only(world: World, scene: Scene) -> None:
    """A journey and a sweep see at once that the newest admin no longer sees the cards; the next one sees them all."""
    installer, other, portal = world.admin(), another_admin(world), await world.row()
    for one in (other, installer):
        await world.open(scene.installation, one)
    installer.admin, installer.crm_access = False, CrmAccess.NONE
    world.tick(CONTACT, scene.contact, by=other)
    await world.emulator.world.deliver()

    await asyncio.gather(
        drain_portal(world.resources, portal.id, Lane.INTERACTIVE),
        sweep_one(world.resources, portal.id),
        drain_portal(world.resources, portal.id, Lane.BULK),
    )
    world.pass_time(minutes=1)
    await world.settle()

    assert (await world.row()).state is PortalState.ACTIVE
    told_once(world, scene)


async def test_a_slow_portal_costs_no_claim(world: World, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer to answer than a claim lasts; the heartbeat keeps the card, and nobody else reads it."""
    monkeypatch.setattr(inbox, "HEARTBEAT", 0.01)
    portal, fault = await world.row(), Fault(Break.SLOW, host=world.portal.host, seconds=1)
    world.emulator.world.faults.requests.append(fault)

    async def another_worker() -> None:
        while not fault.waiting:  # noqa: ASYNC110 - until the portal has the question
            await asyncio.sleep(0)
        for _ in range(3):
            world.pass_time(seconds=40)
            await renewed(world)
        assert await drain_portal(world.resources, portal.id, Lane.INTERACTIVE) == 0

    world.tick(CONTACT, scene.contact)
    await world.emulator.world.deliver()
    await asyncio.gather(drain_portal(world.resources, portal.id, Lane.INTERACTIVE), another_worker())
    await world.settle()

    told_once(world, scene)


async def renewed(world: World) -> None:
    """The claim lasts from now on."""
    wanted, newest = world.resources.now() + index.LEASE, select(func.max(table.c.claimed_until))
    async with asyncio.timeout(5), world.resources.autocommit() as db:
        while (await db.execute(newest)).scalar_one() < wanted:  # noqa: ASYNC110 - until the heart has beaten
            await asyncio.sleep(0)
