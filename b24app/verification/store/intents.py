"""Buttons that were pressed: who asked for what, kept until the CRM shows it.

stated (about to be written) → proven (the portal took the person's own write) → applied, or dropped where the card
shows something else. A refused write leaves nothing behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.membership import Action, Intent, State
from b24app.verification.store.tables import intents

STATED, PROVEN, APPLIED, DROPPED = "stated", "proven", "applied", "dropped"
OPEN = (STATED, PROVEN)

_OPEN = (
    select(intents)
    .where(intents.c.portal_id == bindparam("portal"))
    .where(text("state IN ('stated', 'proven') AND subject = ANY(CAST(:keys AS text[]))"))  # as its index says it
    .order_by(intents.c.created_at, intents.c.id)
)


async def state(db: AsyncConnection, portal_id: int, subject: Subject, stated: Sequence[Intent]) -> None:
    """Buttons were pressed in this card by one person; their write comes next."""
    rows = [
        {
            "id": one.id,
            "portal_id": portal_id,
            "membership_id": one.membership_id,
            "subject": str(subject),
            "action": one.action.value,
            "note": one.note,
            "author_id": one.author_id,
            "author_name": one.author_name,
            "shown": one.shown,
            "seen": one.seen.value if one.seen else None,
            "back_to": one.back_to.value if one.back_to else None,
            "state": STATED,
            "created_at": one.created_at,
        }
        for one in stated
    ]
    await db.execute(insert(intents), rows)


async def prove(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> None:
    """The portal took the write: the author had the right."""
    await db.execute(update(intents).where(_stated(portal_id, ids)).values(state=PROVEN))


async def withdraw(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> None:
    """The portal refused the write: nothing was meant."""
    await db.execute(delete(intents).where(_stated(portal_id, ids)))


async def pressed(
    db: AsyncConnection, portal_id: int, subjects: Collection[Subject]
) -> Mapping[Subject, Sequence[Intent]]:
    """Intents that wait for their card or for the portal's answer, in the order they were pressed."""
    rows = await db.execute(_OPEN, {"portal": portal_id, "keys": [str(one) for one in subjects]})
    found: dict[Subject, list[Intent]] = defaultdict(list)
    for row in rows:
        kind, _, number = row.subject.partition(":")
        found[Subject(Kind(kind), int(number))].append(_intent(row))
    return found


async def close(db: AsyncConnection, portal_id: int, applied: Collection[UUID], dropped: Collection[UUID]) -> None:
    """What became of intents; closing one twice changes nothing."""
    for ids, end in ((applied, APPLIED), (dropped, DROPPED)):
        if ids:
            found = and_(intents.c.portal_id == portal_id, intents.c.id.in_(ids), intents.c.state.in_(OPEN))
            await db.execute(update(intents).where(found).values(state=end))


async def drop_stated(db: AsyncConnection, portal_id: int, before: datetime) -> int:
    """Intents whose write was never answered for (we died between): the box alone decides. Returns how many."""
    found = and_(intents.c.portal_id == portal_id, intents.c.state == STATED, intents.c.created_at < before)
    done = await db.execute(update(intents).where(found).values(state=DROPPED))
    return int(done.rowcount)


def _intent(row: Row[Any]) -> Intent:
    return Intent(
        id=row.id,
        membership_id=row.membership_id,
        action=Action(row.action),
        author_id=row.author_id,
        shown=row.shown,
        note=row.note,
        created_at=row.created_at,
        proven=row.state == PROVEN,
        author_name=row.author_name,
        seen=State(row.seen) if row.seen else None,
        back_to=State(row.back_to) if row.back_to else None,
    )


def _stated(portal_id: int, ids: Collection[UUID]) -> ColumnElement[bool]:
    return and_(intents.c.portal_id == portal_id, intents.c.id.in_(ids), intents.c.state == STATED)
