"""The tables as text: PostgreSQL's own COPY format, under the revision they were read at. Hosts stand under names of
their own (`Lived.hosts`), since each run has other ports.

    -- revision 0011
    -- made at 2026-04-06T10:00:00+00:00
    COPY portals (id, member_id, …)
    1<TAB>8b04d5e3…
    \\.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from b24app.demo import servers

FILE = Path(__file__).parent / "data" / "database.txt"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as COPY writes them."""

    name: str
    columns: tuple[str, ...]
    lines: tuple[str, ...]

    def values(self, column: str) -> list[str]:
        at = self.columns.index(column)
        return [line.split("\t")[at] for line in self.lines]

    def rows(self, *columns: str) -> list[tuple[str, ...]]:
        return list(zip(*(self.values(column) for column in columns), strict=True))


@dataclass(frozen=True, slots=True)
class Dump:
    """Tables in the order in which they can be filled."""

    revision: str
    made_at: datetime
    tables: Mapping[str, Table]


def read(hosts: Mapping[str, str]) -> Dump:
    text = FILE.read_text("utf-8")
    for name, host in hosts.items():
        text = text.replace(name, host)
    head, *parts = text.split("COPY ")
    revision, made_at = (line.rpartition(" ")[2] for line in head.splitlines())
    tables = [_table(part) for part in parts]
    return Dump(revision, datetime.fromisoformat(made_at), {one.name: one for one in tables})


def _table(part: str) -> Table:
    first, *lines = part.split("\n")
    name, _, columns = first.rstrip(")").partition(" (")
    return Table(name, tuple(columns.split(", ")), tuple(lines[: lines.index("\\.")]))


async def load(server: servers.Postgres, kept: Dump) -> None:
    """Fill the empty tables of the dump's revision, as their owner, and go on numbering behind the last row."""
    db = await connected(server)
    try:
        assert {name for (name,) in await db.fetch(TABLES)} == set(kept.tables)
        for table in kept.tables.values():
            rows = BytesIO("".join(f"{line}\n" for line in table.lines).encode())
            await db.copy_to_table(table.name, source=rows, columns=table.columns, format="text")
        for name, column in await db.fetch(NUMBERED):
            await db.execute(f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), max({column})) FROM {name}")
    finally:
        await db.close()


TABLES = """
    SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""
NUMBERED = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND is_identity = 'YES'
"""


async def rows(server: servers.Postgres, query: str) -> list[tuple[Any, ...]]:
    """As the owner of the tables: of every portal."""
    db = await connected(server)
    try:
        return [tuple(row) for row in await db.fetch(query)]
    finally:
        await db.close()


async def connected(server: servers.Postgres) -> Any:
    """As the owner of the tables."""
    url = make_url(server.url(servers.OWNER))
    return await asyncpg.connect(host=url.query["host"], user=url.username, database=url.database)
