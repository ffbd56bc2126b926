"""Bring a database up to date: migrations as the owner, then the app role's rights, which no migration may guess."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Row, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from b24app.store.engine import away, open_engine

MIGRATIONS = Path(__file__).parent / "migrations"
AWAY = 1.0  # seconds until a database that is away is asked again

log = structlog.get_logger()


STRONG = text("""
    SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (
        SELECT 1 FROM pg_tables t WHERE t.schemaname = 'public' AND t.tableowner = r.rolname) AS strong
    FROM pg_roles r WHERE r.rolname = current_user
""")
READS_ONLY = text("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean")


class WrongRole(RuntimeError):
    """`serve` or `worker` was given a role that row-level security does not bind."""


def alembic_config(owner_url: str, versions: Sequence[Path] = ()) -> Config:
    """`versions`: folders of migrations beside ours; each goes on from the newest of the one before."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    folders = (MIGRATIONS / "versions", *versions)
    config.set_main_option("version_locations", os.pathsep.join(map(str, folders)))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    return config


def migrate(owner_url: str, app_url: str, versions: Sequence[Path] = ()) -> None:
    """Upgrade to the newest schema and grant the app's role what it needs. Safe to repeat. Blocking. `versions` as
    above."""
    command.upgrade(alembic_config(owner_url, versions), "head")
    asyncio.run(_grant(owner_url, make_url(app_url).username or ""))


async def _grant(owner_url: str, role: str) -> None:
    engine = open_engine(owner_url)
    name = engine.dialect.identifier_preparer.quote_identifier(role)
    try:
        async with engine.begin() as db:
            await db.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
            await db.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"))
            await db.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}"))
    finally:
        await engine.dispose()


async def pending_migrations(owner_url: str) -> bool:
    """Whether the database is behind this code. One with a revision that is none of ours is ahead: a later version was
    here."""
    script = ScriptDirectory(str(MIGRATIONS))
    earlier = {None, *(one.revision for one in script.walk_revisions())} - {script.get_current_head()}
    engine = open_engine(owner_url)
    try:
        async with engine.connect() as db:
            return await db.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision()) in earlier
    finally:
        await engine.dispose()


async def refuse_strong_role(url: str, *, waits: bool = False) -> None:
    """Raise `WrongRole` where the connecting role owns the tables, is a superuser or may bypass row-level security.

    `waits`: for a database that is away, which a supervisor would start us too often for.
    """
    engine = open_engine(url)
    try:
        row = await _role(engine, waits)
    finally:
        await engine.dispose()
    if row.strong:
        raise WrongRole("B24APP_DATABASE_URL names an owner, superuser or BYPASSRLS role: use a plain one.")


async def _role(engine: AsyncEngine, waits: bool) -> Row[Any]:
    while True:
        try:
            async with engine.connect() as db:
                return (await db.execute(STRONG)).one()
        except Exception as error:
            if not (waits and away(error)):
                raise
            log.warning("database_away", error=repr(error))
        await asyncio.sleep(AWAY)


async def reads_only(db: AsyncConnection) -> bool:
    """Whether nothing can be stored: a standby, or a database or role that was told to only read."""
    return bool((await db.execute(READS_ONLY)).scalar_one())
