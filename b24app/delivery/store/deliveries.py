"""Deliveries as their receivers read them: lists, attempts, events after a number. Inside one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store.tables import attempts, events, outbox
from b24app.domain.delivery.schedule import DeliveryState, Trigger


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint. `row_no` orders deliveries of a portal by creation."""

    id: UUID
    endpoint_id: UUID
    event_id: str
    type: str
    row_no: int
    sequence: int | None
    state: DeliveryState
    tries: int
    attempts: int
    last_status: int | None
    last_error: str | None
    next_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """One attempt as it was stored."""

    number: int
    trigger: Trigger
    status: int | None
    error: str | None
    duration_ms: int
    response: str
    address: str | None
    made_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Missed:
    """An event by its number at the endpoint, with the bytes of its webhook."""

    sequence: int
    delivery_id: UUID
    event_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Events after a number. `first_available` and `last`: the numbers that are kept (0: none yet)."""

    found: tuple[Missed, ...]
    first_available: int
    last: int


async def of_endpoint(
    db: AsyncConnection,
    portal_id: int,
    endpoint_id: UUID,
    *,
    before: int | None,
    states: Collection[DeliveryState],
    limit: int,
) -> list[Delivery]:
    """Newest first; `before` is the `row_no` of the last one seen."""
    query = select(outbox).where(outbox.c.portal_id == portal_id, outbox.c.endpoint_id == endpoint_id)
    narrowed: list[ColumnElement[bool]] = []
    if before is not None:
        narrowed.append(outbox.c.row_no < before)
    if states:
        narrowed.append(outbox.c.state.in_([state.value for state in states]))
    rows = await db.execute(query.where(*narrowed).order_by(outbox.c.row_no.desc()).limit(limit))
    return [_delivery(row) for row in rows]


async def one(db: AsyncConnection, portal_id: int, delivery_id: UUID) -> Delivery | None:
    query = select(outbox).where(outbox.c.portal_id == portal_id, outbox.c.id == delivery_id)
    row = (await db.execute(query)).one_or_none()
    return None if row is None else _delivery(row)


async def attempts_of(db: AsyncConnection, portal_id: int, delivery_id: UUID) -> list[PastAttempt]:
    """Oldest first."""
    query = select(attempts).where(attempts.c.portal_id == portal_id, attempts.c.delivery_id == delivery_id)
    return [
        PastAttempt(
            number=row.number,
            trigger=Trigger(row.trigger),
            status=row.status,
            error=row.error,
            duration_ms=row.duration_ms,
            response=row.response,
            address=row.address,
            made_at=row.made_at,
            next_at=row.next_at,
        )
        for row in await db.execute(query.order_by(attempts.c.number, attempts.c.id))
    ]


async def catch_up(db: AsyncConnection, portal_id: int, endpoint_id: UUID, after: int, limit: int) -> CatchUp:
    """Numbered events of the endpoint after `after`, in order."""
    numbered = (outbox.c.portal_id == portal_id, outbox.c.endpoint_id == endpoint_id, outbox.c.sequence.is_not(None))
    bounds = (await db.execute(select(func.min(outbox.c.sequence), func.max(outbox.c.sequence)).where(*numbered))).one()
    query = (
        select(outbox.c.sequence, outbox.c.id, outbox.c.event_id, events.c.body)
        .join(events, (events.c.id == outbox.c.event_id) & (events.c.portal_id == portal_id))
        .where(*numbered, outbox.c.sequence > after)
        .order_by(outbox.c.sequence)
        .limit(limit)
    )
    missed = tuple(Missed(row.sequence, row.id, row.event_id, row.body) for row in await db.execute(query))
    return CatchUp(missed, bounds[0] or 0, bounds[1] or 0)


_CLOSE_PINGS = text(
    "WITH closed AS (UPDATE outbox SET state = 'closed', finished_at = :now, next_at = NULL WHERE portal_id = :portal"
    " AND endpoint_id = :endpoint AND sequence IS NULL AND type = 'endpoint.ping' AND state = 'waiting' RETURNING id)"
    " DELETE FROM work w USING closed WHERE w.portal_id = :portal AND w.kind = 'delivery' AND w.key = closed.id::text"
).bindparams(bindparam("endpoint", type_=PG_UUID()), bindparam("now", type_=TIMESTAMP(timezone=True)))


async def close_pings(db: AsyncConnection, portal_id: int, endpoint_id: UUID, now: datetime) -> None:
    """Close the pings that still wait, because a newer one is about to be sent."""
    await db.execute(_CLOSE_PINGS, {"portal": portal_id, "endpoint": endpoint_id, "now": now})


async def ask_resend(db: AsyncConnection, portal_id: int, delivery_id: UUID) -> None:
    """Ask for one more attempt, whatever the delivery's state. The caller puts it into the work index as well."""
    await db.execute(
        outbox.update().where(outbox.c.portal_id == portal_id, outbox.c.id == delivery_id).values(resend=True)
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        endpoint_id=row.endpoint_id,
        event_id=row.event_id,
        type=row.type,
        row_no=row.row_no,
        sequence=row.sequence,
        state=DeliveryState(row.state),
        tries=row.tries,
        attempts=row.attempts,
        last_status=row.last_status,
        last_error=row.last_error,
        next_at=row.next_at,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


async def ever_delivered(db: AsyncConnection, portal_id: int) -> bool:
    """Whether any news has reached a client app. Pings have no number."""
    query = select(outbox.c.id).where(
        outbox.c.portal_id == portal_id,
        outbox.c.state == DeliveryState.DELIVERED.value,
        outbox.c.sequence.is_not(None),
    )
    return (await db.execute(query.limit(1))).first() is not None
