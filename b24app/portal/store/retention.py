"""What of an installation is kept how long; the removal of what rooms keep for a while, and of a portal that left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Table, delete
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import sort_tables

from b24app.portal.store import departures
from b24app.portal.store.tables import departures as departures_table
from b24app.portal.store.tables import journal, notices, portal_calls, viewer_sessions
from b24app.store.kept import Kept, delete_slice
from b24app.store.tables import portals

SESSIONS, CALLS, JOURNAL, NOTICES = timedelta(days=1), timedelta(days=7), timedelta(days=365), timedelta(days=90)


async def delete_sessions(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, viewer_sessions, portal_id, viewer_sessions.c.expires_at < now - SESSIONS)


async def delete_calls(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, portal_calls, portal_id, portal_calls.c.at < now - CALLS)


async def delete_journal(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    return await delete_slice(db, journal, portal_id, journal.c.at < now - JOURNAL)


async def delete_notices(db: AsyncConnection, portal_id: int, now: datetime) -> int:
    """What the portal shows of them stays there."""
    return await delete_slice(db, notices, portal_id, notices.c.asked_at < now - NOTICES)


async def tidy(db: AsyncConnection, portal_id: int, kept: Sequence[Kept], now: datetime) -> int:
    """Delete up to a slice of each, in their order; how many rows went."""
    return sum([await rows.delete(db, portal_id, now) for rows in kept])


async def erase(db: AsyncConnection, portal_id: int, tables: Collection[Table], now: datetime) -> int:
    """Delete every row of a portal that has parted, its own last; the line that says so stays.

    `tables`: all there are. Needs the owner's role. Table by table, not by the foreign keys alone: some tables go
    without one. Returns how many rows went.
    """
    gone = 0
    for table in reversed(sort_tables(tables)):
        if "portal_id" in table.c and table is not departures_table:
            gone += (await db.execute(delete(table).where(table.c.portal_id == portal_id))).rowcount
    gone += (await db.execute(delete(portals).where(portals.c.id == portal_id))).rowcount
    await departures.finish(db, portal_id, gone, now)
    return gone
