"""Rows that nobody needs after a while, and their removal; a slice at a time, so that no transaction grows long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

SLICE = 5_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a portal is kept for a while. `delete(db, portal_id, now)` deletes up to a slice of what is old by then
    and returns how many rows went."""

    name: str
    delete: Callable[[AsyncConnection, int, datetime], Awaitable[int]]


async def delete_slice(db: AsyncConnection, table: Table, portal_id: int, old: ColumnElement[bool]) -> int:
    """Delete up to a slice of the portal's rows that are `old`; how many went."""
    key = tuple_(*table.primary_key.columns)
    rows = select(*table.primary_key.columns).where(table.c.portal_id == portal_id, old).limit(SLICE)
    deleted = await db.execute(delete(table).where(table.c.portal_id == portal_id, key.in_(rows)))
    return deleted.rowcount
