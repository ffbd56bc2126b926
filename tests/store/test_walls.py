"""The second wall between tenants: row-level security, tried as the app's own role."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from b24app.delivery.store.tables import client_apps
from b24app.demo import servers
from b24app.store.schema import WrongRole, refuse_strong_role
from emulator.crm.entities import Entity
from tests.tables import TABLES, TENANT_TABLES
from tests.world import World


async def test_every_tenant_table_is_walled(postgres: servers.Postgres, world: World) -> None:
    async with world.resources.transaction() as db:
        rows = await db.execute(text("SELECT tablename, rowsecurity FROM pg_tables WHERE schemaname = 'public'"))
        walled = {row.tablename for row in rows if row.rowsecurity}
    assert walled == {table.name for table in TENANT_TABLES}
    assert all("portal_id" in table.c for table in TABLES if table.name != "portals")


async def test_another_portals_transaction_sees_nothing(world: World) -> None:
    await world.install()
    await world.install(world.other_portal)
    contact = world.add_contact(world.add_company())
    await world.settle()
    await world.subscribe()
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    mine, other = await world.row(), await world.row(world.other_portal)

    seen = {}
    async with world.resources.tenant(mine.id) as db:
        for table in TENANT_TABLES:
            seen[table.name] = (await db.execute(select(func.count()).select_from(table))).scalar_one()
    assert {"inbox", "records", "memberships", "endpoints", "events", "outbox", "attempts", "tokens"} <= {
        name for name, count in seen.items() if count
    }
    async with world.resources.tenant(other.id) as db:
        for table in TENANT_TABLES:
            rows = (await db.execute(select(table.c.portal_id).distinct())).scalars()
            assert set(rows) <= {other.id}, table.name
        with pytest.raises(DBAPIError):
            await db.execute(insert(client_apps).values(id=uuid4(), portal_id=mine.id, name="x", created_at=func.now()))
    async with world.resources.transaction() as db:
        for table in TENANT_TABLES:
            assert (await db.execute(select(func.count()).select_from(table))).scalar_one() == 0, table.name


async def test_the_app_refuses_to_run_as_the_owner(postgres: servers.Postgres) -> None:
    await refuse_strong_role(postgres.url())
    for role in (servers.OWNER, "postgres"):
        with pytest.raises(WrongRole):
            await refuse_strong_role(postgres.url(role))


async def test_the_app_may_not_change_the_schema(world: World) -> None:
    with pytest.raises(ProgrammingError):
        async with world.resources.transaction() as db:
            await db.execute(text("ALTER TABLE memberships DISABLE ROW LEVEL SECURITY"))
