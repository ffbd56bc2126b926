"""Requisites as we last read them: on which card each hangs, and what a card is found by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import aliases, records, requisites
from b24app.domain.cards.facts import Kind, Requisite, RequisiteId, RequisiteKind, Subject
from b24app.store.arrays import among, named, unnest

_ROWS = unnest(ids="bigint", kinds="text", owners="bigint", inns="text", kpps="text", actives="boolean")
_ADD = f"""
    INSERT INTO requisites (portal_id, crm_id, owner_kind, owner_id, inn, kpp, active, seen_at)
    SELECT DISTINCT ON (r.id) :portal, r.id, r.kind, r.owner, r.inn, r.kpp, r.active, :now
    FROM {_ROWS} AS r(id, kind, owner, inn, kpp, active) ORDER BY r.id
    ON CONFLICT (portal_id, crm_id) DO UPDATE SET
    former_id = CASE WHEN requisites.owner_id = excluded.owner_id THEN requisites.former_id
                     WHEN requisites.owner_kind = excluded.owner_kind THEN requisites.owner_id END,
    owner_kind = excluded.owner_kind, owner_id = excluded.owner_id, inn = excluded.inn, kpp = excluded.kpp,
    active = excluded.active, seen_at = excluded.seen_at, gone_at = NULL
"""  # noqa: S608 - put together from texts of this package only
ADD_NEW = text(f"{_ADD} WHERE requisites.gone_at IS NOT NULL RETURNING crm_id")
SAVE = text(_ADD)

_OF_THE_PORTAL = select(requisites).where(requisites.c.portal_id == bindparam("portal"))
_THERE = requisites.c.gone_at.is_(None)
_NUMBERED = _OF_THE_PORTAL.where(text("crm_id = ANY(CAST(:ids AS bigint[]))"))
_OF_CARDS = _OF_THE_PORTAL.where(_THERE).where(
    or_(text(among("owner_kind", "owner_id")), text(f"former_id IS NOT NULL AND {among('owner_kind', 'former_id')}"))
)


async def load(db: AsyncConnection, portal_id: int, wanted: Collection[RequisiteId]) -> Mapping[RequisiteId, Requisite]:
    rows = await db.execute(_NUMBERED.where(_THERE), {"portal": portal_id, "ids": [one.id for one in wanted]})
    return {found.subject: found for found in map(_requisite, rows)}


async def former_owners(
    db: AsyncConnection, portal_id: int, wanted: Collection[RequisiteId]
) -> Mapping[RequisiteId, Subject]:
    """The card that each of these hung on which went."""
    rows = await db.execute(_NUMBERED.where(~_THERE), {"portal": portal_id, "ids": [one.id for one in wanted]})
    return {went.subject: went.owner for went in map(_requisite, rows)}


async def went_with(
    db: AsyncConnection, portal_id: int, kinds: Collection[Kind], since: datetime, limit: int
) -> list[Requisite]:
    """Those that went since then with a card of these kinds for which nobody goes on; the latest first."""
    card = and_(
        records.c.portal_id == portal_id,
        records.c.kind == requisites.c.owner_kind,
        records.c.crm_id == requisites.c.owner_id,
        records.c.gone_at.is_not(None),
    )
    passed_on = and_(
        aliases.c.portal_id == portal_id,
        aliases.c.kind == requisites.c.owner_kind,
        aliases.c.old_id == requisites.c.owner_id,
    )
    found = (
        select(requisites)
        .where(requisites.c.portal_id == portal_id, requisites.c.gone_at >= since)
        .where(requisites.c.owner_kind.in_([kind.value for kind in kinds]))
        .where(select(records.c.crm_id).where(card).exists(), ~select(aliases.c.old_id).where(passed_on).exists())
        .order_by(requisites.c.gone_at.desc(), requisites.c.crm_id)
        .limit(limit)
    )
    return [_requisite(row) for row in await db.execute(found)]


async def requisites_of(
    db: AsyncConnection, portal_id: int, cards: Collection[Subject]
) -> Mapping[Subject, tuple[Requisite, ...]]:
    """By card: what hangs on it as we know, and what hung on it before it moved to another card."""
    found: dict[Subject, list[Requisite]] = defaultdict(list)
    for row in await db.execute(_OF_CARDS, {"portal": portal_id, **named(cards)}):
        kind = Kind(row.owner_kind)
        for one in {Subject(kind, row.owner_id), Subject(kind, row.former_id or row.owner_id)} & set(cards):
            found[one].append(_requisite(row))
    return {one: tuple(many) for one, many in found.items()}


async def add_new(db: AsyncConnection, portal_id: int, seen: Sequence[Requisite], now: datetime) -> set[RequisiteId]:
    """Those the import saw; what is known already is left alone. Returns the new ones."""
    if not seen:
        return set()
    rows = await db.execute(ADD_NEW, _rows(portal_id, seen, now))
    return {_requisite_id(one) for one in rows.scalars()}


async def save(db: AsyncConnection, portal_id: int, seen: Sequence[Requisite], now: datetime) -> None:
    """As just read, new or known. One that moved remembers where it hung."""
    if seen:
        await db.execute(SAVE, _rows(portal_id, seen, now))


async def mark_deleted(db: AsyncConnection, portal_id: int, deleted: Collection[RequisiteId], now: datetime) -> None:
    """Kept without what they say of anybody: number and card tell when the card comes back."""
    if deleted:
        mine = (requisites.c.portal_id == portal_id, requisites.c.crm_id.in_([one.id for one in deleted]), _THERE)
        await db.execute(update(requisites).where(*mine).values(gone_at=now, inn="", kpp=""))


async def between(db: AsyncConnection, portal_id: int, after: int, last: int | None) -> list[RequisiteId]:
    """Those we know above `after`, up to `last` (None: to the end), by id."""
    within = [requisites.c.portal_id == portal_id, requisites.c.crm_id > after, _THERE]
    if last is not None:
        within.append(requisites.c.crm_id <= last)
    found = select(requisites.c.crm_id).where(*within).order_by(requisites.c.crm_id)
    return [_requisite_id(one) for one in (await db.execute(found)).scalars()]


def _rows(portal_id: int, seen: Sequence[Requisite], now: datetime) -> dict[str, Any]:
    return {
        "portal": portal_id,
        "ids": [one.subject.id for one in seen],
        "kinds": [one.owner.kind.value for one in seen],
        "owners": [one.owner.id for one in seen],
        "inns": [one.inn for one in seen],
        "kpps": [one.kpp for one in seen],
        "actives": [one.active for one in seen],
        "now": now,
    }


def _requisite_id(id: int) -> RequisiteId:
    return RequisiteId(RequisiteKind.REQUISITE, id)


def _requisite(row: Row[Any]) -> Requisite:
    owner = Subject(Kind(row.owner_kind), row.owner_id)
    return Requisite(_requisite_id(row.crm_id), owner, row.inn, row.kpp, row.active)
