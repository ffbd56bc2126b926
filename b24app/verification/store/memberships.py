"""Memberships: who belongs to which company, whether somebody vouched for them, and what client apps were told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.membership import DecidedBySource, Membership, Reason, State
from b24app.domain.verification.succession import Move
from b24app.errors import Overtaken as Overtaken
from b24app.verification.store.tables import memberships

TELL = text("""
    UPDATE memberships m SET told_state = m.state, told_version = m.version
    FROM (SELECT m.id, m.told_state AS state, m.told_version AS version FROM memberships m
          JOIN unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS n(id, version)
          ON m.id = n.id AND m.version = n.version
          WHERE m.portal_id = :portal AND m.told_state <> m.state ORDER BY m.id FOR UPDATE OF m) AS due
    WHERE m.portal_id = :portal AND m.id = due.id RETURNING m.id, due.state, due.version
""")


ADD_FIRST_SEEN = text("""
    INSERT INTO memberships (id, portal_id, contact_id, company_id, state, told_state, reason, decided_by_source,
                             updated_at)
    SELECT r.id, :portal, r.contact, r.company, r.state, r.state, r.reason, r.source, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:contacts AS bigint[]), CAST(:companies AS bigint[]),
                CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:sources AS text[]))
         AS r(id, contact, company, state, reason, source)
    ON CONFLICT DO NOTHING
""")


MOVE = text("""
    UPDATE memberships m SET contact_id = n.contact_id, company_id = n.company_id, version = n.version,
        told_version = n.told_version, updated_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:contacts AS bigint[]), CAST(:companies AS bigint[]),
                CAST(:versions AS int[]), CAST(:told AS int[])) AS n(id, contact_id, company_id, version, told_version)
    WHERE m.portal_id = :portal AND m.id = n.id AND m.version = n.version - 1 RETURNING m.id
""")


_KEPT = ("id", "portal_id", "contact_id", "company_id", "told_state", "told_version")  # told is `tell`'s alone
_NEW = insert(memberships)
_SAVE = _NEW.on_conflict_do_update(
    index_elements=("portal_id", "contact_id", "company_id"),
    set_={one.name: _NEW.excluded[one.name] for one in memberships.c if one.name not in _KEPT},
    where=and_(
        memberships.c.id == _NEW.excluded.id,
        or_(
            memberships.c.version == _NEW.excluded.version - 1,
            and_(memberships.c.version == _NEW.excluded.version, memberships.c.state == _NEW.excluded.state),
        ),
    ),
).returning(memberships.c.id)
_OF_CARDS = (
    select(memberships)
    .where(memberships.c.portal_id == bindparam("portal"))
    .where(text("(contact_id = ANY(CAST(:contacts AS bigint[])) OR company_id = ANY(CAST(:companies AS bigint[])))"))
    .order_by(memberships.c.id)
)


async def of_subjects(
    db: AsyncConnection, portal_id: int, subjects: Collection[Subject]
) -> Mapping[Subject, tuple[Membership, ...]]:
    """All memberships each subject takes part in, oldest first."""
    contacts = [one.id for one in subjects if one.kind is Kind.CONTACT]
    companies = [one.id for one in subjects if one.kind is Kind.COMPANY]
    rows = await db.execute(_OF_CARDS, {"portal": portal_id, "contacts": contacts, "companies": companies})
    found: dict[Subject, list[Membership]] = defaultdict(list)
    for one in map(membership, rows):
        found[Subject(Kind.CONTACT, one.contact_id)].append(one)
        found[Subject(Kind.COMPANY, one.company_id)].append(one)
    return {subject: tuple(found[subject]) for subject in subjects}


async def contacts_of(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> dict[UUID, int]:
    """Whose memberships these are; those that are not there are left out."""
    mine = select(memberships.c.id, memberships.c.contact_id).where(memberships.c.portal_id == portal_id)
    return {row.id: row.contact_id for row in await db.execute(mine.where(memberships.c.id.in_(ids)))}


async def untold(db: AsyncConnection, portal_id: int, subjects: Collection[Subject]) -> list[Membership]:
    """Those of these subjects whose state client apps have not been told."""
    found = await of_subjects(db, portal_id, subjects)
    return list({one.id: one for many in found.values() for one in many if one.state is not one.told_state}.values())


async def decided_subjects(db: AsyncConnection, portal_id: int) -> set[Subject]:
    """Cards of memberships that somebody decided about, or that wait for it."""
    rows = await db.execute(
        select(memberships.c.contact_id, memberships.c.company_id).where(
            memberships.c.portal_id == portal_id, memberships.c.decided_at.is_not(None)
        )
    )
    return _both_sides(rows)


async def lately_decided(db: AsyncConnection, portal_id: int, since: datetime) -> list[int]:
    """People somebody decided about since then, in ascending order."""
    rows = await db.execute(
        select(memberships.c.contact_id)
        .where(memberships.c.portal_id == portal_id, memberships.c.decided_at >= since)
        .distinct()
        .order_by(memberships.c.contact_id)
    )
    return list(rows.scalars())


async def waiting_in(db: AsyncConnection, portal_id: int, companies: Collection[int]) -> set[int]:
    """In which of these companies somebody waits for a check."""
    rows = await db.execute(
        select(memberships.c.company_id)
        .where(
            memberships.c.portal_id == portal_id,
            memberships.c.company_id.in_(companies),
            memberships.c.state == State.PENDING.value,
        )
        .distinct()
    )
    return set(rows.scalars())


async def save(db: AsyncConnection, portal_id: int, changed: Sequence[Membership], now: datetime) -> None:
    """Write new and changed memberships. Raises `Overtaken` where the stored version is not the one we built on."""
    if not changed:
        return
    ordered = sorted(changed, key=attrgetter("contact_id", "company_id"))
    try:
        kept = await db.execute(_SAVE, [stored(portal_id, one, now) for one in ordered])
    except IntegrityError as error:  # somebody has just moved one to another card
        raise Overtaken from error
    if len(set(kept.scalars())) != len(changed):
        raise Overtaken


async def move(db: AsyncConnection, portal_id: int, moves: Sequence[Move], now: datetime) -> None:
    """Give memberships to the cards that go on for theirs. Raises `Overtaken` as `save` does."""
    if not moves:
        return
    after = [one.after for one in moves]
    columns = {
        "ids": [one.id for one in after],
        "contacts": [one.contact_id for one in after],
        "companies": [one.company_id for one in after],
        "versions": [one.version for one in after],
        "told": [one.told_version for one in after],
    }
    try:
        moved = list(await db.execute(MOVE, {"portal": portal_id, "now": now, **columns}))
    except IntegrityError as error:  # somebody has just made one for the same person and company
        raise Overtaken from error
    if len(moved) != len(moves):
        raise Overtaken


async def suspended_before(db: AsyncConnection, portal_id: int, moment: datetime) -> set[Subject]:
    """Cards of memberships that were suspended before this and still are."""
    rows = await db.execute(
        select(memberships.c.contact_id, memberships.c.company_id).where(
            memberships.c.portal_id == portal_id,
            memberships.c.decided_at <= moment,
            memberships.c.state == State.SUSPENDED.value,
        )
    )
    return _both_sides(rows)


async def add_new(db: AsyncConnection, portal_id: int, found: Sequence[Membership], now: datetime) -> int:
    """What a restore brings back; memberships known already are left alone. Returns how many are new."""
    if not found:
        return 0
    rows = [stored(portal_id, one, now) for one in found]
    added = await db.execute(insert(memberships).values(rows).on_conflict_do_nothing().returning(memberships.c.id))
    return len(list(added))


async def add_first_seen(db: AsyncConnection, portal_id: int, found: Sequence[Membership], now: datetime) -> None:
    """What the import found, at first sight: nobody decided, and what they are counts as told. Memberships known
    already are left alone."""
    if found:
        rows = {
            "portal": portal_id,
            "ids": [one.id for one in found],
            "contacts": [one.contact_id for one in found],
            "companies": [one.company_id for one in found],
            "states": [one.state.value for one in found],
            "reasons": [one.reason.value for one in found],
            "sources": [one.decided_by_source.value for one in found],
            "now": now,
        }
        await db.execute(ADD_FIRST_SEEN, rows)


async def tell(db: AsyncConnection, portal_id: int, told: Sequence[Membership]) -> Mapping[UUID, tuple[State, int]]:
    """Client apps are told each one's state as of this version.

    Returns those that still have it and were not told yet, with the state and version they were told before.
    """
    if not told:
        return {}
    named = {"portal": portal_id, "ids": [one.id for one in told], "versions": [one.version for one in told]}
    return {row.id: (State(row.state), row.version) for row in await db.execute(TELL, named)}


def _both_sides(rows: Iterable[Any]) -> set[Subject]:
    found: set[Subject] = set()
    for row in rows:
        found.add(Subject(Kind.CONTACT, row.contact_id))
        if row.company_id:
            found.add(Subject(Kind.COMPANY, row.company_id))
    return found


def membership(row: Row[Any]) -> Membership:
    return Membership(
        id=row.id,
        contact_id=row.contact_id,
        company_id=row.company_id,
        state=State(row.state),
        reason=Reason(row.reason),
        linked=row.linked,
        note=row.note,
        decided_by=row.decided_by,
        decided_by_source=DecidedBySource(row.decided_by_source),
        decided_at=row.decided_at,
        version=row.version,
        told_state=State(row.told_state),
        told_version=row.told_version,
        held=State(row.held) if row.held else None,
    )


def stored(portal_id: int, one: Membership, now: datetime) -> dict[str, Any]:
    """The columns of its row."""
    return {
        "id": one.id,
        "portal_id": portal_id,
        "contact_id": one.contact_id,
        "company_id": one.company_id,
        "linked": one.linked,
        "state": one.state.value,
        "reason": one.reason.value,
        "note": one.note,
        "decided_by": one.decided_by,
        "decided_by_source": one.decided_by_source.value,
        "decided_at": one.decided_at,
        "version": one.version,
        "told_state": (one.told_state or one.state).value,
        "told_version": one.told_version,
        "held": one.held.value if one.held else None,
        "updated_at": now,
    }
