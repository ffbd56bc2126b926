"""Whose turn it was with which lead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from tests.stamp.lead_turn import Turn
from tests.stamp.store.tables import lead_turns

_ONE_AFTER_ANOTHER = text("SELECT pg_advisory_xact_lock(hashtext('lead_turns'), CAST(:portal AS integer))")
_RESERVE = text("""
    INSERT INTO lead_turns (portal_id, lead_id, turn, user_id)
    SELECT :portal, n.id, n.turn, (CAST(:queue AS bigint[]))[1 + (n.turn - 1) % cardinality(CAST(:queue AS bigint[]))]
    FROM (SELECT id, row_number() OVER (ORDER BY id)
              + coalesce((SELECT max(turn) FROM lead_turns WHERE portal_id = :portal), 0) AS turn
          FROM unnest(CAST(:ids AS bigint[])) AS u(id)
          WHERE NOT EXISTS (SELECT FROM lead_turns t WHERE t.portal_id = :portal AND t.lead_id = u.id)) AS n
""")


async def load(db: AsyncConnection, portal_id: int, leads: Collection[Subject]) -> Mapping[Subject, Turn]:
    mine = (lead_turns.c.portal_id == portal_id, lead_turns.c.lead_id.in_([lead.id for lead in leads]))
    return {turn.lead: turn for turn in map(_turn, await db.execute(select(lead_turns).where(*mine)))}


async def reserve(db: AsyncConnection, portal_id: int, leads: Collection[Subject], queue: Sequence[int]) -> None:
    """The next turns for those that have none."""
    await db.execute(_ONE_AFTER_ANOTHER, {"portal": portal_id})
    ids = [lead.id for lead in leads]
    await db.execute(_RESERVE, {"portal": portal_id, "ids": ids, "queue": list(queue)})


async def shown(db: AsyncConnection, portal_id: int, leads: Mapping[Subject, int]) -> list[Turn]:
    """Leads that show these people now: turns that were not known to be taken."""
    mine = (lead_turns.c.portal_id == portal_id, lead_turns.c.lead_id.in_([lead.id for lead in leads]))
    fresh = update(lead_turns).where(*mine, ~lead_turns.c.shown).values(shown=True).returning(lead_turns)
    return [turn for turn in map(_turn, await db.execute(fresh)) if leads[turn.lead] == turn.user_id]


async def taken_back(db: AsyncConnection, portal_id: int, leads: Collection[Subject]) -> None:
    """Somebody has decided otherwise: these leads are theirs."""
    mine = (lead_turns.c.portal_id == portal_id, lead_turns.c.lead_id.in_([lead.id for lead in leads]))
    await db.execute(update(lead_turns).where(*mine).values(taken_back=True))


async def give_back(db: AsyncConnection, portal_id: int, lead: Subject) -> None:
    """A turn that nobody has seen."""
    mine = (lead_turns.c.portal_id == portal_id, lead_turns.c.lead_id == lead.id)
    await db.execute(delete(lead_turns).where(*mine, ~lead_turns.c.shown))


def _turn(row: Row[Any]) -> Turn:
    return Turn(Subject(Kind.LEAD, row.lead_id), row.turn, row.user_id, row.shown, row.taken_back)
