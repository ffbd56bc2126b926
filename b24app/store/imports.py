"""How far the first read of a portal has come, per kind of card: shown to people, and where to go on after a crash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.facts import Kind
from b24app.store.tables import imports


@dataclass(frozen=True, slots=True)
class Progress:
    """`total` is what the portal counted at the start; none where it did not say."""

    kind: Kind
    after_id: int
    read: int
    total: int | None
    finished: bool


async def begin(db: AsyncConnection, portal_id: int, kind: Kind, total: int | None, now: datetime) -> Progress:
    """Where this kind stands: a fresh start, or where an earlier run was cut off."""
    new = insert(imports).values(portal_id=portal_id, kind=kind.value, total=total, started_at=now)
    await db.execute(new.on_conflict_do_nothing())
    return next(one for one in await progress(db, portal_id) if one.kind is kind)


async def advance(db: AsyncConnection, portal_id: int, kind: Kind, after_id: int, read: int) -> None:
    """Never backwards: a second reader that came later changes nothing."""
    await db.execute(
        update(imports)
        .where(imports.c.portal_id == portal_id, imports.c.kind == kind.value, imports.c.after_id < after_id)
        .values(after_id=after_id, read=read)
    )


async def finish(db: AsyncConnection, portal_id: int, kind: Kind, now: datetime) -> None:
    await db.execute(
        update(imports).where(imports.c.portal_id == portal_id, imports.c.kind == kind.value).values(finished_at=now)
    )


async def restart(db: AsyncConnection, portal_id: int) -> None:
    """Read everything again from the beginning; what is known stays known."""
    await db.execute(
        update(imports).where(imports.c.portal_id == portal_id).values(after_id=0, read=0, finished_at=None)
    )


async def progress(db: AsyncConnection, portal_id: int) -> list[Progress]:
    rows = await db.execute(select(imports).where(imports.c.portal_id == portal_id).order_by(imports.c.kind))
    return [Progress(Kind(row.kind), row.after_id, row.read, row.total, row.finished_at is not None) for row in rows]
