"""Each migration, one after another, over rows that stood there before; in the end the schema is the rooms' tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    MetaData,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from b24app.demo import servers
from b24app.store.schema import alembic_config
from b24app.store.tables import metadata
from tests.stamp.product import VERSIONS
from tests.store.samples import BARE, FULL, row
from tests.tables import TABLES

NAME = "sample"


@pytest.fixture
def database(postgres: servers.Postgres) -> Iterator[str]:
    """An empty database beside the others."""
    asyncio.run(_execute(postgres.url(servers.OWNER, "postgres"), f"CREATE DATABASE {NAME}"))
    yield postgres.url(servers.OWNER, NAME)
    asyncio.run(_execute(postgres.url(servers.OWNER, "postgres"), f"DROP DATABASE {NAME}"))


@pytest.fixture
def config(database: str) -> Config:
    return alembic_config(database, VERSIONS)


def revisions(config: Config) -> list[str]:
    """Oldest first."""
    return [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def test_every_migration_keeps_the_rows_that_stood_there(database: str, config: Config) -> None:
    filled: dict[str, int] = {}
    for revision in revisions(config):
        command.upgrade(config, revision)
        counted = asyncio.run(_on(database, _counts))
        assert {name: counted[name] for name in filled.keys() & counted.keys()} == {
            name: rows for name, rows in filled.items() if name in counted
        }, revision
        asyncio.run(_on(database, _fill))
        filled = asyncio.run(_on(database, _counts))
    assert filled.keys() == {table.name for table in TABLES}


def test_the_newest_schema_is_the_one_the_code_speaks_of(database: str, config: Config) -> None:
    command.upgrade(config, "head")
    assert asyncio.run(_on(database, lambda db: compare_metadata(MigrationContext.configure(db), metadata))) == []


def test_every_migration_can_be_taken_back(database: str, config: Config) -> None:
    command.upgrade(config, "head")
    asyncio.run(_on(database, _fill))
    for _ in revisions(config):
        command.downgrade(config, "-1")
    assert asyncio.run(_on(database, _tables)).tables == {}


def _tables(db: Connection) -> MetaData:
    """What is there, read from the server."""
    found = MetaData()
    found.reflect(db, only=lambda name, _: name != "alembic_version")
    return found


def _counts(db: Connection) -> dict[str, int]:
    return {
        table.name: db.execute(select(func.count()).select_from(table)).scalar_one()
        for table in _tables(db).sorted_tables
    }


def _fill(db: Connection) -> None:
    """Two rows for each table that has none yet; some migrations have made theirs of the rows of others."""
    counted = _counts(db)
    for table in _tables(db).sorted_tables:
        for number in () if counted[table.name] else (BARE, FULL):
            db.execute(insert(table).values(row(table, number)))


async def _on(url: str, work: Any) -> Any:
    async with _connected(url) as db:
        result = await db.run_sync(work)
        await db.commit()
    return result


async def _execute(url: str, statement: str) -> None:
    async with _connected(url, isolation_level="AUTOCOMMIT") as db:
        await db.execute(text(statement))


@asynccontextmanager
async def _connected(url: str, **options: Any) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, **options)
    try:
        async with engine.connect() as db:
            yield db
    finally:
        await engine.dispose()
