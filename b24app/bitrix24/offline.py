"""Offline events: what the portal keeps for us to fetch, one row for all changes of a record until it is fetched.

Pages: api-reference/events/offline-events.md, event-offline-list.md, event-offline-get.md. Fetching deletes at once
unless the plan has confirmations, so rows are listed first, which changes nothing, and fetched once they are stored:
that way no plan loses any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from b24app.bitrix24 import values
from b24app.bitrix24.client import Command, Outcome, PortalClient
from b24app.bitrix24.payloads import subject_of
from b24app.bitrix24.rows import Row, rising, rows_of
from b24app.bitrix24.setup import there_already
from b24app.domain.cards.facts import Topic

LIST, GET = "event.offline.list", "event.offline.get"
PAGE = 50


@dataclass(frozen=True, slots=True)
class OfflineEvent:
    """One change. `changed`: the row's time as the portal writes it, renewed by the next change of the same record;
    `subject`: None for a record that is none of ours; `user_id`: None where nobody acted."""

    id: int
    changed: str
    event: str
    subject: Topic | None
    user_id: int | None


async def bind(client: PortalClient, events: Sequence[str]) -> list[Outcome]:
    """From now on the portal keeps these events for us. The result is True, also where it did already."""
    commands = [Command("event.bind", {"event": name, "event_type": "offline"}, write=True) for name in events]
    return [there_already(outcome, True) for outcome in await client.batch(commands)]


async def listed(client: PortalClient, after: int) -> list[OfflineEvent]:
    """The next rows by id, at most `PAGE`; nothing changes. Raises the PortalErrors, also for what is no such list."""
    params = {"filter": {">ID": after}, "order": {"ID": "ASC"}, "start": -1}
    rows = rows_of(LIST, (await client.call(LIST, params)).result, "", "ID")
    rising(LIST, rows, "ID", after)
    return [_kept(number, row) for number, row in rows]


async def fetched(client: PortalClient, upto: int) -> list[OfflineEvent]:
    """The rows up to this id, which the portal forgets by it. Raises the PortalErrors."""
    params = {"filter": {"<=ID": upto}, "order": {"ID": "ASC"}, "limit": PAGE}
    rows = rows_of(GET, (await client.call(GET, params, write=True)).result, "events", "ID")
    return [_kept(number, row) for number, row in rows]


def _kept(number: int, row: Row) -> OfflineEvent:
    """EVENT_DATA and EVENT_ADDITIONAL may be `false`."""
    name, data = values.text(row.get("EVENT_NAME"), values.LONGEST_CODE).upper(), row.get("EVENT_DATA")
    user = values.ident(values.mapping(row.get("EVENT_ADDITIONAL")).get("user_id"))
    subject = subject_of(name, data if isinstance(data, dict) else {})
    return OfflineEvent(number, values.text(row.get("TIMESTAMP_X"), values.LONGEST_CODE), name, subject, user)
