"""Uploaded export files on their way back into the tables. One at a time per portal: a new one replaces the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.export.restoring import RestoreState
from b24app.export.store.tables import file_parts, restores


@dataclass(frozen=True, slots=True)
class Restore:
    """`counts`: section → verdict → rows; `position`: the next part to judge or apply; `made_at`: the file says
    when."""

    id: UUID
    user_id: int
    state: RestoreState
    error: str
    parts: int
    bytes: int
    position: int
    counts: Mapping[str, Mapping[str, int]]
    made_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


async def begin(db: AsyncConnection, portal_id: int, id: UUID, user_id: int, now: datetime) -> None:
    await drop(db, portal_id)
    values = {"user_id": user_id, "state": RestoreState.RECEIVING.value, "created_at": now}
    await db.execute(insert(restores).values(id=id, portal_id=portal_id, **values))


async def newest(db: AsyncConnection, portal_id: int) -> Restore | None:
    row = (
        await db.execute(
            select(restores).where(restores.c.portal_id == portal_id).order_by(restores.c.created_at.desc()).limit(1)
        )
    ).one_or_none()
    return _restore(row) if row else None


async def one(db: AsyncConnection, portal_id: int, id: UUID, *, lock: bool = False) -> Restore | None:
    query = select(restores).where(restores.c.portal_id == portal_id, restores.c.id == id)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return _restore(row) if row else None


async def change(db: AsyncConnection, portal_id: int, id: UUID, **values: Any) -> None:
    """Set columns: state, error, parts, bytes, position, counts, made_at, finished_at."""
    await db.execute(update(restores).where(restores.c.portal_id == portal_id, restores.c.id == id).values(**values))


async def drop(db: AsyncConnection, portal_id: int, before: datetime | None = None) -> int:
    """Delete them with their parts; where `before` is given, those begun before and never brought to an end. How many
    went."""
    old = [restores.c.portal_id == portal_id]
    if before:
        kept = (RestoreState.DONE.value, RestoreState.APPLYING.value)
        old += [restores.c.created_at < before, restores.c.state.not_in(kept)]
    ids = list((await db.execute(delete(restores).where(*old).returning(restores.c.id))).scalars())
    await db.execute(delete(file_parts).where(file_parts.c.portal_id == portal_id, file_parts.c.file_id.in_(ids)))
    return len(ids)


def _restore(row: Row[Any]) -> Restore:
    return Restore(
        id=row.id,
        user_id=row.user_id,
        state=RestoreState(row.state),
        error=row.error,
        parts=row.parts,
        bytes=row.bytes,
        position=row.position,
        counts=row.counts,
        made_at=row.made_at,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
