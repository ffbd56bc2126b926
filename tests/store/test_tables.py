"""Each table is handed in by exactly one room, and a portal that is erased leaves nothing in any of them."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pathlib import Path

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

import b24app
from b24app.portal.store import departures, retention
from b24app.store.engine import open_engine
from b24app.store.tables import metadata
from tests.store.rich import rich
from tests.store.samples import FULL, row
from tests.tables import TABLES
from tests.world import World


def test_each_table_is_handed_in_once() -> None:
    root = Path(b24app.__file__).parents[1]
    for found in (*root.glob("b24app/*/store/tables.py"), *root.glob("tests/*/store/tables.py")):
        import_module(".".join(found.relative_to(root).with_suffix("").parts))
    assert Counter(table.name for table in TABLES) == Counter(list(metadata.tables))


async def test_a_portal_that_is_erased_leaves_one_line_and_its_neighbour_alone(world: World) -> None:
    owned = await rich(world)
    engine = open_engine(world.resources.settings.database_owner_url)
    async with engine.begin() as db:
        await departures.note(db, owned.id)
        for name, rows in (await _counts(db, owned.id)).items():
            if not rows:
                table = metadata.tables[name]
                await db.execute(insert(table).values(row(table, FULL) | {"portal_id": owned.id}))
        before, neighbours = await _counts(db, owned.id), await _counts(db, owned.other)
        went = await retention.erase(db, owned.id, TABLES, owned.now)
        after = await _counts(db, owned.id)
        assert await _counts(db, owned.other) == neighbours
    await engine.dispose()
    assert all(before.values()), before
    assert {name: rows for name, rows in after.items() if rows} == {"departures": 1}
    assert went == sum(before.values()) - 1


async def _counts(db: AsyncConnection, portal_id: int) -> dict[str, int]:
    counted = {}
    for table in TABLES:
        owner = table.c.id if table.name == "portals" else table.c.portal_id
        counted[table.name] = (await db.execute(select(func.count()).where(owner == portal_id))).scalar_one()
    return counted
