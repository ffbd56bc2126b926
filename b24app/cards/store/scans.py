"""Looks at a portal's records: how far each has come, what it saw, and the drift it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import drift_totals, looks
from b24app.domain.cards.drift import Drift, ScanTrigger, Scope
from b24app.domain.cards.facts import Listed, listed

CUT_OFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan. `kind` and `after_id`: the last thing it has compared, where to go on; `drift`: cards by how they
    differed."""

    id: int
    scope: Scope
    trigger: ScanTrigger
    started_at: datetime
    finished_at: datetime | None
    kind: Listed | None
    after_id: int
    seen: int
    drift: Mapping[Drift, int]

    @property
    def drifted(self) -> int:
        return sum(self.drift.values())


async def begin(db: AsyncConnection, portal_id: int, scope: Scope, trigger: ScanTrigger, now: datetime) -> Scan:
    new = insert(looks).values(portal_id=portal_id, reach=scope.value, cause=trigger.value, started_at=now)
    return _scan((await db.execute(new.returning(looks))).one())


async def unfinished(db: AsyncConnection, portal_id: int, scope: Scope) -> Scan | None:
    """The newest one that was cut off, to be carried on."""
    found = select(looks).where(
        looks.c.portal_id == portal_id, looks.c.reach == scope.value, looks.c.finished_at.is_(None)
    )
    row = (await db.execute(found.order_by(looks.c.id.desc()).limit(1))).one_or_none()
    return None if row is None else _scan(row)


async def advance(
    db: AsyncConnection, portal_id: int, scan: Scan, kind: Listed, after_id: int, seen: int, drift: Mapping[Drift, int]
) -> Scan | None:
    """One page further, with what it brought. None: somebody else has carried this look on since we read it."""
    here = (looks.c.portal_id == portal_id, looks.c.id == scan.id, looks.c.finished_at.is_(None))
    total = {one: scan.drift.get(one, 0) + drift.get(one, 0) for one in {*scan.drift, *drift}}
    moved = await db.execute(
        update(looks)
        .where(*here, looks.c.kind.is_not_distinct_from(scan.kind), looks.c.after_id == scan.after_id)
        .where(looks.c.seen == scan.seen)
        .values(kind=kind.value, after_id=after_id, seen=scan.seen + seen, drift=total)
        .returning(looks)
    )
    row = moved.one_or_none()
    if row is None:
        return None
    for one, cards in sorted(drift.items()):
        await _count(db, portal_id, one, cards)
    return _scan(row)


async def finish(db: AsyncConnection, portal_id: int, scan: Scan, now: datetime) -> None:
    """Of looks that found nothing only the newest of each reach is kept, and none that was cut off before this one.

    One under way beside this one is left alone until it is `CUT_OFF` old.
    """
    await db.execute(update(looks).where(looks.c.portal_id == portal_id, looks.c.id == scan.id).values(finished_at=now))
    over = or_(looks.c.finished_at.is_not(None), looks.c.started_at < now - CUT_OFF)
    quiet = and_(over, or_(looks.c.drift == {}, looks.c.finished_at.is_(None)))
    older = (looks.c.portal_id == portal_id, looks.c.reach == scan.scope.value, looks.c.id < scan.id)
    await db.execute(delete(looks).where(*older, quiet))


async def drop(db: AsyncConnection, portal_id: int, scan: Scan) -> None:
    """One that could not know what has changed: nothing of it counts as compared. What it found stays counted."""
    here = (looks.c.portal_id == portal_id, looks.c.id == scan.id, looks.c.finished_at.is_(None))
    await db.execute(delete(looks).where(*here))


async def newest(db: AsyncConnection, portal_id: int) -> Mapping[Scope, Scan]:
    """The last finished look of each reach."""
    rows = await db.execute(
        select(looks)
        .where(looks.c.portal_id == portal_id, looks.c.finished_at.is_not(None))
        .ext(distinct_on(looks.c.reach))
        .order_by(looks.c.reach, looks.c.id.desc())
    )
    return {scan.scope: scan for scan in map(_scan, rows)}


async def totals(db: AsyncConnection) -> Mapping[str, int]:
    """Drift ever found in the portals that are known, by its kind."""
    counted = select(drift_totals.c.drift, func.sum(drift_totals.c.cards).label("cards"))
    rows = await db.execute(counted.group_by(drift_totals.c.drift))
    return {row.drift: int(row.cards) for row in rows}


async def _count(db: AsyncConnection, portal_id: int, drift: Drift, cards: int) -> None:
    new = upsert(drift_totals).values(portal_id=portal_id, drift=drift.value, cards=cards)
    more = {"cards": drift_totals.c.cards + new.excluded.cards}
    await db.execute(new.on_conflict_do_update(index_elements=["portal_id", "drift"], set_=more))


def _scan(row: Row[Any]) -> Scan:
    return Scan(
        id=row.id,
        scope=Scope(row.reach),
        trigger=ScanTrigger(row.cause),
        started_at=row.started_at,
        finished_at=row.finished_at,
        kind=listed(row.kind) if row.kind else None,
        after_id=row.after_id,
        seen=row.seen,
        drift={Drift(name): cards for name, cards in row.drift.items()},
    )
