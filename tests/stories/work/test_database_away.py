"""A database that restarts, or is a standby for a while: nothing is lost, and whoever asks is told the truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import TypeAlias, TypeVar

import asyncpg
import pytest
from sqlalchemy import select

from b24app.demo import servers
from b24app.lanes import Lane
from b24app.work.store import inbox
from b24app.work.store.tables import work
from emulator.crm.entities import Entity
from tests.doors.frames import main
from tests.doors.test_events import form
from tests.world import World
from workers.inbox import drain_portal

CONTACT = Entity.CONTACT
Session: TypeAlias = asyncpg.Connection
T = TypeVar("T")
SESSIONS = "FROM pg_stat_activity WHERE usename = 'b24app'"


@pytest.fixture
async def db(postgres: servers.Postgres) -> AsyncIterator[Session]:
    """Whoever runs the server."""
    session = await asyncpg.connect(host=str(postgres.sockets), user="postgres", database=servers.DATABASE)
    yield session
    await session.close()


async def cut(db: Session) -> None:
    """As a restart does it: every session of the app is gone, the database is there."""
    assert await db.fetch(f"SELECT pg_terminate_backend(pid, 5000) {SESSIONS}")


async def event(world: World, contact: int) -> int:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = form(world.installation(), **{"data[FIELDS][ID]": str(contact)})
    async with world.http.post(f"{world.app_url}/bitrix/events", data=body, headers=headers) as answer:
        return answer.status


async def test_every_door_opens_right_after_a_restart(world: World, db: Session) -> None:
    """Connections that were used a moment ago, several at once."""
    contacts = [world.add_contact(world.add_company(f"ООО {number}")) for number in range(8)]
    await world.install()
    key, page = await world.client_app(), await main(world, world.admin())
    doors = [lambda one=one: event(world, one) for one in contacts]

    async def api() -> int:
        return (await world.api("GET", "/memberships", key)).status

    async def frame() -> int:
        return (await page.call("/frame/status")).status

    async def opening() -> int:
        return (await world.open(world.installation(), world.admin())).status

    for asked in (doors, [api] * 8, [frame] * 4, [opening] * 4):
        await asyncio.gather(*(one() for one in asked))
        await cut(db)
        assert {await one for one in asyncio.as_completed([one() for one in asked])} == {200}
    await world.settle()


async def broken_at(db: asyncpg.Connection, lock: str, doing: Awaitable[T]) -> T:
    """Something is done; while it waits for a lock of ours its connection breaks."""
    hold = db.transaction()
    await hold.start()
    await db.execute(lock)
    task = asyncio.ensure_future(doing)
    while not await db.fetchval(f"SELECT count(*) {SESSIONS} AND wait_event_type = 'Lock'"):
        await db.execute("SELECT pg_stat_clear_snapshot()")
    await db.fetch(f"SELECT pg_terminate_backend(pid, 5000) {SESSIONS}")
    await hold.rollback()
    return await task


async def test_an_event_whose_connection_breaks_while_it_is_stored_is_stored(world: World, db: Session) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()

    assert await broken_at(db, "SELECT 1 FROM portals FOR UPDATE", event(world, contact)) == 200

    async with world.resources.tenant(portal := (await world.row()).id) as found:
        assert await inbox.count(found, portal, "waiting") == 1
    await world.settle()


async def test_cards_whose_connection_breaks_are_done_a_moment_later_and_no_try_is_counted(
    world: World, db: Session
) -> None:
    contacts = [world.add_contact(world.add_company(f"ООО {number}")) for number in range(4)]
    await world.install()
    await world.subscribe()
    for contact in contacts:
        world.tick(CONTACT, contact)
    await world.emulator.world.deliver()
    portal = (await world.row()).id

    await broken_at(
        db,
        "LOCK TABLE memberships IN EXCLUSIVE MODE",
        drain_portal(world.resources, portal, Lane.INTERACTIVE),
    )

    async with world.resources.transaction() as found:
        rows = (await found.execute(select(work.c.error, work.c.tries))).all()
    assert set(rows) == {("database_away", 0)}
    world.pass_time(seconds=10)
    await world.settle()
    assert {world.card(CONTACT, one) for one in contacts} == {(True, "На проверке")}


async def test_a_database_that_only_reads_is_not_ready(world: World, db: Session) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    key = await world.client_app()
    await db.execute("ALTER ROLE b24app SET default_transaction_read_only = on")
    await cut(db)
    try:
        async with world.http.get(f"{world.app_url}/readyz") as answer:
            assert (answer.status, await answer.json()) == (503, {"database": "read_only", "redis": "ok"})
        assert await event(world, contact) == 503
        assert (await world.api("GET", "/memberships", key)).status == 200
        refused = await world.api("POST", "/endpoints", key, {"url": world.receiver.url})
        assert (refused.status, refused.json()["code"], refused.headers["Retry-After"]) == (503, "not_now", "1")
    finally:
        await db.execute("ALTER ROLE b24app RESET default_transaction_read_only")
        await cut(db)
    assert await event(world, contact) == 200
    await world.settle()
