"""Offline events: instead of calling a handler the portal keeps a row for the app to fetch.

Page: api-reference/events/offline-events.md; keys of rows, reservation and errors as the portal's
rest/lib/eventoffline.php has them.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

KEPT_RESERVED = timedelta(days=30)


@dataclass(slots=True, eq=False)
class OfflineRow:
    """One change kept for an app. `connector` "" = no source key; `process_id` "" = not reserved;
    `user_id` 0 = nobody acted."""

    id: int
    message_id: str
    event: str
    data: Any
    user_id: int
    connector: str
    at: datetime
    process_id: str = ""
    error: bool = False


@dataclass(slots=True, eq=False)
class OfflineQueue:
    """The rows of one installation, by id. `pinged`: when each ONOFFLINEEVENT binding was last told."""

    rows: dict[int, OfflineRow] = field(default_factory=dict)
    pinged: dict[int, datetime] = field(default_factory=dict)

    def put(self, id: int, event: str, data: Any, user_id: int, connector: str, now: datetime) -> None:
        """Keep a change; the row of the same change that nobody has reserved is renewed instead."""
        key = message_id(event, data)
        for row in self.rows.values():
            if (row.message_id, row.connector, row.process_id) == (key, connector, ""):
                row.at, row.data, row.user_id = now, data, user_id
                return
        self.rows[id] = OfflineRow(id, key, event, data, user_id, connector, now)

    def of(self, connector: str, now: datetime) -> list[OfflineRow]:
        """Rows of one source key; reserved ones older than 30 days are dropped."""
        gone = [row.id for row in self.rows.values() if row.process_id and row.at < now - KEPT_RESERVED]
        for id_ in gone:
            del self.rows[id_]
        return [row for row in self.rows.values() if row.connector == connector]

    def reserve(self, rows: list[OfflineRow]) -> str:
        """Mark rows as one batch; its new process id."""
        process_id = secrets.token_hex(16)
        for row in rows:
            row.process_id = process_id
        return process_id

    def clear(self, process_id: str, connector: str, wanted: Callable[[OfflineRow], bool]) -> None:
        """Drop the rows of a batch that are wanted gone."""
        for row in list(self.rows.values()):
            if (row.process_id, row.connector) == (process_id, connector) and wanted(row):
                del self.rows[row.id]

    def mark_errors(self, process_id: str, connector: str, message_ids: Collection[str]) -> None:
        """Rows of a batch failed: kept with ERROR=1 and free again; twins of theirs outside the batch are dropped."""
        for row in list(self.rows.values()):
            if row.connector != connector or row.message_id not in message_ids or row.error:
                continue
            if row.process_id == process_id:
                row.error, row.process_id = True, ""
            else:
                del self.rows[row.id]

    def may_ping(self, binding_id: int, min_timeout: int, now: datetime) -> bool:
        """Whether an ONOFFLINEEVENT handler may be told now (api-reference/events/on-offline-event.md)."""
        last = self.pinged.get(binding_id)
        if last is not None and now < last + timedelta(seconds=min_timeout):
            return False
        self.pinged[binding_id] = now
        return True


def message_id(event: str, data: Any) -> str:
    """The key by which changes merge: one event name with the same data."""
    text = f"{event}|{json.dumps(data, separators=(',', ':'), default=str)}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
