"""Boxes that were put back, from the decision until the card's timeline says why: one row a card."""

# ruff: noqa: S608 - statements are put together from names and types of ours only
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.store.arrays import among, named, unnest

_CARDS = f"portal_id = :portal AND {among('kind', 'crm_id')}"
DECIDE = text(f"""
    INSERT INTO put_backs (portal_id, kind, crm_id, decided_at)
    SELECT :portal, r.kind, r.id, :now FROM {unnest(kinds="text", ids="bigint")} AS r(kind, id)
    ON CONFLICT (portal_id, kind, crm_id) DO UPDATE
        SET decided_at = excluded.decided_at, shown_at = NULL, tried_at = NULL
""")
SHOW = text(f"UPDATE put_backs SET shown_at = :now WHERE {_CARDS} AND shown_at IS NULL RETURNING kind, crm_id")
LOAD = text(f"SELECT * FROM put_backs WHERE {_CARDS}")
TRY = text(f"UPDATE put_backs SET tried_at = :now WHERE {_CARDS}")
FORGET = text(f"DELETE FROM put_backs WHERE {_CARDS} AND shown_at IS NOT NULL")


@dataclass(frozen=True, slots=True)
class PutBack:
    """`shown`: the portal has taken it; `tried`: its timeline may say so already."""

    shown: bool
    tried: bool


async def decide(db: AsyncConnection, portal_id: int, subjects: Collection[Subject], now: datetime) -> None:
    """Their boxes are about to be put back."""
    if subjects:
        await db.execute(DECIDE, {"portal": portal_id, "now": now, **named(sorted(subjects))})


async def show(db: AsyncConnection, portal_id: int, subjects: Collection[Subject], now: datetime) -> list[Subject]:
    """These cards show their boxes ticked. Returns those of them that were put back and were not known to be."""
    if not subjects:
        return []
    rows = await db.execute(SHOW, {"portal": portal_id, "now": now, **named(subjects)})
    return [Subject(Kind(row.kind), row.crm_id) for row in rows]


async def load(db: AsyncConnection, portal_id: int, subjects: Collection[Subject]) -> Mapping[Subject, PutBack]:
    rows = await db.execute(LOAD, {"portal": portal_id, **named(subjects)})
    return {
        Subject(Kind(row.kind), row.crm_id): PutBack(row.shown_at is not None, row.tried_at is not None) for row in rows
    }


async def attempt(db: AsyncConnection, portal_id: int, subjects: Collection[Subject], now: datetime) -> None:
    """Their timelines are about to be told."""
    await db.execute(TRY, {"portal": portal_id, "now": now, **named(subjects)})


async def forget(db: AsyncConnection, portal_id: int, subjects: Collection[Subject]) -> None:
    """Nothing is left to be said. One that was put back anew meanwhile stays."""
    await db.execute(FORGET, {"portal": portal_id, **named(subjects)})
