"""How far the first read of a portal has come, per list: shown to people, and where to go on after a crash.

One reader at a time: whoever reads holds the kind for a minute and holds it again with each step. A reader that was
overtaken, because the portal was silent for longer, keeps what it has read and leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import imports
from b24app.domain.cards.facts import Listed, listed

HOLD = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Progress:
    """`total` is what the portal counted at the start, none where it did not say; `pace`: rows a second, none before
    it could be measured; `advanced_at`: when the last rows came."""

    kind: Listed
    after_id: int
    read: int
    total: int | None
    pace: float | None
    started_at: datetime
    advanced_at: datetime | None
    finished: bool

    @property
    def moved_at(self) -> datetime:
        return self.advanced_at or self.started_at


@dataclass(frozen=True, slots=True)
class ImportStep:
    """So many cards more, the last of them with this id, at this pace."""

    after_id: int
    rows: int
    pace: float | None


def not_taken(error: Exception) -> bool:
    """Whether the store refuses a value that was handed to it: the same without it is taken."""
    if isinstance(error, UnicodeError | OverflowError):
        return True
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else ""
    return state is None or str(state)[:2] in ("22", "23")  # none: the driver could not write it


async def start(
    db: AsyncConnection,
    portal_id: int,
    totals: Mapping[Listed, int | None],
    now: datetime,
    newest: Mapping[Listed, datetime | None] = MappingProxyType({}),
) -> None:
    """From the beginning of each list; a read that was started before is left as it is.

    `newest`: the portal's clock at the beginning: when the newest change was made by then, where that is known.
    """
    rows = [
        {
            "portal_id": portal_id,
            "kind": kind.value,
            "total": total,
            "started_at": now,
            "changes_from": newest.get(kind),
        }
        for kind, total in totals.items()
    ]
    await db.execute(insert(imports).on_conflict_do_nothing(), rows)


async def hold(db: AsyncConnection, portal_id: int, kind: Listed, reader: UUID, now: datetime) -> Progress | None:
    """Where this kind stands, which is the reader's now. None: somebody else reads it."""
    free = or_(imports.c.reader == reader, imports.c.held_until.is_(None), imports.c.held_until < now)
    row = await db.execute(
        update(imports)
        .where(imports.c.portal_id == portal_id, imports.c.kind == kind.value, free)
        .values(reader=reader, held_until=now + HOLD)
        .returning(imports)
    )
    found = row.one_or_none()
    return _progress(found) if found else None


async def advance(
    db: AsyncConnection, portal_id: int, kind: Listed, reader: UUID, step: ImportStep, now: datetime
) -> bool:
    """Never backwards: a second reader that came later changes nothing. Whether the reader still holds the kind."""
    await db.execute(
        update(imports)
        .where(imports.c.portal_id == portal_id, imports.c.kind == kind.value, imports.c.after_id < step.after_id)
        .values(after_id=step.after_id, read=imports.c.read + step.rows, pace=step.pace, advanced_at=now)
    )
    held = await db.execute(
        update(imports)
        .where(imports.c.portal_id == portal_id, imports.c.kind == kind.value, imports.c.reader == reader)
        .values(held_until=now + HOLD)
    )
    return held.rowcount == 1


async def release(db: AsyncConnection, portal_id: int, reader: UUID) -> None:
    """Whoever comes next need not wait."""
    await db.execute(
        update(imports).where(imports.c.portal_id == portal_id, imports.c.reader == reader).values(held_until=None)
    )


async def finish(db: AsyncConnection, portal_id: int, kind: Listed, reader: UUID, now: datetime) -> bool:
    """Whether the reader still held the kind: one that was overtaken while it waited for its last page ends nothing."""
    ended = await db.execute(
        update(imports)
        .where(imports.c.portal_id == portal_id, imports.c.kind == kind.value, imports.c.reader == reader)
        .values(finished_at=now, held_until=None)
    )
    return ended.rowcount == 1


async def restart(db: AsyncConnection, portal_id: int) -> None:
    """Read everything again from the beginning; what is known stays known."""
    await db.execute(delete(imports).where(imports.c.portal_id == portal_id))


async def changes_from(db: AsyncConnection, portal_id: int, kind: Listed) -> datetime | None:
    """From when on changes are to be looked at, by the portal's own clock; None where none was seen yet."""
    found = select(imports.c.changes_from).where(imports.c.portal_id == portal_id, imports.c.kind == kind.value)
    return (await db.execute(found)).scalar_one_or_none()


async def looked(db: AsyncConnection, portal_id: int, kind: Listed, changes_from: datetime) -> None:
    """From when on the next look has to look. Never backwards."""
    await db.execute(
        update(imports)
        .where(imports.c.portal_id == portal_id, imports.c.kind == kind.value)
        .values(changes_from=func.greatest(imports.c.changes_from, changes_from))
    )


async def progress(db: AsyncConnection, portal_id: int) -> list[Progress]:
    rows = await db.execute(select(imports).where(imports.c.portal_id == portal_id).order_by(imports.c.kind))
    return [_progress(row) for row in rows]


def _progress(row: Row[Any]) -> Progress:
    return Progress(
        kind=listed(row.kind),
        after_id=row.after_id,
        read=row.read,
        total=row.total,
        pace=row.pace,
        started_at=row.started_at,
        advanced_at=row.advanced_at,
        finished=row.finished_at is not None,
    )
