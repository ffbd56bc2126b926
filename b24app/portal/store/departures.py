"""Portals whose data was erased: one line each, without personal data, so that the return of one is recognised."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.portal.store.tables import departures
from b24app.store.tables import portals


@dataclass(frozen=True, slots=True)
class Departure:
    """`erased_at` is None while the rows are on their way out; `returned_at`: when we met the portal again, None where
    it has not come back."""

    installed_at: datetime | None
    removed_at: datetime | None
    erased_at: datetime | None
    rows: int
    returned_at: datetime | None


async def note(db: AsyncConnection, portal_id: int) -> None:
    """The line of a portal that is going to be erased, while its row still tells who it was. Twice is once."""
    member = func.sha256(func.convert_to(portals.c.member_id, literal("UTF8")))
    row = select(portals.c.id, member, portals.c.installed_at, portals.c.removed_at).where(portals.c.id == portal_id)
    names = ["portal_id", "member_digest", "installed_at", "removed_at"]
    await db.execute(insert(departures).from_select(names, row).on_conflict_do_nothing())


async def finish(db: AsyncConnection, portal_id: int, rows: int, now: datetime) -> None:
    await db.execute(update(departures).where(departures.c.portal_id == portal_id).values(erased_at=now, rows=rows))


async def last(db: AsyncConnection, member_id: str) -> Departure | None:
    """When this portal's data was last erased, if it ever was."""
    again = select(portals.c.created_at).where(portals.c.member_id == member_id, portals.c.id > departures.c.portal_id)
    mine = select(departures, again.correlate(departures).scalar_subquery().label("returned_at"))
    mine = mine.where(departures.c.member_digest == hashlib.sha256(member_id.encode()).digest())
    row = (await db.execute(mine.order_by(departures.c.portal_id.desc()).limit(1))).one_or_none()
    return Departure(row.installed_at, row.removed_at, row.erased_at, row.rows, row.returned_at) if row else None
