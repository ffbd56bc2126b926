"""Cards that are deleted and those that go on for them: by merge, or by return from the recycle bin under a new id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, any_, bindparam, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import aliases
from b24app.domain.cards.facts import Kind, Subject
from b24app.store.arrays import among, named

Successors = Mapping[Subject, Subject]
Owed = Mapping[Subject, Mapping[Subject, frozenset[str] | None]]
"""By card that goes on: deleted cards, each with the rules that have not taken over from it; None: no rule has."""

_OF_THE_PORTAL = select(aliases).where(aliases.c.portal_id == bindparam("portal"))
_SUCCESSORS = _OF_THE_PORTAL.where(text(among("kind", "old_id")))
_AROUND = _OF_THE_PORTAL.where(
    or_(text(among("kind", "old_id")), and_(aliases.c.applied_at.is_(None), text(among("kind", "new_id"))))
)


async def successors(db: AsyncConnection, portal_id: int, deleted: Collection[Subject]) -> Successors:
    """Who goes on for each of these, where that is known."""
    rows = await db.execute(_SUCCESSORS, {"portal": portal_id, **named(deleted)})
    return {_old(row): _new(row) for row in rows}


async def around(db: AsyncConnection, portal_id: int, cards: Collection[Subject]) -> tuple[Successors, Owed]:
    """Who goes on for each of these that is deleted; and what each still has to take over."""
    successors: dict[Subject, Subject] = {}
    owed: dict[Subject, dict[Subject, frozenset[str] | None]] = defaultdict(dict)
    for row in await db.execute(_AROUND, {"portal": portal_id, **named(cards)}):
        if _old(row) in cards:
            successors[_old(row)] = _new(row)
        if row.applied_at is None and _new(row) in cards:
            owed[_new(row)][_old(row)] = None if row.owed is None else frozenset(row.owed)
    return successors, owed


async def owed_by(db: AsyncConnection, portal_id: int, rule: str) -> list[Subject]:
    """Cards that go on for a deleted one that this rule has not taken over from."""
    waits = or_(aliases.c.owed.is_(None), literal(rule) == any_(aliases.c.owed))
    rows = await db.execute(
        select(aliases.c.kind, aliases.c.new_id)
        .where(aliases.c.portal_id == portal_id, aliases.c.applied_at.is_(None), waits)
        .distinct()
    )
    return sorted(Subject(Kind(row.kind), row.new_id) for row in rows)


async def found(db: AsyncConnection, portal_id: int, deleted: Subject, successor: Subject, now: datetime) -> None:
    """Who goes on, as the deleted card's journey found it: to be done by the other one's. What is known already
    stays."""
    row = {"kind": deleted.kind.value, "old_id": deleted.id, "new_id": successor.id, "found_at": now}
    await db.execute(insert(aliases).values(portal_id=portal_id, **row).on_conflict_do_nothing())


async def passed_on(
    db: AsyncConnection, portal_id: int, deleted: Subject, successor: Subject, owed: Collection[str], now: datetime
) -> bool:
    """What was the deleted card's, and of those it went on for, is the other one's now, but for what rules in `owed`
    hold of it. False: somebody else took it."""
    left = sorted(owed)
    row = {"new_id": successor.id, "found_at": now, "owed": left, "applied_at": None if left else now}
    new = insert(aliases).values(portal_id=portal_id, kind=deleted.kind.value, old_id=deleted.id, **row)
    untaken = or_(aliases.c.new_id == successor.id, and_(aliases.c.applied_at.is_(None), aliases.c.owed.is_(None)))
    keys = ["portal_id", "kind", "old_id"]
    kept = await db.execute(
        new.on_conflict_do_update(index_elements=keys, set_=row, where=untaken).returning(aliases.c.old_id)
    )
    earlier = (aliases.c.portal_id == portal_id, aliases.c.kind == deleted.kind.value, aliases.c.new_id == deleted.id)
    await db.execute(update(aliases).where(*earlier).values(new_id=successor.id))
    return kept.one_or_none() is not None


def _old(row: Row[Any]) -> Subject:
    return Subject(Kind(row.kind), row.old_id)


def _new(row: Row[Any]) -> Subject:
    return Subject(Kind(row.kind), row.new_id)
