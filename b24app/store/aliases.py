"""Cards that are gone and those that go on for them: by merge, or by return from the recycle bin under a new id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.facts import Kind, Subject
from b24app.store.tables import aliases


async def heirs(db: AsyncConnection, portal_id: int, gone: Collection[Subject]) -> Mapping[Subject, Subject]:
    """Who goes on for each of these, where that is known."""
    keys = [(one.kind.value, one.id) for one in gone]
    rows = await db.execute(
        select(aliases).where(aliases.c.portal_id == portal_id, tuple_(aliases.c.kind, aliases.c.old_id).in_(keys))
    )
    return {Subject(Kind(row.kind), row.old_id): Subject(Kind(row.kind), row.new_id) for row in rows}


async def owed(db: AsyncConnection, portal_id: int, cards: Collection[Subject]) -> Mapping[Subject, list[Subject]]:
    """For each of these the gone cards it goes on for whose memberships have not moved yet."""
    keys = [(one.kind.value, one.id) for one in cards]
    rows = await db.execute(
        select(aliases)
        .where(aliases.c.portal_id == portal_id, tuple_(aliases.c.kind, aliases.c.new_id).in_(keys))
        .where(aliases.c.applied_at.is_(None))
    )
    found: dict[Subject, list[Subject]] = defaultdict(list)
    for row in rows:
        found[Subject(Kind(row.kind), row.new_id)].append(Subject(Kind(row.kind), row.old_id))
    return found


async def found(db: AsyncConnection, portal_id: int, gone: Subject, heir: Subject, now: datetime) -> None:
    """Who goes on, as the gone card's journey found it: to be done by the other one's. What is known already stays."""
    row = {"kind": gone.kind.value, "old_id": gone.id, "new_id": heir.id, "found_at": now}
    await db.execute(insert(aliases).values(portal_id=portal_id, **row).on_conflict_do_nothing())


async def passed_on(db: AsyncConnection, portal_id: int, gone: Subject, heir: Subject, now: datetime) -> bool:
    """What was the gone card's, and of those it went on for, is the other one's now. False: somebody else took it."""
    row = {"new_id": heir.id, "found_at": now, "applied_at": now}
    new = insert(aliases).values(portal_id=portal_id, kind=gone.kind.value, old_id=gone.id, **row)
    untaken = or_(aliases.c.new_id == heir.id, aliases.c.applied_at.is_(None))
    keys = ["portal_id", "kind", "old_id"]
    kept = await db.execute(
        new.on_conflict_do_update(index_elements=keys, set_=row, where=untaken).returning(aliases.c.old_id)
    )
    earlier = (aliases.c.portal_id == portal_id, aliases.c.kind == gone.kind.value, aliases.c.new_id == gone.id)
    await db.execute(update(aliases).where(*earlier).values(new_id=heir.id))
    return kept.one_or_none() is not None
