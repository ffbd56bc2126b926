"""The journal of the settings as pages show it, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.portal.store import journal
from b24app.portal.store.journal import JournalLine
from b24app.resources import Resources

PAGE = 50
LONGEST = 1_000  # lines shown at one time


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Lines, the newest first. `before`: the line that they follow, None for the newest; `more`: older ones are
    there."""

    lines: Sequence[JournalLine]
    more: bool
    before: int | None = None

    @property
    def next_size(self) -> int:
        """How many lines to ask for, to have these and a page more."""
        return len(self.lines) + PAGE


async def page(db: AsyncConnection, portal_id: int, before: int | None = None, size: int = PAGE) -> JournalPage:
    lines = await journal.newest(db, portal_id, size + 1, before)
    return JournalPage(lines[:size], len(lines) > size, before)


async def older(resources: Resources, portal_id: int, before: int, size: int) -> JournalPage:
    """Up to `LONGEST` lines that follow this one."""
    async with resources.tenant(portal_id) as db:
        return await page(db, portal_id, before, max(1, min(size, LONGEST)))
