"""The last check of a portal's connection: one row, written step by step as things are found and come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.connection_check.store.tables import connection_checks as table
from b24app.domain.connection_check.rules import Backlog, CheckRun, Found, Ping

_BACKLOG, _FOUND, _PINGS = TypeAdapter(Backlog), TypeAdapter(Found), TypeAdapter(tuple[Ping, ...])


@dataclass(frozen=True, slots=True)
class Taken:
    """A check that a worker has begun. `nonce`: what the test event must bring back."""

    run_id: UUID
    nonce: str


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """`user_name`: who pressed; empty for an operator."""

    run_id: UUID
    user_name: str
    run: CheckRun


async def begin(
    db: AsyncConnection, portal_id: int, run_id: UUID, nonce: str, user_id: int | None, user_name: str, now: datetime
) -> None:
    """A new check takes the place of the last one."""
    fresh: dict[str, Any] = {
        "run_id": run_id,
        "nonce": nonce,
        "user_id": user_id,
        "user_name": user_name,
        "started_at": now,
        "pings": [],
        **dict.fromkeys(("taken_at", "backlog", "found", "sent_at", "heard_at")),
    }
    row = insert(table).values(portal_id=portal_id, **fresh)
    await db.execute(row.on_conflict_do_update(index_elements=["portal_id"], set_=fresh))


async def take(db: AsyncConnection, portal_id: int, now: datetime) -> Taken | None:
    """The check that waits, for one worker only."""
    waits = (table.c.portal_id == portal_id, table.c.taken_at.is_(None))
    row = (await db.execute(update(table).where(*waits).values(taken_at=now).returning(table))).one_or_none()
    return None if row is None else Taken(row.run_id, row.nonce)


async def keep_own(db: AsyncConnection, portal_id: int, run_id: UUID, backlog: Backlog, pings: Sequence[Ping]) -> None:
    """What our own rows said, and the pings on their way."""
    values = {"backlog": _BACKLOG.dump_python(backlog, mode="json"), "pings": _written(pings)}
    await db.execute(update(table).where(*_mine(portal_id, run_id)).values(**values))


async def keep_pings(db: AsyncConnection, portal_id: int, run_id: UUID, pings: Sequence[Ping]) -> None:
    """Answers came."""
    await db.execute(update(table).where(*_mine(portal_id, run_id)).values(pings=_written(pings)))


async def keep_found(db: AsyncConnection, portal_id: int, run_id: UUID, found: Found, sent_at: datetime | None) -> None:
    """What the portal said; `sent_at`: it is asked for its test event now."""
    values = {"found": _FOUND.dump_python(found, mode="json"), "sent_at": sent_at}
    await db.execute(update(table).where(*_mine(portal_id, run_id)).values(**values))


async def hear(db: AsyncConnection, portal_id: int, nonce: str, now: datetime) -> bool:
    """The test event has come. Whether it is the one we wait for, and comes for the first time."""
    awaited = (table.c.portal_id == portal_id, table.c.nonce == nonce, table.c.sent_at.is_not(None))
    first = update(table).where(*awaited, table.c.heard_at.is_(None)).values(heard_at=now)
    return (await db.execute(first.returning(table.c.run_id))).first() is not None


async def last(db: AsyncConnection, portal_id: int) -> ConnectionCheck | None:
    row = (await db.execute(select(table).where(table.c.portal_id == portal_id))).one_or_none()
    if row is None:
        return None
    run = CheckRun(
        started_at=row.started_at,
        taken_at=row.taken_at,
        backlog=None if row.backlog is None else _BACKLOG.validate_python(row.backlog),
        pings=_PINGS.validate_python(row.pings),
        found=None if row.found is None else _FOUND.validate_python(row.found),
        sent_at=row.sent_at,
        heard_at=row.heard_at,
    )
    return ConnectionCheck(row.run_id, row.user_name, run)


def _mine(portal_id: int, run_id: UUID) -> tuple[Any, ...]:
    return table.c.portal_id == portal_id, table.c.run_id == run_id


def _written(pings: Sequence[Ping]) -> Any:
    return _PINGS.dump_python(tuple(pings), mode="json")
