"""Since when an endpoint gets nothing: read where something has failed for a while, never for each delivery."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.delivery.outage import Failing

_FAILING = text("""
    WITH failed AS (SELECT a.made_at, a.status FROM outbox o
        JOIN attempts a ON a.portal_id = o.portal_id AND a.delivery_id = o.id
        WHERE o.portal_id = :portal AND o.endpoint_id = :endpoint AND o.attempts > 0 AND o.state <> 'delivered'
        AND a.made_at > coalesce((SELECT max(finished_at) FROM outbox WHERE portal_id = :portal
            AND endpoint_id = :endpoint AND state = 'delivered'), '-infinity'))
    SELECT min(made_at) AS since, (array_agg(status ORDER BY made_at DESC))[1] AS status FROM failed
""").bindparams(bindparam("endpoint", type_=PG_UUID()))


async def failing(db: AsyncConnection, portal_id: int, endpoint_id: UUID) -> Failing | None:
    """None where whatever was tried last has arrived, or nothing was tried."""
    row = (await db.execute(_FAILING, {"portal": portal_id, "endpoint": endpoint_id})).one()
    return Failing(row.since, row.status) if row.since else None
