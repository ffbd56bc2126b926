"""Deliveries that are to be sent, read in bulk. Every function works inside one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.delivery.schedule import DeliveryState


@dataclass(frozen=True, slots=True)
class Load:
    """A delivery that is to be sent, with its bytes.

    `earlier`: the delivery just before it, of the same object to the same endpoint, if that waits as well;
    `earlier_at`: when that one is due.
    """

    state: DeliveryState
    id: UUID
    endpoint_id: UUID
    event_id: str
    type: str
    object_id: str
    sequence: int | None
    tries: int
    attempts: int
    resend: bool
    next_at: datetime | None
    created_at: datetime
    body: bytes
    earlier: UUID | None
    earlier_at: datetime | None


# Why one statement: with three, and settling not yet in two, PostgreSQL worked 140 µs a delivery in `bench deliver`
# instead of 55. Its plan has to be made for these arrays (`tenant(bulk=True)`): with a plan that the connection keeps,
# PostgreSQL works two to three times as long.
# `mine` is read once for both its uses. `queue` finds each delivery's predecessor by one window over all that waits for
# these objects, which an array names: they are found in the index, and no row is looked up for another.
_LOAD = text(
    "WITH mine AS MATERIALIZED (SELECT * FROM outbox WHERE portal_id = :portal AND id = ANY(CAST(:ids AS uuid[]))),"
    " queue AS (SELECT id, lag(id) OVER w AS earlier, lag(coalesce(next_at, created_at)) OVER w AS earlier_at"
    "  FROM outbox WHERE portal_id = :portal AND state = 'waiting'"
    "  AND object_id = ANY(ARRAY(SELECT DISTINCT object_id FROM mine))"
    "  WINDOW w AS (PARTITION BY endpoint_id, object_id ORDER BY row_no))"
    " SELECT o.state, o.id, o.endpoint_id, o.event_id, o.type, o.object_id, o.sequence, o.tries, o.attempts, o.resend,"
    " o.next_at, o.created_at, e.body, q.earlier, q.earlier_at FROM mine o"
    " JOIN events e ON e.id = o.event_id AND e.portal_id = :portal LEFT JOIN queue q ON q.id = o.id ORDER BY o.row_no"
)


async def load(db: AsyncConnection, portal_id: int, ids: Collection[UUID]) -> list[Load]:
    """The deliveries with their bytes, in row order."""
    rows = await db.execute(_LOAD, {"portal": portal_id, "ids": list(ids)})
    return [Load(DeliveryState(row[0]), *row[1:]) for row in rows.all()]
