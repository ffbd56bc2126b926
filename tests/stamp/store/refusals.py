"""Cards whose number was given up, for administrators to see."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Subject
from b24app.store.arrays import among, named
from tests.stamp.store.tables import stamp_refusals


async def add(db: AsyncConnection, portal_id: int, card: Subject) -> None:
    row = {"portal_id": portal_id, "kind": card.kind.value, "crm_id": card.id}
    await db.execute(insert(stamp_refusals).values(row).on_conflict_do_nothing())


async def clear(db: AsyncConnection, portal_id: int, cards: Collection[Subject]) -> None:
    """These show their number now."""
    mine = (stamp_refusals.c.portal_id == portal_id, text(among("kind", "crm_id")))
    await db.execute(delete(stamp_refusals).where(*mine), named(cards))


async def count(db: AsyncConnection, portal_id: int) -> int:
    mine = select(func.count()).select_from(stamp_refusals).where(stamp_refusals.c.portal_id == portal_id)
    return int((await db.execute(mine)).scalar_one())
