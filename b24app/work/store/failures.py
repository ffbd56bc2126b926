"""Inbox rows that were given up: to be looked at, tried again, or closed by a person. Inside one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Subject
from b24app.lanes import Lane
from b24app.work.store import inbox as inbox_rows
from b24app.work.store import index
from b24app.work.store.index import WorkKind
from b24app.work.store.tables import inbox


@dataclass(frozen=True, slots=True)
class Failed:
    """A row as people see it: what came, about which card, why it was given up. No content of the card."""

    id: int
    name: str
    subject: str
    error: str
    received_at: datetime
    given_up_at: datetime | None


async def listing(db: AsyncConnection, portal_id: int, ids: Collection[int] = ()) -> list[Failed]:
    """Oldest first; `ids`: only these, none: all."""
    rows = await db.execute(select(inbox).where(_failed(portal_id, ids)).order_by(inbox.c.id))
    return [Failed(row.id, row.name, row.subject, row.error or "", row.received_at, row.handled_at) for row in rows]


async def retry(
    db: AsyncConnection, portal_id: int, now: datetime, ids: Collection[int] = ()
) -> tuple[int, set[Subject]]:
    """Rows wait again, as if they came now. How many, and the cards they are about; call `resources.wake.inbox` (bulk)
    after the commit."""
    again = {"state": "waiting", "error": None, "handled_at": None}
    changed = update(inbox).where(_failed(portal_id, ids)).values(again).returning(inbox.c.subject)
    subjects = list((await db.execute(changed)).scalars())
    for kind in inbox_rows.KINDS:
        mine = [one for one in subjects if inbox_rows.kind_of(one) is kind]
        await index.arrive(db, portal_id, kind, mine, Lane.BULK, now)
    cards = {inbox_rows.parse(one) for one in subjects if inbox_rows.kind_of(one) is WorkKind.RECORD}
    return len(subjects), cards


async def close(db: AsyncConnection, portal_id: int, now: datetime, ids: Collection[int] = ()) -> int:
    """Rows need nothing more. How many."""
    closed = update(inbox).where(_failed(portal_id, ids)).values(state="closed", handled_at=now)
    return (await db.execute(closed)).rowcount


def _failed(portal_id: int, ids: Collection[int]) -> ColumnElement[bool]:
    mine = and_(inbox.c.portal_id == portal_id, inbox.c.state == "failed")
    return and_(mine, inbox.c.id.in_(ids)) if ids else mine
