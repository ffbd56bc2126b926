"""Answers kept by `Idempotency-Key`, so that a repeated request is answered and not repeated. Inside one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.store.tables import idempotency

KEPT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Kept:
    """`status` None: the first request is still at work, or died. `response` is encrypted."""

    request: bytes
    status: int | None
    response: bytes | None
    created_at: datetime


async def start(db: AsyncConnection, portal_id: int, digest: bytes, request: bytes, now: datetime) -> Kept | None:
    """None: the caller is first and goes on; else what is known of the first. Forgets what is too old."""
    old = (idempotency.c.portal_id == portal_id, idempotency.c.created_at < now - KEPT)
    await db.execute(delete(idempotency).where(*old))
    new = insert(idempotency).values(digest=digest, portal_id=portal_id, request=request, created_at=now)
    if (await db.execute(new.on_conflict_do_nothing().returning(idempotency.c.digest))).first():
        return None
    row = (await db.execute(select(idempotency).where(*_key(portal_id, digest)))).one()
    return Kept(row.request, row.status, row.response, row.created_at)


async def take_over(db: AsyncConnection, portal_id: int, digest: bytes, seen: datetime, now: datetime) -> bool:
    """The first request died at work: go on in its place, if nobody else does."""
    mine = (*_key(portal_id, digest), idempotency.c.created_at == seen, idempotency.c.status.is_(None))
    done = await db.execute(update(idempotency).where(*mine).values(created_at=now).returning(idempotency.c.digest))
    return done.first() is not None


async def keep(db: AsyncConnection, portal_id: int, digest: bytes, status: int, response: bytes) -> None:
    values = {"status": status, "response": response}
    await db.execute(update(idempotency).where(*_key(portal_id, digest)).values(**values))


async def forget(db: AsyncConnection, portal_id: int, digest: bytes) -> None:
    """The request was refused and changed nothing: it may be repeated."""
    await db.execute(delete(idempotency).where(*_key(portal_id, digest)))


def _key(portal_id: int, digest: bytes) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (idempotency.c.portal_id == portal_id, idempotency.c.digest == digest)
