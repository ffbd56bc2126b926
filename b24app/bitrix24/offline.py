"""Offline events: what the portal keeps for us to fetch, one row for all changes of a record until it is fetched.

Pages: api-reference/events/offline-events.md, event-offline-list.md, event-offline-get.md. Fetching deletes at once
unless the plan has confirmations, so rows are listed first, which changes nothing, and fetched once they are stored:
that way no plan loses any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from b24app.bitrix24.client import Command, Outcome, PortalClient
from b24app.bitrix24.payloads import number, subject_of
from b24app.bitrix24.setup import there_already
from b24app.domain.facts import Topic

PAGE = 50


@dataclass(frozen=True, slots=True)
class Kept:
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


async def listed(client: PortalClient, after: int) -> list[Kept]:
    """The next rows by id, at most `PAGE`; nothing changes. Raises the PortalErrors."""
    params = {"filter": {">ID": after}, "order": {"ID": "ASC"}, "start": -1}
    return [_kept(row) for row in (await client.call("event.offline.list", params)).result]


async def fetched(client: PortalClient, upto: int) -> list[Kept]:
    """The rows up to this id, which the portal forgets by it. Raises the PortalErrors."""
    params = {"filter": {"<=ID": upto}, "order": {"ID": "ASC"}, "limit": PAGE}
    return [_kept(row) for row in (await client.call("event.offline.get", params, write=True)).result["events"]]


def _kept(row: Mapping[str, Any]) -> Kept:
    """EVENT_DATA and EVENT_ADDITIONAL may be `false`."""
    name, data, more = str(row["EVENT_NAME"]).upper(), row["EVENT_DATA"], row["EVENT_ADDITIONAL"]
    user = number(more.get("user_id")) if isinstance(more, dict) else None
    subject = subject_of(name, data if isinstance(data, dict) else {})
    return Kept(int(row["ID"]), str(row["TIMESTAMP_X"]), name, subject, user or None)
