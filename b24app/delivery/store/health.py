"""What an endpoint's newest deliveries tell of it. Inside one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.delivery.schedule import DeliveryState

COUNTED = 1_000  # of an endpoint's newest deliveries, at most


@dataclass(frozen=True, slots=True)
class SampleSent:
    """The newest test notification. `delivery` WAITING: it is on its way."""

    delivery: DeliveryState
    status: int | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def under_way(self) -> bool:
        return self.delivery is DeliveryState.WAITING


@dataclass(frozen=True, slots=True)
class RecentDeliveries:
    """Of the newest deliveries: how many were `delivered` and `failed` since the asked moment, at least so many where
    there are `more`; when the last of all was delivered; and of the newest that failed the answer and the next try, of
    the ping where the endpoint is being checked."""

    delivered: int
    failed: int
    more: bool
    delivered_at: datetime | None
    status: int | None
    error: str | None
    next_at: datetime | None
    test: SampleSent | None


# An endpoint's numbers are read backwards in ix_outbox_endpoint and no further than `COUNTED`: however much it was
# sent, this costs the same. Tests and pings have no number.
_RECENT = text(
    "SELECT p.id, r.delivered, r.failed, r.more, r.delivered_at, coalesce(c.last_status, r.status) AS status,"
    " coalesce(c.last_error, r.error) AS error, coalesce(c.next_at, r.next_at) AS next_at,"
    " t.state, t.last_status, t.last_error, t.created_at, t.finished_at"
    " FROM endpoints p CROSS JOIN LATERAL ("
    "  SELECT count(*) FILTER (WHERE o.state = 'delivered' AND o.created_at >= :since) AS delivered,"
    "  count(*) FILTER (WHERE o.last_error IS NOT NULL AND o.created_at >= :since) AS failed,"
    "  count(*) FILTER (WHERE o.created_at >= :since) = :counted AS more,"
    "  max(o.finished_at) FILTER (WHERE o.state = 'delivered') AS delivered_at,"
    "  (array_agg(o.last_status ORDER BY o.sequence DESC) FILTER (WHERE o.last_error IS NOT NULL))[1] AS status,"
    "  (array_agg(o.last_error ORDER BY o.sequence DESC) FILTER (WHERE o.last_error IS NOT NULL))[1] AS error,"
    "  min(o.next_at) FILTER (WHERE o.last_error IS NOT NULL) AS next_at FROM ("
    "   SELECT * FROM outbox WHERE portal_id = :portal AND endpoint_id = p.id AND sequence IS NOT NULL"
    "   ORDER BY sequence DESC LIMIT :counted) AS o) AS r"
    " LEFT JOIN outbox t ON t.portal_id = :portal AND t.id = p.last_test"
    " LEFT JOIN LATERAL (SELECT last_status, last_error, next_at FROM outbox"
    "  WHERE portal_id = :portal AND endpoint_id = p.id AND sequence IS NULL AND type = 'endpoint.ping'"
    "  ORDER BY row_no DESC LIMIT 1) AS c ON p.state = 'checking'"
    " WHERE p.portal_id = :portal AND p.state <> 'deleted'"
).bindparams(bindparam("since", type_=TIMESTAMP(timezone=True)))


async def recent(db: AsyncConnection, portal_id: int, since: datetime) -> dict[UUID, RecentDeliveries]:
    """By endpoint, of all that are not deleted."""
    rows = await db.execute(_RECENT, {"portal": portal_id, "since": since, "counted": COUNTED})
    return {
        row.id: RecentDeliveries(
            delivered=row.delivered,
            failed=row.failed,
            more=row.more,
            delivered_at=row.delivered_at,
            status=row.status,
            error=row.error,
            next_at=row.next_at,
            test=SampleSent(DeliveryState(row.state), row.last_status, row.last_error, row.created_at, row.finished_at)
            if row.state
            else None,
        )
        for row in rows
    }
