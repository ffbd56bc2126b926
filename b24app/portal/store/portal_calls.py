"""The log of requests to a portal: what was asked and what became of it; no parameters, no bodies. Kept for a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.portal.store.tables import portal_calls

SAVE = text("""
    INSERT INTO portal_calls (portal_id, at, lane, method, outcome, code, status, ms)
    SELECT :portal, r.* FROM unnest(CAST(:at AS timestamptz[]), CAST(:lane AS text[]), CAST(:method AS text[]),
        CAST(:outcome AS text[]), CAST(:code AS text[]), CAST(:status AS int[]), CAST(:ms AS int[])) AS r
""")


@dataclass(frozen=True, slots=True)
class PortalCall:
    """One HTTP request as `bitrix24.wire.CallRecord` tells of it, and when it ended."""

    at: datetime
    lane: str
    method: str
    outcome: str
    code: str
    status: int
    ms: int


async def save(db: AsyncConnection, portal_id: int, calls: Sequence[PortalCall]) -> None:
    rows = [asdict(one) for one in calls]
    columns = {name: [row[name] for row in rows] for name in PortalCall.__slots__}
    await db.execute(SAVE, {"portal": portal_id, **columns})


async def listing(
    db: AsyncConnection, portal_id: int, since: datetime, *, errors: bool, limit: int
) -> tuple[list[PortalCall], bool]:
    """The newest up to `limit`, oldest first; whether there are more. `errors`: only what did not go well."""
    failed = or_(portal_calls.c.outcome != "ok", portal_calls.c.code != "")
    query = (
        select(*(portal_calls.c[name] for name in PortalCall.__slots__))
        .where(portal_calls.c.portal_id == portal_id, portal_calls.c.at >= since, *([failed] if errors else []))
        .order_by(portal_calls.c.at.desc(), portal_calls.c.id.desc())
        .limit(limit + 1)
    )
    found = [PortalCall(*row) for row in await db.execute(query)]
    return found[:limit][::-1], len(found) > limit
