"""Notices for employees: what each should know of a case, and what stands under their bell."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.notices import Told
from b24app.portal.store.tables import notices

_NEW = insert(notices)
_WANT = _NEW.on_conflict_do_update(
    index_elements=("portal_id", "key", "user_id"),
    set_={name: _NEW.excluded[name] for name in ("about", "text", "page", "asked_at")},
)
_SAY = text("""
    UPDATE notices SET said = CAST(:said AS text[]),
        text = CASE WHEN about = CAST(:said AS text[]) THEN '' ELSE text END
    WHERE portal_id = :portal AND key = :key AND user_id = :user
""")


async def of_case(db: AsyncConnection, portal_id: int, key: str) -> list[Told]:
    """Of everybody who was told of it or should be."""
    found = select(notices).where(notices.c.portal_id == portal_id, notices.c.key == key)
    return [_told(row) for row in await db.execute(found.order_by(notices.c.user_id))]


async def load(db: AsyncConnection, portal_id: int, wanted: Collection[tuple[str, int]]) -> dict[str, Told]:
    """By tag; `wanted`: cases and people."""
    found = select(notices).where(
        notices.c.portal_id == portal_id, tuple_(notices.c.key, notices.c.user_id).in_(list(wanted))
    )
    return {told.tag: told for told in map(_told, await db.execute(found))}


async def want(db: AsyncConnection, portal_id: int, wanted: Sequence[Told], now: datetime) -> None:
    """What people should know from now on."""
    rows = [
        {
            "portal_id": portal_id,
            "key": one.key,
            "user_id": one.user_id,
            "about": sorted(one.about),
            "text": one.text if one.to_send else "",
            "page": one.page,
            "asked_at": now,
        }
        for one in sorted(wanted, key=lambda one: one.user_id)
    ]
    if rows:
        await db.execute(_WANT, rows)


async def say(db: AsyncConnection, portal_id: int, sent: Sequence[Told]) -> None:
    """What these told of stands under the bell; their texts go, unless there is another one by now."""
    rows = [{"portal": portal_id, "key": one.key, "user": one.user_id, "said": sorted(one.about)} for one in sent]
    if rows:
        await db.execute(_SAY, rows)


async def forget(db: AsyncConnection, portal_id: int, told: Sequence[Told]) -> None:
    """Of these: rows of which nothing should be known and nothing stands anywhere go, and texts that nobody sends."""
    mine = and_(
        notices.c.portal_id == portal_id,
        tuple_(notices.c.key, notices.c.user_id).in_([(one.key, one.user_id) for one in told]),
    )
    if told:
        over = and_(func.cardinality(notices.c.about) == 0, func.cardinality(notices.c.said) == 0)
        await db.execute(delete(notices).where(mine, over))
        await db.execute(update(notices).where(mine, notices.c.about == notices.c.said).values(text=""))


def _told(row: Row[Any]) -> Told:
    return Told(row.key, row.user_id, tuple(row.about), tuple(row.said), row.text, row.page)
