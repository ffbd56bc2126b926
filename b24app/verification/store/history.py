"""Decisions about memberships, kept for as long as these: what was, who said so, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.history import PastDecision
from b24app.domain.verification.membership import DecidedBySource, Reason, State
from b24app.verification.store.tables import decisions

_ADD = insert(decisions).on_conflict_do_nothing()

_NEWEST = text("""
    SELECT DISTINCT ON (membership_id) * FROM decisions
    WHERE portal_id = :portal AND membership_id = ANY(CAST(:members AS uuid[])) ORDER BY membership_id, version DESC
""")

_UNNAMED = text("""
    SELECT DISTINCT d.decided_by FROM memberships m
    JOIN decisions d ON d.portal_id = :portal AND d.membership_id = m.id
    WHERE m.portal_id = :portal AND (m.contact_id = :contact OR m.company_id = :company)
    AND d.decided_by IS NOT NULL AND d.decided_by_name = '' ORDER BY d.decided_by
""")

_NAME = text("""
    UPDATE decisions d SET decided_by_name = n.name
    FROM memberships m, unnest(CAST(:users AS bigint[]), CAST(:names AS text[])) AS n(user_id, name)
    WHERE d.portal_id = :portal AND m.portal_id = :portal AND (m.contact_id = :contact OR m.company_id = :company)
    AND d.membership_id = m.id AND d.decided_by = n.user_id AND d.decided_by_name = ''
""")


async def add(db: AsyncConnection, portal_id: int, made: Sequence[PastDecision]) -> None:
    """Those that stand there already stay as they are."""
    if made:
        await db.execute(_ADD, [stored(portal_id, one) for one in made])


async def newest(db: AsyncConnection, portal_id: int, members: Collection[UUID]) -> Mapping[UUID, PastDecision]:
    """The last decision about each membership."""
    rows = await db.execute(_NEWEST, {"portal": portal_id, "members": list(members)})
    return {row.membership_id: decision(row) for row in rows}


async def unnamed(db: AsyncConnection, portal_id: int, subject: Subject) -> list[int]:
    """Users who decided about somebody of this card, and whose names we have not kept, by rising id."""
    return list((await db.execute(_UNNAMED, {"portal": portal_id, **_sides(subject)})).scalars())


async def name(db: AsyncConnection, portal_id: int, subject: Subject, names: Mapping[int, str]) -> int:
    """Keep these names with the decisions about this card. Returns with how many."""
    users = sorted(user for user, given in names.items() if given)
    asked = {"portal": portal_id, "users": users, "names": [names[user] for user in users], **_sides(subject)}
    return int((await db.execute(_NAME, asked)).rowcount)


def _sides(subject: Subject) -> dict[str, int]:
    """What its memberships name it by; no card has the number -1."""
    return {kind.value: subject.id if kind is subject.kind else -1 for kind in (Kind.CONTACT, Kind.COMPANY)}


def decision(row: Row[Any]) -> PastDecision:
    return PastDecision(
        membership_id=row.membership_id,
        version=row.version,
        at=row.at,
        before=State(row.before) if row.before else None,
        state=State(row.state),
        reason=Reason(row.reason),
        note=row.note,
        decided_by=row.decided_by,
        decided_by_name=row.decided_by_name,
        source=DecidedBySource(row.source),
    )


def stored(portal_id: int, one: PastDecision) -> dict[str, Any]:
    """The columns of its row."""
    return {
        "portal_id": portal_id,
        "membership_id": one.membership_id,
        "version": one.version,
        "at": one.at,
        "before": one.before.value if one.before else None,
        "state": one.state.value,
        "reason": one.reason.value,
        "note": one.note,
        "decided_by": one.decided_by,
        "decided_by_name": one.decided_by_name,
        "source": one.source.value,
    }
