"""Exports being made and made, and where the weekly one goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.export.store.tables import export_targets, exports, file_parts

ASKED, WEEKLY = "asked", "weekly"
MAKING, READY = "making", "ready"


@dataclass(frozen=True, slots=True)
class Export:
    """`section` and `after`: how far the reading has come; `counts`: section → rows."""

    id: UUID
    kind: str
    state: str
    section: str
    after: str
    counts: Mapping[str, int]
    parts: int
    bytes: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class WeeklyTarget:
    """Where the weekly export goes. `error`: why the last try failed, empty where it did not; `secret` is sealed."""

    url: str
    secret: bytes
    tries: int
    error: str
    created_at: datetime
    next_at: datetime
    tried_at: datetime | None
    sent_at: datetime | None


async def begin(db: AsyncConnection, portal_id: int, id: UUID, kind: str, now: datetime) -> None:
    """A new export of this kind, in place of the one before it."""
    await drop(db, portal_id, kind)
    await db.execute(insert(exports).values(id=id, portal_id=portal_id, kind=kind, state=MAKING, created_at=now))


async def one(db: AsyncConnection, portal_id: int, id: UUID, *, lock: bool = False) -> Export | None:
    query = select(exports).where(exports.c.portal_id == portal_id, exports.c.id == id)
    return _export((await db.execute(query.with_for_update() if lock else query)).one_or_none())


async def newest(db: AsyncConnection, portal_id: int, kind: str) -> Export | None:
    mine = select(exports).where(exports.c.portal_id == portal_id, exports.c.kind == kind)
    return _export((await db.execute(mine.order_by(exports.c.created_at.desc()).limit(1))).one_or_none())


async def change(db: AsyncConnection, portal_id: int, id: UUID, **values: Any) -> None:
    """Set columns: section, after, counts, parts, bytes, state, finished_at."""
    await db.execute(update(exports).where(exports.c.portal_id == portal_id, exports.c.id == id).values(**values))


async def drop(db: AsyncConnection, portal_id: int, kind: str, before: datetime | None = None) -> int:
    """Delete exports of a kind with their parts, those made before `before` only. How many went."""
    old = [exports.c.portal_id == portal_id, exports.c.kind == kind]
    old += [exports.c.finished_at < before] if before else []
    ids = list((await db.execute(delete(exports).where(*old).returning(exports.c.id))).scalars())
    await db.execute(delete(file_parts).where(file_parts.c.portal_id == portal_id, file_parts.c.file_id.in_(ids)))
    return len(ids)


async def target(db: AsyncConnection, portal_id: int) -> WeeklyTarget | None:
    row = (await db.execute(select(export_targets).where(export_targets.c.portal_id == portal_id))).one_or_none()
    return _target(row) if row else None


async def set_target(db: AsyncConnection, portal_id: int, url: str, secret: bytes, now: datetime) -> None:
    """Another address forgets what became of the one before."""
    fresh = {"url": url, "secret": secret, "tries": 0, "error": "", "created_at": now, "next_at": now}
    fresh |= {"tried_at": None, "sent_at": None}
    new = insert(export_targets).values(portal_id=portal_id, **fresh)
    await db.execute(new.on_conflict_do_update(index_elements=["portal_id"], set_=fresh))


async def change_target(
    db: AsyncConnection, portal_id: int, url: str, next_at: datetime, values: Mapping[str, Any]
) -> bool:
    """Set columns, unless somebody chose another address or another moment meanwhile. Whether it was done."""
    mine = (export_targets.c.portal_id == portal_id, export_targets.c.url == url, export_targets.c.next_at == next_at)
    return (await db.execute(update(export_targets).where(*mine).values(**values))).rowcount == 1


async def drop_target(db: AsyncConnection, portal_id: int) -> None:
    await db.execute(delete(export_targets).where(export_targets.c.portal_id == portal_id))


def _target(row: Row[Any]) -> WeeklyTarget:
    return WeeklyTarget(
        url=row.url,
        secret=row.secret,
        tries=row.tries,
        error=row.error,
        created_at=row.created_at,
        next_at=row.next_at,
        tried_at=row.tried_at,
        sent_at=row.sent_at,
    )


def _export(row: Row[Any] | None) -> Export | None:
    if row is None:
        return None
    return Export(
        id=row.id,
        kind=row.kind,
        state=row.state,
        section=row.section,
        after=row.after,
        counts=row.counts,
        parts=row.parts,
        bytes=row.bytes,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
