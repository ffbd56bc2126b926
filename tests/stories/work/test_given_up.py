"""What was given up is tried again or closed by a person; a portal that paid silently is found within the hour."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis import Redis
from sqlalchemy import select, update

from b24app.cli.failures import settled, show_failures
from b24app.domain.portal.installation import PortalState
from b24app.work.store import failures
from b24app.work.store.tables import inbox
from b24app.work.store.tables import work as work_table
from b24app.work.wake import CHORES, open_queue
from emulator.crm.entities import Entity
from tests.chores import due, look_at, rewake_all
from tests.world import World

CONTACT = Entity.CONTACT


@pytest.fixture
async def given_up(world: World) -> AsyncIterator[int]:
    """A contact whose tick was given up: its rows failed, its subject waits no more."""
    contact = world.add_contact()
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    await world.emulator.world.deliver()
    async with world.resources.tenant((await world.row()).id) as db:
        await db.execute(
            update(inbox)
            .where(inbox.c.state == "waiting")
            .values(state="failed", error="CallRefused", handled_at=world.resources.now())
        )
        await db.execute(work_table.delete())
    await world.settle()
    assert world.receiver.events() == []
    yield contact


async def states(world: World) -> set[str]:
    async with world.resources.tenant((await world.row()).id) as db:
        return set((await db.execute(select(inbox.c.state))).scalars())


async def test_it_is_listed_with_its_reason_and_tried_again(world: World, given_up: int) -> None:
    portal = await world.row()
    (line,) = await settled(world.resources, portal, (), retry=False, close=False)
    assert line.endswith(f"contact:{given_up}  ONCRMCONTACTUPDATE  CallRefused")
    assert await settled(world.resources, portal, (), retry=True, close=False) == ["waiting again 1"]

    await world.settle()

    assert [one.data["new_state"] for one in world.receiver.events()] == ["pending"]
    assert await states(world) == {"done"}
    assert await settled(world.resources, portal, (), retry=True, close=False) == ["waiting again 0"]


async def test_it_is_closed_and_nothing_happens(world: World, given_up: int) -> None:
    portal = await world.row()
    async with world.resources.tenant(portal.id) as db:
        (row,) = await failures.listing(db, portal.id)
    assert await settled(world.resources, portal, [row.id + 1], retry=False, close=True) == ["closed 0"]
    assert await settled(world.resources, portal, [row.id], retry=False, close=True) == ["closed 1"]
    await world.settle()
    assert await states(world) - {"done"} == {"closed"}
    assert world.receiver.events() == []


async def test_another_portals_rows_are_out_of_reach(world: World, given_up: int) -> None:
    await world.install(world.other_portal)
    theirs = await world.row(world.other_portal)
    assert await settled(world.resources, theirs, (), retry=False, close=False) == []
    assert await settled(world.resources, theirs, (), retry=False, close=True) == ["closed 0"]
    assert await states(world) - {"done"} == {"failed"}


async def test_the_command_itself(world: World, given_up: int, capsys: pytest.CaptureFixture[str]) -> None:
    settings, domain = world.resources.settings, (await world.row()).domain
    assert await show_failures(settings, "nobody.example", (), retry=False, close=False) == 1
    assert await show_failures(settings, domain, (), retry=False, close=False) == 0
    assert f"contact:{given_up}" in capsys.readouterr().out


async def test_a_portal_that_has_paid_is_found_without_its_event(world: World) -> None:
    installation = await world.install()
    portal = await world.row()
    installation.payment_expired = True
    await look_at(world.resources, portal.id)
    assert (await world.row()).state is PortalState.UNPAID
    installation.payment_expired = False

    await rewake_all(world.resources)
    world.pass_time(hours=1)
    assert await rewake_all(world.resources)

    connection = Redis.from_url(world.resources.settings.redis_url)
    jobs = {(job.func_name, tuple(job.args)) for job in open_queue(CHORES, connection).jobs}
    connection.close()
    assert {arguments for _, arguments in jobs} >= {("tidy_portal", portal.id), ("look_at_portal", portal.id)}
    await look_at(world.resources, portal.id)
    assert (await world.row()).state is PortalState.ACTIVE
    assert await due(world.resources, "look_at_portal") == []
