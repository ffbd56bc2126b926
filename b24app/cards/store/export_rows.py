"""Public ids as an export file holds them, and how they come back; a slice at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.customers import BY_ID, CARDS, MOMENT, TABLE, Role, kind_of, made_for
from b24app.domain.cards.facts import Kind, Subject
from b24app.store.arrays import named, unnest


@dataclass(frozen=True, slots=True)
class PublicId:
    """One id and the card it was made for. `answers_for`: the card that an alias stands for; None: it is the living id
    of its own."""

    id: UUID
    card: Subject
    answers_for: Subject | None = None

    @property
    def today(self) -> Subject:
        """The card that it stands for."""
        return self.answers_for or self.card


_FILED = f"{unnest(uuids='uuid', kinds='text', ids='bigint', todays='bigint')} AS n(uuid, kind, id, today)"


def _after(role: Role) -> TextClause:
    table = TABLE[role]
    return text(f"""
        SELECT c.id, {kind_of(role, "c")} AS kind, c.crm_id, l.crm_id AS today
        FROM {table} c LEFT JOIN {table} l ON l.portal_id = :portal AND l.id = c.goes_on_as
        WHERE c.portal_id = :portal AND ({kind_of(role, "c")}, c.crm_id, c.id) > (CAST(:kind AS text), :crm_id, :id)
        ORDER BY kind, c.crm_id, c.id LIMIT :limit
    """)  # noqa: S608 - put together as above


def _living(role: Role) -> TextClause:
    return text(f"""
        SELECT c.id, {kind_of(role, "c")} AS kind, c.crm_id FROM {CARDS}
        JOIN {TABLE[role]} c ON {made_for(role, "c", "n.kind", "n.id")} AND c.goes_on_as IS NULL
    """)  # noqa: S608 - put together as above


def _here(role: Role) -> TextClause:
    return text(f"""
        SELECT id FROM {TABLE[role]} WHERE portal_id = :portal AND id = ANY(CAST(:ids AS uuid[]))
    """)  # noqa: S608 - put together as above


def _give_way(role: Role) -> TextClause:
    """The living id of a card, and what answers as it, become aliases of the file's."""
    table = TABLE[role]
    return text(f"""
        WITH given AS (
            SELECT n.uuid, c.id FROM {_FILED}
            JOIN {table} c ON {made_for(role, "c", "n.kind", "n.id")} AND c.goes_on_as IS NULL
        ),
        following AS (
            SELECT id, uuid FROM given
            UNION ALL SELECT c.id, given.uuid FROM given
            JOIN {table} c ON c.portal_id = :portal AND c.goes_on_as = given.id
        )
        UPDATE {table} SET goes_on_as = following.uuid FROM following
        WHERE {table}.portal_id = :portal AND {table}.id = following.id
    """)  # noqa: S608 - put together as above


def _put_back(role: Role, answers_as: str) -> TextClause:
    kind, n_kind = ("kind,", "n.kind,") if role is Role.CUSTOMER else ("", "")
    return text(f"""
        INSERT INTO {TABLE[role]} (id, portal_id, {kind} crm_id, made_at, goes_on_as)
        SELECT n.uuid, CAST(:portal AS bigint), {n_kind} n.id, CAST(:now AS timestamptz), {answers_as} FROM {_FILED}
        ON CONFLICT DO NOTHING
    """).bindparams(MOMENT)  # noqa: S608 - put together as above


def _put_back_alias(role: Role) -> TextClause:
    """Of an alias: the living id of the card that it answers for."""
    return _put_back(
        role,
        f"(SELECT c.id FROM {TABLE[role]} c"  # noqa: S608 - put together as above
        f" WHERE {made_for(role, 'c', 'n.kind', 'n.today')} AND c.goes_on_as IS NULL)",
    )


AFTER = {role: _after(role).bindparams(BY_ID) for role in Role}
LIVING = {role: _living(role) for role in Role}
HERE = {role: _here(role) for role in Role}
GIVE_WAY = {role: _give_way(role) for role in Role}
PUT_BACK = {role: _put_back(role, "NULL") for role in Role}
PUT_BACK_ALIASES = {role: _put_back_alias(role) for role in Role}


async def after(
    db: AsyncConnection, portal_id: int, role: Role, last: tuple[str, int, UUID], limit: int
) -> list[PublicId]:
    """Ids as an export file holds them, by rising (kind, number, id)."""
    asked = {"portal": portal_id, "kind": last[0], "crm_id": last[1], "id": last[2], "limit": limit}
    return [_public_id(row) for row in await db.execute(AFTER[role], asked)]


async def judged_by(
    db: AsyncConnection, portal_id: int, role: Role, filed: Collection[PublicId]
) -> tuple[set[UUID], Mapping[Subject, UUID]]:
    """What a file's ids are judged by: those of them that are here; and the living ids of the cards they stand for."""
    asked = {"portal": portal_id, **named({one.today for one in filed})}
    living = {Subject(Kind(row.kind), row.crm_id): row.id for row in await db.execute(LIVING[role], asked)}
    ids = {"portal": portal_id, "ids": [one.id for one in filed]}
    return set((await db.execute(HERE[role], ids)).scalars()), living


async def put_back(db: AsyncConnection, portal_id: int, role: Role, filed: Collection[PublicId], now: datetime) -> None:
    """Ids of a file that are not here, of cards that are. An id that was made for the card meanwhile becomes an alias
    of the one that client apps knew it by before; a file's alias answers as the living one."""
    own = [one for one in filed if one.answers_for is None]
    aliases = [one for one in filed if one.answers_for]
    for query, ids in ((GIVE_WAY, own), (PUT_BACK, own), (PUT_BACK_ALIASES, aliases)):
        if ids:
            rows = {
                "uuids": [one.id for one in ids],
                "kinds": [one.card.kind.value for one in ids],
                "ids": [one.card.id for one in ids],
                "todays": [one.today.id for one in ids],
            }
            await db.execute(query[role], {"portal": portal_id, "now": now, **rows})


def _public_id(row: Row[Any]) -> PublicId:
    kind = Kind(row.kind)
    return PublicId(row.id, Subject(kind, row.crm_id), Subject(kind, row.today) if row.today else None)
