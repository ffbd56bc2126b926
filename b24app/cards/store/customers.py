"""Public ids: what client apps, and rows of other rooms, know companies and people by, whatever becomes of their cards.

A customer is a company, or a contact as a person on their own; a person is a contact. An id is made when a card is
first read or linked, and never changes hands: where another card goes on for a deleted one, the deleted one's ids
become aliases that answer as those of the living one. An alias always names a living id, never another alias.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.store.arrays import named, unnest


class Role(StrEnum):
    """Whose ids: each role has a table of its own."""

    CUSTOMER = "customer"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class CardIds:
    """Public ids of a card. `person_id`: of contacts only."""

    customer_id: UUID
    person_id: UUID | None


KINDS = frozenset({Kind.CONTACT, Kind.COMPANY})
"""Cards of customers."""

TABLE = {Role.CUSTOMER: "customers", Role.PERSON: "persons"}


def kind_of(role: Role, row: str) -> str:
    """The kind of the card that this row was made for."""
    return f"{row}.kind" if role is Role.CUSTOMER else "'contact'"


def made_for(role: Role, row: str, kind: str, id: str) -> str:
    """A condition: this row of the role's table was made for that card."""
    return f"{row}.portal_id = :portal AND {kind_of(role, row)} = {kind} AND {row}.crm_id = {id}"


CARDS = f"{unnest(kinds='text', ids='bigint')} AS n(kind, id)"
MOMENT = bindparam("now", type_=TIMESTAMP(timezone=True))
BY_ID = bindparam("id", type_=PG_UUID(as_uuid=True))

ENSURE = text(f"""
    WITH asked AS (SELECT DISTINCT n.kind, n.id FROM {CARDS}),
    people AS (
        INSERT INTO persons (id, portal_id, crm_id, made_at)
        SELECT gen_random_uuid(), CAST(:portal AS bigint), id, CAST(:now AS timestamptz) FROM asked
        WHERE kind = 'contact' ORDER BY id
        ON CONFLICT DO NOTHING
    )
    INSERT INTO customers (id, portal_id, kind, crm_id, made_at)
    SELECT gen_random_uuid(), CAST(:portal AS bigint), kind, id, CAST(:now AS timestamptz) FROM asked ORDER BY kind, id
    ON CONFLICT DO NOTHING
""").bindparams(MOMENT)  # noqa: S608 - put together from texts of this package only


def _today(role: Role) -> str:
    """The living id of the card `n`: its own, else that of the card that goes on for it; `aliases` remembers that one
    when the alias is long gone."""
    table = TABLE[role]
    return f"""coalesce(
        (SELECT c.id FROM {table} c WHERE {made_for(role, "c", "n.kind", "n.id")} AND c.goes_on_as IS NULL),
        (SELECT c.goes_on_as FROM {table} c WHERE {made_for(role, "c", "n.kind", "n.id")} AND c.goes_on_as IS NOT NULL
            ORDER BY c.made_at DESC LIMIT 1),
        (SELECT c.id FROM aliases a
            JOIN {table} c ON {made_for(role, "c", "a.kind", "a.new_id")} AND c.goes_on_as IS NULL
            WHERE a.portal_id = :portal AND a.kind = n.kind AND a.old_id = n.id AND a.applied_at IS NOT NULL)
    )"""  # noqa: S608 - put together from texts of this package only


def _before(role: Role) -> str:
    """The id that was the card's own, also where it is an alias by now."""
    return f"""(SELECT c.id FROM {TABLE[role]} c WHERE {made_for(role, "c", "n.kind", "n.id")}
        ORDER BY c.goes_on_as IS NULL, c.made_at DESC LIMIT 1)"""  # noqa: S608 - put together as above


_PERSON, _CUSTOMER = _today(Role.PERSON), _today(Role.CUSTOMER)
IDS = text(f"""
    SELECT n.kind, n.id, {_CUSTOMER} AS customer_id, {_PERSON} AS person_id FROM {CARDS}
""")  # noqa: S608 - put together as above
FORMER_IDS = text(f"""
    SELECT n.kind, n.id, coalesce({_before(Role.CUSTOMER)}, {_CUSTOMER}) AS customer_id,
        coalesce({_before(Role.PERSON)}, {_PERSON}) AS person_id FROM {CARDS}
""")  # noqa: S608 - put together as above


def _go_on(role: Role) -> TextClause:
    table = TABLE[role]
    return text(f"""
        WITH gone AS (SELECT c.id FROM {table} c WHERE {made_for(role, "c", ":kind", ":old")} AND c.goes_on_as IS NULL),
        following AS (
            SELECT id FROM gone
            UNION ALL SELECT c.id FROM gone JOIN {table} c ON c.portal_id = :portal AND c.goes_on_as = gone.id
        )
        UPDATE {table} SET goes_on_as = living.id FROM {table} living, following
        WHERE {made_for(role, "living", ":kind", ":new")} AND living.goes_on_as IS NULL
        AND {table}.portal_id = :portal AND {table}.id = following.id AND {table}.id <> living.id
    """)  # noqa: S608 - put together as above


def _resolve(role: Role) -> TextClause:
    return text(f"""
        SELECT coalesce(goes_on_as, id) FROM {TABLE[role]} WHERE portal_id = :portal AND id = :id
    """)  # noqa: S608 - put together as above


def _cards_of(role: Role) -> TextClause:
    table = TABLE[role]
    return text(f"""
        WITH living AS (
            SELECT {kind_of(role, "l")} AS kind, l.crm_id FROM {table} o JOIN {table} l
            ON l.portal_id = :portal AND l.id = coalesce(o.goes_on_as, o.id)
            WHERE o.portal_id = :portal AND o.id = :id
        )
        SELECT kind, crm_id FROM living
        UNION SELECT a.kind, a.old_id FROM living JOIN aliases a
            ON a.portal_id = :portal AND a.kind = living.kind AND a.new_id = living.crm_id
            WHERE a.applied_at IS NOT NULL AND NOT EXISTS (
                SELECT FROM {table} c WHERE {made_for(role, "c", "a.kind", "a.old_id")} AND c.goes_on_as IS NULL)
    """)  # noqa: S608 - put together as above


GO_ON = {role: _go_on(role) for role in Role}
RESOLVE = {role: _resolve(role).bindparams(BY_ID) for role in Role}
CARDS_OF = {role: _cards_of(role).bindparams(BY_ID) for role in Role}


async def ensure(db: AsyncConnection, portal_id: int, subjects: Collection[Subject], now: datetime) -> None:
    """Make the ids of companies and contacts that have none; one statement, none where nothing is asked."""
    asked = [subject for subject in subjects if subject.kind in KINDS]
    if asked:
        await db.execute(ENSURE, {"portal": portal_id, "now": now, **named(asked)})


async def ids_of(
    db: AsyncConnection, portal_id: int, subjects: Collection[Subject], now: datetime
) -> Mapping[Subject, CardIds]:
    """Living ids of every card asked for: of a deleted one those of the card that goes on for it.

    Ids that are missing, since the version before this one read the card, are made.
    """
    found = await _read(db, IDS, portal_id, subjects)
    missing = set(subjects) - found.keys()
    if missing:
        await ensure(db, portal_id, missing, now)
        found |= await _read(db, IDS, portal_id, missing)
    return found


async def former_ids_of(
    db: AsyncConnection, portal_id: int, subjects: Collection[Subject]
) -> Mapping[Subject, CardIds]:
    """Ids that these cards had of their own before others went on for them; today's where they had none."""
    return await _read(db, FORMER_IDS, portal_id, subjects)


async def go_on(db: AsyncConnection, portal_id: int, deleted: Subject, successor: Subject, now: datetime) -> None:
    """The deleted card's ids, and all that answer as them, answer as the successor's, which are made where missing."""
    if deleted.kind not in KINDS:
        return
    await ensure(db, portal_id, [successor], now)
    cards = {"portal": portal_id, "old": deleted.id, "new": successor.id}
    await db.execute(GO_ON[Role.CUSTOMER], {**cards, "kind": deleted.kind.value})
    if deleted.kind is Kind.CONTACT:
        await db.execute(GO_ON[Role.PERSON], {**cards, "kind": deleted.kind.value})


async def resolve(db: AsyncConnection, portal_id: int, role: Role, id: UUID) -> UUID | None:
    """The living id that this one answers as: itself, or that of the card that goes on. None: there is no such id."""
    found: UUID | None = (await db.execute(RESOLVE[role], {"portal": portal_id, "id": id})).scalar_one_or_none()
    return found


async def cards_of(db: AsyncConnection, portal_id: int, role: Role, id: UUID) -> list[Subject]:
    """The card that an id, or what it answers as, stands for, and those that this card went on for."""
    rows = await db.execute(CARDS_OF[role], {"portal": portal_id, "id": id})
    return [Subject(Kind(row.kind), row.crm_id) for row in rows]


async def _read(
    db: AsyncConnection, query: TextClause, portal_id: int, subjects: Collection[Subject]
) -> dict[Subject, CardIds]:
    if not subjects:
        return {}
    rows = await db.execute(query, {"portal": portal_id, **named(set(subjects))})
    return {Subject(Kind(row.kind), row.id): CardIds(row.customer_id, row.person_id) for row in rows if _complete(row)}


def _complete(row: Row[Any]) -> bool:
    return row.customer_id is not None and (row.person_id is not None or row.kind != Kind.CONTACT)
