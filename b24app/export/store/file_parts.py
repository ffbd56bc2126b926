"""Export files in the database, in parts: any process on any machine makes, serves and reads them a part at a time."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.export.store.tables import file_parts


@dataclass(frozen=True, slots=True)
class FilePart:
    """A piece of a file. `section`: whose rows; empty for the first and last line, and for raw bytes."""

    number: int
    section: str
    body: bytes


async def put(db: AsyncConnection, portal_id: int, file_id: UUID, part: FilePart, *, ours: bool) -> bool:
    """Whether it was not there before; a part sent twice is kept as it came first."""
    values = {"number": part.number, "section": part.section, "body": part.body, "ours": ours}
    done = await db.execute(
        insert(file_parts)
        .values(portal_id=portal_id, file_id=file_id, **values)
        .on_conflict_do_nothing()
        .returning(file_parts.c.number)
    )
    return done.first() is not None


async def one(db: AsyncConnection, portal_id: int, file_id: UUID, number: int, *, ours: bool) -> FilePart | None:
    row = (
        await db.execute(select(file_parts).where(*_of(portal_id, file_id, ours), file_parts.c.number == number))
    ).one_or_none()
    return FilePart(row.number, row.section, row.body) if row else None


async def size(db: AsyncConnection, portal_id: int, file_id: UUID, *, ours: bool) -> tuple[int, int]:
    """(parts, bytes)."""
    counted = select(func.count(), func.coalesce(func.sum(func.length(file_parts.c.body)), 0))
    parts, size = (await db.execute(counted.where(*_of(portal_id, file_id, ours)))).one()
    return int(parts), int(size)


async def drop(db: AsyncConnection, portal_id: int, file_id: UUID, *, ours: bool) -> None:
    await db.execute(delete(file_parts).where(*_of(portal_id, file_id, ours)))


def _of(portal_id: int, file_id: UUID, ours: bool) -> tuple[ColumnElement[bool], ...]:
    return file_parts.c.portal_id == portal_id, file_parts.c.file_id == file_id, file_parts.c.ours == ours
