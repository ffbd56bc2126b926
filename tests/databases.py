"""What is kept from test to test: engines whose connections have met the tables and whose statements are compiled."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from b24app.demo import servers
from b24app.store.engine import open_engine
from b24app.store.tables import metadata
from tests.tables import TABLES

LARGE = 1 << 20  # bytes of all tables: rows that were deleted stay in the files for a while
_engines: dict[str, AsyncEngine] = {}


def engine_of(server: servers.Postgres, role: str = servers.APP) -> AsyncEngine:
    """The pool is everybody's, what is listened to on the engine is the caller's own."""
    url = server.url(role)
    if url not in _engines:
        _engines[url] = open_engine(url, pool_size=10, max_overflow=10)
    return _engines[url].execution_options()


async def close_engine(server: servers.Postgres, role: str = servers.APP) -> None:
    """Of a database that goes."""
    if engine := _engines.pop(server.url(role), None):
        await engine.dispose()


async def close_engines() -> None:
    while _engines:
        await _engines.popitem()[1].dispose()


async def empty(server: servers.Postgres) -> None:
    """No rows, and every sequence at its start. A few rows are deleted: to truncate each table takes longer."""
    names = [table.name for table in metadata.sorted_tables if table in TABLES]
    size = " + ".join(f"pg_relation_size('{name}')" for name in names)
    deletes = " ".join(f"IF EXISTS (SELECT FROM {name}) THEN DELETE FROM {name}; END IF;" for name in reversed(names))
    restarts = "PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;"
    truncate = f"TRUNCATE {', '.join(names)} CASCADE;"
    async with engine_of(server, servers.OWNER).begin() as db:
        await db.execute(
            text(f"DO $$ BEGIN IF {size} > {LARGE} THEN {truncate} ELSE {deletes} END IF; {restarts} END $$")
        )
