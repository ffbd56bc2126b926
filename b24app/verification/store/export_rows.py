"""Memberships as an export file holds them, and how things stand now that it is back; a slice at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import records
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.history import PastDecision
from b24app.domain.verification.membership import Membership
from b24app.domain.verification.restoring import CurrentState, ExportedRow
from b24app.domain.verification.shown import CHECK
from b24app.verification.store.history import decision
from b24app.verification.store.intents import OPEN
from b24app.verification.store.memberships import membership, stored
from b24app.verification.store.tables import intents, memberships

Pair = tuple[int, int]

MEMBERSHIPS = text("""
    WITH slice AS MATERIALIZED (SELECT * FROM memberships WHERE portal_id = :portal
        AND (contact_id, company_id) > (:contact, :company) ORDER BY contact_id, company_id LIMIT :limit)
    SELECT s.*,
        coalesce((SELECT (r.settled ->> 'check')::boolean FROM records r WHERE r.portal_id = :portal
            AND r.kind = 'contact' AND r.crm_id = s.contact_id), false) AS contact_box,
        coalesce((SELECT (r.settled ->> 'check')::boolean FROM records r WHERE r.portal_id = :portal
            AND r.kind = 'company' AND r.crm_id = s.company_id), false) AS company_box
    FROM slice s ORDER BY s.contact_id, s.company_id
""")


DECISIONS = text("""
    SELECT * FROM decisions WHERE portal_id = :portal
    AND (membership_id, version) > (CAST(:membership AS uuid), :version) ORDER BY membership_id, version LIMIT :limit
""")
DECIDED = text("""
    SELECT m.id, array_remove(array_agg(d.version), NULL) AS versions FROM memberships m
    LEFT JOIN decisions d ON d.portal_id = :portal AND d.membership_id = m.id
    WHERE m.portal_id = :portal AND m.id = ANY(CAST(:members AS uuid[])) GROUP BY m.id
""")


async def decisions_after(
    db: AsyncConnection, portal_id: int, after: tuple[UUID, int], limit: int
) -> list[PastDecision]:
    """By rising (membership, version)."""
    asked = {"portal": portal_id, "membership": after[0], "version": after[1], "limit": limit}
    return [decision(row) for row in await db.execute(DECISIONS, asked)]


async def decided(db: AsyncConnection, portal_id: int, members: Collection[UUID]) -> Mapping[UUID, frozenset[int]]:
    """Versions that decisions have made, of the memberships among these that are there."""
    rows = await db.execute(DECIDED, {"portal": portal_id, "members": list(members)})
    return {row.id: frozenset(row.versions) for row in rows}


async def memberships_after(db: AsyncConnection, portal_id: int, after: Pair, limit: int) -> list[ExportedRow]:
    """By rising (contact, company), with the boxes both cards showed when we last agreed on them."""
    asked = {"portal": portal_id, "contact": after[0], "company": after[1], "limit": limit}
    return [
        ExportedRow(membership(row), row.contact_box, row.company_box) for row in await db.execute(MEMBERSHIPS, asked)
    ]


async def current_states(db: AsyncConnection, portal_id: int, pairs: Collection[Pair]) -> Mapping[Pair, CurrentState]:
    """How each (contact, company) stands now. Its membership stays locked to the end of the transaction."""
    found = await db.execute(
        select(memberships)
        .where(memberships.c.portal_id == portal_id, memberships.c.contact_id.in_({contact for contact, _ in pairs}))
        .order_by(memberships.c.contact_id, memberships.c.company_id)
        .with_for_update()
    )
    now = {(one.contact_id, one.company_id): one for one in map(membership, found)}
    pressed = await _pressed(db, portal_id, [one.id for one in now.values()])
    boxes = await _boxes(db, portal_id, pairs)
    states = {}
    for pair in pairs:
        contact, company = pair
        one = now.get(pair)
        states[pair] = CurrentState(
            current=one,
            contact_box=boxes.get(Subject(Kind.CONTACT, contact)),
            company_box=boxes.get(Subject(Kind.COMPANY, company)) if company else False,
            pressed=one is not None and one.id in pressed,
        )
    return states


async def put_back(
    db: AsyncConnection, portal_id: int, changed: Sequence[tuple[Membership, Membership]], now: datetime
) -> None:
    """(as it is, as it was): the whole row, its id and what was told included. Call within `current_states`' locks."""
    if not changed:
        return
    names = list(stored(portal_id, changed[0][1], now))
    put = (
        update(memberships)
        .where(memberships.c.portal_id == portal_id, memberships.c.id == bindparam("current"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    rows = [
        {"current": one.id, **{f"new_{name}": value for name, value in stored(portal_id, back, now).items()}}
        for one, back in changed
    ]
    await db.execute(put, rows)


async def _pressed(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> set[UUID]:
    mine = select(intents.c.membership_id).where(
        intents.c.portal_id == portal_id, intents.c.membership_id.in_(ids), intents.c.state.in_(OPEN)
    )
    return set((await db.execute(mine)).scalars())


async def _boxes(db: AsyncConnection, portal_id: int, pairs: Collection[Pair]) -> Mapping[Subject, bool]:
    """The box of each card that is there, as people left it: what we have written over it since does not count."""
    ids = {Kind.CONTACT: {contact for contact, _ in pairs}, Kind.COMPANY: {company for _, company in pairs if company}}
    boxes: dict[Subject, bool] = {}
    for kind, wanted in ids.items():
        found = await db.execute(
            select(records.c.crm_id, records.c.previous, records.c.settled).where(
                records.c.portal_id == portal_id,
                records.c.kind == kind.value,
                records.c.crm_id.in_(wanted),
                records.c.gone_at.is_(None),
            )
        )
        boxes |= {Subject(kind, row.crm_id): bool({**row.settled, **(row.previous or {})}.get(CHECK)) for row in found}
    return boxes
