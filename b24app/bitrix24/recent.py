"""Cards changed lately: newest first, back to a moment of the portal's own clock.

Portals understand a date with a zone in several ways: as written, by its digits alone, as nothing that matches, or as
no filter at all (bitrix-tools/b24-rest-docs 215). So the filter only makes the list short, by a day more than any zone
can be off, and the rows tell where to stop: they are ordered by the date of change, and dates out of rows are compared
with dates out of rows. Page: api-reference/crm/universal/crm-item-list.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from b24app.bitrix24.cards import LIST, READERS, FieldMap, cards_of, select
from b24app.bitrix24.client import BATCH_SIZE, PAGE, Command, PortalClient
from b24app.bitrix24.rows import rows_of
from b24app.bitrix24.values import OLDEST, moment
from b24app.domain.cards.facts import Card, Kind, Odd

MARGIN = timedelta(days=1)
"""More than any zone is off."""
MOST = 200  # pages: who changes more between two looks is compared as a whole, by id, at a pace that others can bear


class FilterEffect(StrEnum):
    """What a portal makes of our date."""

    WORKS = "works"
    NOTHING = "nothing"  # no row matches, though there are some
    EVERYTHING = "everything"  # rows come that are far older


class End(StrEnum):
    """How far a look came."""

    OPEN = "open"  # it is not over yet
    REACHED = "reached"  # back to the moment that was asked for
    MANY = "many"  # more has changed than one look takes
    UNORDERED = "unordered"  # rows came in another order: nobody can know what is not among them


@dataclass(slots=True)
class Recent:
    """One look at the cards of a kind changed at or after `since` (aware, of the portal's clock), and how it went.

    `newest`: the newest date of change that is not after `now`; one in the future is somebody's import, and no clock.
    """

    client: PortalClient
    kind: Kind
    fields: FieldMap
    since: datetime
    now: datetime
    newest: datetime | None = None
    filter: FilterEffect = FilterEffect.WORKS
    end: End = End.OPEN
    _seen: set[int] = field(default_factory=set)

    async def pages(self) -> AsyncIterator[list[Card | Odd]]:
        """What was changed, and whatever has no date; 50 a page, once each. Most looks cost one command.

        Raises the PortalErrors, also what `rows.py` and `cards.py` raise where a page cannot be believed.
        """
        starts: Sequence[int] = (-1,)  # nothing is counted
        done = 0
        while self.end is End.OPEN:
            before: datetime | None = None
            for outcome in await self.client.batch([self._command(start) for start in starts]):
                rows = [row for _, row in rows_of(LIST, outcome.value(), "items", "id")]
                if not rows and starts == (-1,) and self.filter is FilterEffect.WORKS:
                    self.filter = FilterEffect.NOTHING
                    break
                before = self._read(rows, before)
                page = [one for one in cards_of(self.kind, rows, self.fields) if self._wanted(one)]
                self._seen |= {one.subject.id for one in page}
                if page:
                    yield page
                if self.end is not End.OPEN:
                    return
            else:
                done = max(done, 1) if starts == (-1,) else done + len(starts) - 1
                if done >= MOST:
                    self.end = End.MANY
                # the last page once more: what is deleted meanwhile moves the rows behind it up
                more = BATCH_SIZE if len(starts) > 1 else BATCH_SIZE // 5
                starts = tuple(PAGE * page for page in range(done - 1, min(done + more - 1, MOST)))

    def _command(self, start: int) -> Command:
        asked = (self.since - MARGIN).isoformat(timespec="seconds")
        params: dict[str, Any] = {
            "entityTypeId": READERS[self.kind].entity_type,
            "select": select(self.kind, self.fields),
            "order": {"updatedTime": "DESC"},
            "filter": {">=updatedTime": asked} if self.filter is not FilterEffect.NOTHING else {},
            "start": start,
        }
        return Command(LIST, params)

    def _read(self, rows: Sequence[dict[str, Any]], before: datetime | None) -> datetime | None:
        """The dates of a page behind `before`; returns the last of them."""
        for row in rows:
            date = moment(row.get("updatedTime"))
            if date is None:
                continue
            if before and date > before:
                self.end = End.UNORDERED
                return before
            before = date
            if date <= self.now and (self.newest is None or date > self.newest):
                self.newest = date
            if date < self.since - MARGIN and self.filter is FilterEffect.WORKS:
                self.filter = FilterEffect.EVERYTHING
        if len(rows) < PAGE or (before and before < self.since):
            self.end = End.REACHED
        return before

    def _wanted(self, one: Card | Odd) -> bool:
        """One that has no date is compared as long as its card can be."""
        dated = one.modified_at is not None and one.modified_at != OLDEST
        recent = one.modified_at is not None and one.modified_at >= self.since
        return one.subject.id not in self._seen and (recent or (isinstance(one, Card) and not dated))
