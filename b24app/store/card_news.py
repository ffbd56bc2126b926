"""What client apps were told about one card, and how far each telling got: for people to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, and_, cast, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.facts import Subject
from b24app.store.tables import client_apps, endpoints, events, outbox

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery of one piece of news. `state`: domain.delivery.DeliveryState; `next_at`: of a waiting one."""

    client_app: str
    url: str
    state: str
    tries: int
    last_status: int | None
    last_error: str | None
    next_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of news; `data` of its body. No tellings: no endpoint asked for it."""

    type: str
    occurred_at: datetime
    data: Mapping[str, Any]
    tellings: tuple[Telling, ...]


async def about(db: AsyncConnection, portal_id: int, subject: Subject, limit: int = SHOWN) -> list[Told]:
    """The newest news about this card, newest first."""
    newest = (
        select(events.c.id, events.c.type, events.c.body, events.c.occurred_at)
        .where(events.c.portal_id == portal_id, events.c.subjects.bool_op("@>")(cast([str(subject)], ARRAY(Text))))
        .order_by(events.c.occurred_at.desc(), events.c.id.desc())
        .limit(limit)
        .cte("newest")
    )
    rows = await db.execute(
        select(newest, outbox, endpoints.c.url, client_apps.c.name.label("client_app"))
        .select_from(newest)
        .outerjoin(outbox, and_(outbox.c.portal_id == portal_id, outbox.c.event_id == newest.c.id))
        .outerjoin(endpoints, and_(endpoints.c.portal_id == portal_id, endpoints.c.id == outbox.c.endpoint_id))
        .outerjoin(
            client_apps, and_(client_apps.c.portal_id == portal_id, client_apps.c.id == endpoints.c.client_app_id)
        )
        .with_only_columns(
            newest.c.id.label("event_id"),
            newest.c.type.label("event_type"),
            newest.c.body,
            newest.c.occurred_at,
            outbox.c.state,
            outbox.c.tries,
            outbox.c.last_status,
            outbox.c.last_error,
            outbox.c.next_at,
            outbox.c.finished_at,
            endpoints.c.url,
            client_apps.c.name.label("client_app"),
        )
        .order_by(newest.c.occurred_at.desc(), newest.c.id.desc(), outbox.c.row_no)
    )
    found: dict[str, tuple[Any, list[Telling]]] = {}
    for row in rows:
        _, tellings = found.setdefault(row.event_id, (row, []))
        if row.state is not None:
            tellings.append(_telling(row))
    return [_told(row, tellings) for row, tellings in found.values()]


def _telling(row: Any) -> Telling:
    return Telling(
        client_app=row.client_app or "",
        url=row.url or "",
        state=row.state,
        tries=row.tries,
        last_status=row.last_status,
        last_error=row.last_error,
        next_at=row.next_at,
        finished_at=row.finished_at,
    )


def _told(row: Any, tellings: list[Telling]) -> Told:
    data = json.loads(row.body).get("data", {})
    return Told(row.event_type, row.occurred_at, data, tuple(tellings))
