"""Views of cards: how our fields stood in them when we last looked, and what was there before our section came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.card_layout import FieldsShown, LayoutKey, LayoutState
from b24app.portal.store.tables import card_layouts as table

ORDER = ("contact", "company", "deal", "lead")

Saved = Sequence[Mapping[str, Any]]
"""A view as the portal takes it; empty: none, or unknown."""


@dataclass(frozen=True, slots=True)
class Addition:
    """Our section was added to a view. `former`: the view before, `written`: as we wrote it."""

    former: Saved
    written: Saved
    author_id: int | None
    author_name: str
    added_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownLayout:
    """A card's common view as of `seen_at`. `addition`: none where it was never made or has been taken back."""

    view: LayoutKey
    state: LayoutState
    seen_at: datetime
    addition: Addition | None


async def see(db: AsyncConnection, portal_id: int, found: Mapping[LayoutKey, LayoutState], now: datetime) -> None:
    """Keep how our fields stand; what was remembered stays."""
    for view, one in sorted(found.items()):
        seen = {"shown": one.shown.value, "missing": list(one.missing), "seen_at": now}
        row = insert(table).values(portal_id=portal_id, view=str(view), **seen)
        await db.execute(row.on_conflict_do_update(index_elements=["portal_id", "view"], set_=seen))


async def listing(db: AsyncConnection, portal_id: int) -> dict[LayoutKey, KnownLayout]:
    """Contacts first, like everywhere."""
    found = [_known(row) for row in await db.execute(select(table).where(table.c.portal_id == portal_id))]
    return {
        known.view: known for known in sorted(found, key=lambda known: (ORDER.index(known.view.entity), known.view))
    }


async def remember(db: AsyncConnection, portal_id: int, view: LayoutKey, addition: Addition | None) -> None:
    """Our section is about to be added to a view that was seen; none: it was not."""
    made = addition or Addition([], [], None, "", None)
    values = asdict(made) | {"undone_at": None}
    await db.execute(update(table).where(*_mine(portal_id, view)).values(**values))


async def close(db: AsyncConnection, portal_id: int, view: LayoutKey, now: datetime) -> None:
    """Our section was taken back: who had added it and what was there before stays for people to ask about."""
    await db.execute(update(table).where(*_mine(portal_id, view)).values(undone_at=now))


def parse(text: str) -> LayoutKey:
    """`"deal:9"` → the view. Raises ValueError."""
    entity, _, variant = text.partition(":")
    return LayoutKey(entity, int(variant or 0))


def _mine(portal_id: int, view: LayoutKey) -> tuple[Any, ...]:
    return table.c.portal_id == portal_id, table.c.view == str(view)


def _known(row: Row[Any]) -> KnownLayout:
    stands = row.added_at is not None and row.undone_at is None
    return KnownLayout(
        view=parse(row.view),
        state=LayoutState(FieldsShown(row.shown), tuple(row.missing)),
        seen_at=row.seen_at,
        addition=Addition(row.former, row.written, row.author_id, row.author_name, row.added_at) if stands else None,
    )
