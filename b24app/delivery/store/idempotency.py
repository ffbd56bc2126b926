"""Answers kept by `Idempotency-Key`, so that a repeated request is answered and not done again. Inside one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.store.tables import idempotency

KEPT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The row of a first request. `status` None: it is at work, or died at it. `response` is encrypted."""

    request: bytes
    status: int | None
    response: bytes | None
    created_at: datetime


async def start(db: AsyncConnection, portal_id: int, digest: bytes, request: bytes, now: datetime) -> KeptAnswer | None:
    """None: this request is the first and goes on. Else the row of the first. Deletes rows that are too old."""
    old = (idempotency.c.portal_id == portal_id, idempotency.c.created_at < now - KEPT)
    await db.execute(delete(idempotency).where(*old))
    new = insert(idempotency).values(digest=digest, portal_id=portal_id, request=request, created_at=now)
    first = new.on_conflict_do_nothing().returning(idempotency.c.digest)
    while (await db.execute(first)).first() is None:
        row = (await db.execute(select(idempotency).where(*_key(portal_id, digest)))).one_or_none()
        if row:  # else the first was refused and forgotten between the two statements
            return KeptAnswer(row.request, row.status, row.response, row.created_at)
    return None


async def take_over(db: AsyncConnection, portal_id: int, digest: bytes, seen: datetime, now: datetime) -> bool:
    """Go on in place of a first request that died at work. False if somebody else does."""
    return await _change(db, portal_id, digest, seen, created_at=now)


async def keep(
    db: AsyncConnection, portal_id: int, digest: bytes, started: datetime, status: int, response: bytes
) -> bool:
    """Store the answer of the request that started at that moment. False if another went on in its place."""
    return await _change(db, portal_id, digest, started, status=status, response=response)


async def forget(db: AsyncConnection, portal_id: int, digest: bytes, started: datetime) -> None:
    """The request was refused and changed nothing: it may be repeated."""
    await db.execute(delete(idempotency).where(*_at_work(portal_id, digest, started)))


async def _change(db: AsyncConnection, portal_id: int, digest: bytes, started: datetime, **values: Any) -> bool:
    mine = update(idempotency).where(*_at_work(portal_id, digest, started)).values(**values)
    return (await db.execute(mine.returning(idempotency.c.digest))).first() is not None


def _at_work(portal_id: int, digest: bytes, started: datetime) -> tuple[ColumnElement[bool], ...]:
    return (*_key(portal_id, digest), idempotency.c.created_at == started, idempotency.c.status.is_(None))


def _key(portal_id: int, digest: bytes) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (idempotency.c.portal_id == portal_id, idempotency.c.digest == digest)
