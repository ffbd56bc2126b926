"""Buttons that were pressed: who asked for what, kept until the CRM shows it.

stated (about to be written) → proven (the portal took the person's own write) → applied, or dropped where the card
shows something else. A refused write leaves nothing behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.membership import Action, Intent
from b24app.verification.store.tables import intents

STATED, PROVEN, APPLIED, DROPPED = "stated", "proven", "applied", "dropped"
OPEN = (STATED, PROVEN)

_OPEN = (
    select(intents)
    .where(intents.c.portal_id == bindparam("portal"))
    .where(text("state IN ('stated', 'proven') AND subject = ANY(CAST(:keys AS text[]))"))  # as its index says it
    .order_by(intents.c.created_at, intents.c.id)
)


async def state(db: AsyncConnection, portal_id: int, subject: Subject, intent: Intent) -> None:
    """A button was pressed in this card; its write comes next."""
    await db.execute(
        insert(intents).values(
            id=intent.id,
            portal_id=portal_id,
            membership_id=intent.membership_id,
            subject=str(subject),
            action=intent.action.value,
            note=intent.note,
            author_id=intent.author_id,
            shown=intent.shown,
            state=STATED,
            created_at=intent.created_at,
        )
    )


async def prove(db: AsyncConnection, portal_id: int, intent_id: UUID) -> None:
    """The portal took the write: the author had the right."""
    await db.execute(update(intents).where(_one(portal_id, intent_id)).values(state=PROVEN))


async def withdraw(db: AsyncConnection, portal_id: int, intent_id: UUID) -> None:
    """The portal refused the write: nothing was meant."""
    await db.execute(delete(intents).where(_one(portal_id, intent_id)))


async def pressed(
    db: AsyncConnection, portal_id: int, subjects: Collection[Subject]
) -> Mapping[Subject, Sequence[Intent]]:
    """Intents that wait for their card or for the portal's answer, in the order they were pressed."""
    rows = await db.execute(_OPEN, {"portal": portal_id, "keys": [str(one) for one in subjects]})
    found: dict[Subject, list[Intent]] = defaultdict(list)
    for row in rows:
        kind, _, number = row.subject.partition(":")
        action = Action(row.action)
        proven = row.state == PROVEN
        intent = Intent(row.id, row.membership_id, action, row.author_id, row.shown, row.note, row.created_at, proven)
        found[Subject(Kind(kind), int(number))].append(intent)
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


def _one(portal_id: int, intent_id: UUID) -> ColumnElement[bool]:
    return and_(intents.c.portal_id == portal_id, intents.c.id == intent_id, intents.c.state == STATED)
