"""Who has had a deal lately: contacts and companies of deals, by their ids. Nothing else of a deal is read or kept.

Portals understand a date with a zone in several ways, or not at all (`recent.py`). So the filter only makes the list
short, by a day more than any zone can be off, and each row's own date says whether it counts.
Page: api-reference/crm/universal/crm-item-list.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix24 import values
from b24app.bitrix24.cards import LIST, READERS
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.recent import MARGIN
from b24app.bitrix24.rows import Row, rows_of
from b24app.domain.cards.facts import Kind

_DEAL = {"entityTypeId": READERS[Kind.DEAL].entity_type}
_CLIENTS = ("id", "companyId", "contactIds", "updatedTime")


@dataclass(frozen=True, slots=True)
class DealsBeforeUs:
    """What a read of recent deals has before it. `total`: None where the portal does not say; `by_date`: whether the
    portal understands our filter by date; without it all deals are read."""

    total: int | None
    by_date: bool


@dataclass(frozen=True, slots=True)
class DealClients:
    """The clients of some deals that were created or changed lately. `last`: the highest id read, `read`: how many."""

    last: int
    read: int
    contacts: frozenset[int]
    companies: frozenset[int]


async def deals_before_us(client: PortalClient, since: datetime) -> DealsBeforeUs:
    """Raises the PortalErrors."""
    total, dates = await _newest(client, _changed(since, by_date=True))
    if dates:
        return DealsBeforeUs(total, True)
    total, dates = await _newest(client, {})
    return DealsBeforeUs(total, False) if any(_counts(date, since) for date in dates) else DealsBeforeUs(0, True)


async def recent_deals(
    client: PortalClient, since: datetime, after: int, *, by_date: bool
) -> AsyncIterator[DealClients]:
    """Clients of deals created or changed at or after `since`, by rising id, 50 deals a page, 2,500 a request; from the
    first id above `after`. A deal without a date counts. Raises the PortalErrors."""
    changed = _changed(since, by_date=by_date)
    async for page in client.chain(
        LIST, filter=changed, select=_CLIENTS, id_field="id", rows="items", after=after, extra=_DEAL
    ):
        yield _clients(page, since)


def _changed(since: datetime, *, by_date: bool) -> dict[str, Any]:
    return {">=updatedTime": (since - MARGIN).isoformat(timespec="seconds")} if by_date else {}


async def _newest(client: PortalClient, filter: dict[str, Any]) -> tuple[int | None, Sequence[datetime | None]]:
    """How many there are of these, and when those changed last were."""
    asked = {**_DEAL, "select": ["id", "updatedTime"], "filter": filter, "order": {"updatedTime": "DESC"}}
    answer = await client.call(LIST, asked)
    rows = rows_of(LIST, answer.result, "items", "id")
    return answer.total, [values.moment(row.get("updatedTime")) for _, row in rows]


def _clients(page: Sequence[Row], since: datetime) -> DealClients:
    """A client that cannot be read is left out: nobody is let in by a guess."""
    contacts, companies = set[int](), set[int]()
    for row in page:
        if _counts(values.moment(row.get("updatedTime")), since):
            contacts |= set(_ids(row.get("contactIds")))
            companies |= {one for one in (values.ident(row.get("companyId")),) if one}
    return DealClients(int(page[-1]["id"]), len(page), frozenset(contacts), frozenset(companies))


def _counts(changed: datetime | None, since: datetime) -> bool:
    return changed is None or changed >= since


def _ids(raw: object) -> Sequence[int]:
    try:
        return values.idents(raw)
    except ValueError:
        return ()
