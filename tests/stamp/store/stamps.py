"""Numbers: taken one after another, kept by card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import records
from b24app.domain.cards.facts import Kind, Subject
from b24app.store.arrays import among, named
from tests.stamp.domain import Stamp
from tests.stamp.store.tables import stamps

_OF_THE_PORTAL = select(stamps).where(stamps.c.portal_id == bindparam("portal"))
_LOAD = _OF_THE_PORTAL.where(or_(text(among("kind", "crm_id")), text("lead_id = ANY(CAST(:leads AS bigint[]))")))
_ONE_AFTER_ANOTHER = text("SELECT pg_advisory_xact_lock(hashtext('stamps'), CAST(:portal AS integer))")
_RESERVE = text("""
    INSERT INTO stamps (portal_id, kind, crm_id, shadow, number)
    SELECT :portal, n.kind, n.id, :shadow, n.turn + coalesce(
        (SELECT max(number) FROM stamps WHERE portal_id = :portal AND shadow = :shadow), 0)
    FROM (SELECT kind, id, row_number() OVER (ORDER BY kind, id) AS turn
          FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[])) AS u(kind, id)
          WHERE NOT EXISTS (SELECT FROM stamps s WHERE s.portal_id = :portal AND s.shadow = :shadow
                            AND s.kind = u.kind AND s.crm_id = u.id)) AS n
""")
_TAKE_UP = text("""
    INSERT INTO stamps (portal_id, kind, crm_id, number, version, told)
    SELECT :portal, n.kind, n.id, n.number, 1, 1
    FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[]), CAST(:numbers AS bigint[])) AS n(kind, id, number)
    WHERE n.number > 0
    ON CONFLICT DO NOTHING RETURNING kind, crm_id
""")
_TOLD = text("""
    UPDATE stamps s SET told = s.version
    FROM (SELECT kind, crm_id, told FROM stamps WHERE portal_id = :portal AND NOT shadow) AS old
    WHERE s.portal_id = :portal AND NOT s.shadow AND (s.kind, s.crm_id) = (old.kind, old.crm_id)
      AND (s.kind, s.crm_id, s.number) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[]),
                                                              CAST(:numbers AS bigint[])))
      AND s.told IS DISTINCT FROM s.version
    RETURNING s.kind, s.crm_id, s.number, s.version, old.told
""")


async def load(
    db: AsyncConnection, portal_id: int, subjects: Collection[Subject]
) -> Mapping[Subject, Mapping[bool, Stamp]]:
    """By card, and by whether the number was taken by a rule that only watched; of leads also what deals took over."""
    found: dict[Subject, dict[bool, Stamp]] = defaultdict(dict)
    leads = [one.id for one in subjects if one.kind is Kind.LEAD]
    for row in await db.execute(_LOAD, {"portal": portal_id, "leads": leads, **named(subjects)}):
        found[_subject(row)][row.shadow] = _stamp(row)
    return found


async def reserve(db: AsyncConnection, portal_id: int, cards: Collection[Subject], *, shadow: bool) -> None:
    """The next numbers for those that have none. Two who reserve wait for each other."""
    await db.execute(_ONE_AFTER_ANOTHER, {"portal": portal_id})
    await db.execute(_RESERVE, {"portal": portal_id, "shadow": shadow, **named(cards)})


async def take_up(db: AsyncConnection, portal_id: int, shown: Mapping[Subject, int]) -> frozenset[Subject]:
    """Numbers that cards show already, told to nobody. Returns the cards to which nobody contradicts."""
    if not shown:
        return frozenset()
    await db.execute(_ONE_AFTER_ANOTHER, {"portal": portal_id})
    rows = await db.execute(_TAKE_UP, {"portal": portal_id, **named(list(shown)), "numbers": list(shown.values())})
    return frozenset(_subject(row) for row in rows)


async def shadows(db: AsyncConnection, portal_id: int) -> list[Subject]:
    """Cards whose number was taken by a rule that only watched."""
    rows = await db.execute(select(stamps).where(stamps.c.portal_id == portal_id, stamps.c.shadow))
    return sorted(_subject(row) for row in rows)


async def drop_shadows(db: AsyncConnection, portal_id: int) -> None:
    await db.execute(delete(stamps).where(stamps.c.portal_id == portal_id, stamps.c.shadow))


async def save(db: AsyncConnection, portal_id: int, keep: Sequence[Stamp], drop: Sequence[Stamp]) -> None:
    """Rows of `drop` go first: their numbers may be kept by other cards."""
    if drop:
        keys = [(one.subject.kind.value, one.subject.id, one.shadow) for one in drop]
        mine = (stamps.c.portal_id == portal_id, tuple_(stamps.c.kind, stamps.c.crm_id, stamps.c.shadow).in_(keys))
        await db.execute(delete(stamps).where(*mine))
    if keep:
        await db.execute(insert(stamps), [_row(portal_id, one) for one in sorted(keep, key=lambda one: one.subject)])


async def told(db: AsyncConnection, portal_id: int, shown: Mapping[Subject, int]) -> list[Stamp]:
    """Cards that show their number now: those of which client apps do not know it, `told` as it was."""
    rows = await db.execute(_TOLD, {"portal": portal_id, **named(list(shown)), "numbers": list(shown.values())})
    return [Stamp(_subject(row), row.number, row.version, row.told) for row in rows]


async def give_back(db: AsyncConnection, portal_id: int, card: Subject) -> None:
    """The card's number, where client apps have never heard of it."""
    mine = (stamps.c.portal_id == portal_id, stamps.c.kind == card.kind.value, stamps.c.crm_id == card.id)
    await db.execute(delete(stamps).where(*mine, stamps.c.told.is_(None)))


async def file(db: AsyncConnection, portal_id: int, cards: Collection[Subject], now: datetime) -> None:
    mine = (stamps.c.portal_id == portal_id, text(among("kind", "crm_id")), ~stamps.c.shadow)
    await db.execute(update(stamps).where(*mine).values(filed_at=now), named(cards))


async def expire(db: AsyncConnection, portal_id: int, before: datetime) -> int:
    """Of cards that were deleted before this. Returns how many."""
    same = (records.c.portal_id == stamps.c.portal_id, records.c.kind == stamps.c.kind)
    gone = select(records.c.crm_id).where(*same, records.c.crm_id == stamps.c.crm_id, records.c.gone_at < before)
    return (await db.execute(delete(stamps).where(stamps.c.portal_id == portal_id, gone.exists()))).rowcount


async def after(db: AsyncConnection, portal_id: int, number: int, limit: int) -> list[Stamp]:
    """In the order of numbers."""
    mine = (stamps.c.portal_id == portal_id, ~stamps.c.shadow, stamps.c.version > 0, stamps.c.number > number)
    rows = await db.execute(select(stamps).where(*mine).order_by(stamps.c.number).limit(limit))
    return [_stamp(row) for row in rows]


async def living(db: AsyncConnection, portal_id: int, like: Collection[Stamp]) -> list[Stamp]:
    """Numbers of these cards, and cards of these numbers."""
    same = or_(stamps.c.number.in_([one.number for one in like]), text(among("kind", "crm_id")))
    mine = select(stamps).where(stamps.c.portal_id == portal_id, ~stamps.c.shadow, same)
    return [_stamp(row) for row in await db.execute(mine, named([one.subject for one in like]))]


async def count(db: AsyncConnection, portal_id: int) -> int:
    mine = (stamps.c.portal_id == portal_id, ~stamps.c.shadow)
    return int((await db.execute(select(func.count()).select_from(stamps).where(*mine))).scalar_one())


def _subject(row: Row[Any]) -> Subject:
    return Subject(Kind(row.kind), row.crm_id)


def _stamp(row: Row[Any]) -> Stamp:
    return Stamp(_subject(row), row.number, row.version, row.told, row.shadow, row.lead_id)


def _row(portal_id: int, one: Stamp) -> dict[str, Any]:
    return {
        "portal_id": portal_id,
        "kind": one.subject.kind.value,
        "crm_id": one.subject.id,
        "shadow": one.shadow,
        "number": one.number,
        "version": one.version,
        "told": one.told,
        "lead_id": one.lead_id,
    }
