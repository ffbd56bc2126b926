"""Cards as we last agreed on them with the portal: settled, intended, and what stood there before our last write."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, any_, bindparam, func, literal, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import aliases, records
from b24app.domain.cards.facts import Card, Kind, Subject, Value, Values
from b24app.domain.cards.records import Known, Record, some
from b24app.store.arrays import among, named

ADD_NEW = text("""
    INSERT INTO records (portal_id, kind, crm_id, title, links, assigned_by, settled, facts, modified_at, seen_at)
    SELECT :portal, r.kind, r.id, r.title, CAST(r.links AS bigint[]), r.assigned, CAST(r.settled AS jsonb),
           CAST(r.facts AS jsonb), r.modified, :now
    FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[]), CAST(:titles AS text[]), CAST(:links AS text[]),
                CAST(:assigned AS bigint[]), CAST(:settled AS text[]), CAST(:facts AS text[]),
                CAST(:modified AS timestamptz[]))
         AS r(kind, id, title, links, assigned, settled, facts, modified)
    ON CONFLICT DO NOTHING RETURNING kind, crm_id
""")


TAKE_UP = text("""
    UPDATE records r SET settled = CAST(n.settled AS jsonb) || r.settled
    FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[]), CAST(:settled AS text[])) AS n(kind, id, settled)
    WHERE r.portal_id = :portal AND r.kind = n.kind AND r.crm_id = n.id
""")


SEE_FACTS = text("""
    UPDATE records r SET facts = CAST(n.facts AS jsonb)
    FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[]), CAST(:facts AS text[])) AS n(kind, id, facts)
    WHERE r.portal_id = :portal AND r.kind = n.kind AND r.crm_id = n.id
""")


_KEY = ("portal_id", "kind", "crm_id")
_NEW = insert(records)
_SAVE = _NEW.on_conflict_do_update(
    index_elements=_KEY, set_={one.name: _NEW.excluded[one.name] for one in records.c if one.name not in _KEY}
)
_LOAD = select(records).where(records.c.portal_id == bindparam("portal"), text(among("kind", "crm_id")))


async def load(db: AsyncConnection, portal_id: int, subjects: Collection[Subject]) -> Mapping[Subject, Known]:
    rows = await db.execute(_LOAD, {"portal": portal_id, **named(subjects)})
    return {known.subject: known for known in map(_known, rows)}


async def save(db: AsyncConnection, portal_id: int, seen: Sequence[Known], now: datetime) -> None:
    """Cards just read, with what we agree on; new or known."""
    if not seen:
        return
    ordered = sorted(seen, key=lambda one: one.subject)
    await db.execute(_SAVE, [_row(portal_id, known, now) for known in ordered])


async def add_new(
    db: AsyncConnection, portal_id: int, cards: Sequence[Card], codes: frozenset[str], now: datetime
) -> set[Subject]:
    """Cards the import saw, settled as they show these codes; those known already are left alone. Returns the new
    ones."""
    if not cards:
        return set()
    rows = {
        "portal": portal_id,
        **named([card.subject for card in cards]),
        "titles": [card.title for card in cards],
        "links": ["{" + ",".join(map(str, card.links)) + "}" for card in cards],
        "assigned": [card.assigned_by for card in cards],
        "settled": [json.dumps(some(card.values, codes)) for card in cards],
        "facts": [json.dumps(dict(card.facts)) for card in cards],
        "modified": [card.modified_at for card in cards],
        "now": now,
    }
    return {Subject(Kind(row.kind), row.crm_id) for row in await db.execute(ADD_NEW, rows)}


async def settle(
    db: AsyncConnection,
    portal_id: int,
    subject: Subject,
    record: Record,
    now: datetime,
    behind: Collection[str] = (),
) -> None:
    """What we agree on now, for a card that was saved before."""
    await db.execute(
        update(records)
        .where(records.c.portal_id == portal_id, records.c.kind == subject.kind.value, records.c.crm_id == subject.id)
        .values(
            **_record(record),
            behind=sorted(behind),
            gone_at=func.coalesce(records.c.gone_at, now) if record.deleted else None,
        )
    )


async def behind(db: AsyncConnection, portal_id: int, rule: str) -> list[Subject]:
    """Cards whose last change this rule has not seen, because it was off."""
    mine = (records.c.portal_id == portal_id, literal(rule) == any_(records.c.behind))
    rows = await db.execute(select(records.c.kind, records.c.crm_id).where(*mine))
    return sorted(Subject(Kind(row.kind), row.crm_id) for row in rows)


async def take_up(db: AsyncConnection, portal_id: int, cards: Sequence[Card], codes: frozenset[str]) -> None:
    """What these known cards show of codes that we have not agreed on is agreed on."""
    if cards:
        rows = {
            "portal": portal_id,
            **named([card.subject for card in cards]),
            "settled": [json.dumps(some(card.values, codes)) for card in cards],
        }
        await db.execute(TAKE_UP, rows)


async def see_facts(db: AsyncConnection, portal_id: int, cards: Sequence[Card]) -> None:
    """What these known cards show of fields that are no reason to look at them."""
    if cards:
        rows = {
            "portal": portal_id,
            **named([card.subject for card in cards]),
            "facts": [json.dumps(dict(card.facts)) for card in cards],
        }
        await db.execute(SEE_FACTS, rows)


async def write_again(db: AsyncConnection, portal_id: int, subjects: Collection[Subject]) -> None:
    """What these cards did not store is not held back: a person wants it tried."""
    mine = (records.c.portal_id == portal_id, text(among("kind", "crm_id")))
    before = "CASE jsonb_typeof(previous) WHEN 'object' THEN previous END"  # nothing is kept as the null of JSON, too
    came_to_nothing = text(f"EXISTS (SELECT FROM jsonb_each({before}) AS p WHERE p.value = settled -> p.key)")
    held = update(records).where(*mine, came_to_nothing).values(written_at=None)
    await db.execute(held, named(subjects))


async def ticked(db: AsyncConnection, portal_id: int, kind: Kind, ids: Collection[int], code: str) -> set[int]:
    """Which of these cards show this box ticked."""
    rows = await db.execute(
        select(records.c.crm_id).where(
            records.c.portal_id == portal_id,
            records.c.kind == kind.value,
            records.c.crm_id.in_(ids),
            records.c.settled[code].as_boolean() == literal_column("true"),
        )
    )
    return set(rows.scalars())


async def ids_between(
    db: AsyncConnection, portal_id: int, kind: Kind, after: int, last: int | None, most: int, unless: str = ""
) -> list[int]:
    """Ids of living cards above `after`, up to `last` (None: to the end), at most so many; `unless`: without those of
    which this fact is true."""
    within = [records.c.portal_id == portal_id, records.c.kind == kind.value, records.c.crm_id > after]
    if last is not None:
        within.append(records.c.crm_id <= last)
    if unless:
        within.append(records.c.facts[unless].as_boolean().is_not_distinct_from(literal_column("true")).is_(False))
    found = select(records.c.crm_id).where(*within, records.c.gone_at.is_(None)).order_by(records.c.crm_id)
    return list((await db.execute(found.limit(most))).scalars())


async def lost(
    db: AsyncConnection, portal_id: int, kind: Kind, titles: Collection[str], since: datetime
) -> list[Known]:
    """Cards gone since then for which nobody goes on, of these names, the newest first."""
    passed_on = (
        aliases.c.portal_id == portal_id,
        aliases.c.kind == records.c.kind,
        aliases.c.old_id == records.c.crm_id,
    )
    gone = (
        select(records)
        .where(records.c.portal_id == portal_id, records.c.kind == kind.value, records.c.gone_at >= since)
        .where(records.c.title.in_(titles))
        .where(~select(aliases.c.old_id).where(*passed_on).exists())
        .order_by(records.c.gone_at.desc(), records.c.crm_id)
    )
    return [_known(row) for row in await db.execute(gone)]


def _row(portal_id: int, known: Known, now: datetime) -> dict[str, Any]:
    return {
        "portal_id": portal_id,
        "kind": known.subject.kind.value,
        "crm_id": known.subject.id,
        "title": known.title,
        "links": list(known.links),
        "assigned_by": known.assigned_by,
        **_record(known.record),
        "behind": sorted(known.behind),
        "facts": dict(known.facts),
        "seen_at": now,
        "gone_at": None,
    }


def _record(record: Record) -> dict[str, Any]:
    return {
        "settled": dict(record.settled),
        "previous": dict(record.previous) or None,
        "intended": dict(record.intended) or None,
        "written_at": record.written_at,
        "modified_at": record.modified_at,
        "stale_seen": record.stale_seen,
    }


def _values(kept: Mapping[str, Any] | None) -> Values:
    return {code: _value(value) for code, value in (kept or {}).items()}


def _value(kept: Any) -> Value:
    return tuple(kept) if isinstance(kept, list) else kept


def _known(row: Row[Any]) -> Known:
    return Known(
        subject=Subject(Kind(row.kind), row.crm_id),
        record=Record(
            settled=_values(row.settled),
            previous=_values(row.previous),
            intended=_values(row.intended),
            written_at=row.written_at,
            modified_at=row.modified_at,
            stale_seen=row.stale_seen,
            deleted=row.gone_at is not None,
        ),
        title=row.title,
        links=tuple(row.links),
        assigned_by=row.assigned_by,
        gone_at=row.gone_at,
        seen_at=row.seen_at,
        behind=frozenset(row.behind),
        facts=_values(row.facts),
    )
