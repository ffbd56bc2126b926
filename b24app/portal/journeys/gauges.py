"""What the metrics say of portals and of requests to them; and of the machine, which knows no plug."""

from __future__ import annotations

from collections.abc import Mapping

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.plug import Count, Gauge
from b24app.portal import call_log
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.work.store import index

Labels = tuple[str, ...]


async def _waiting(resources: Resources, db: AsyncConnection) -> Mapping[Labels, float]:
    return {(depth.kind, depth.lane.label): depth.rows for depth in await index.depths(db, resources.now())}


async def _oldest(resources: Resources, db: AsyncConnection) -> Mapping[Labels, float]:
    return {(depth.kind, depth.lane.label): depth.oldest_seconds for depth in await index.depths(db, resources.now())}


async def _portals(resources: Resources, db: AsyncConnection) -> Mapping[Labels, float]:
    return {(state,): count for state, count in (await portals.count_by_state(db)).items()}


async def _requests(redis: Redis) -> Mapping[Labels, float]:
    requests, _ = await call_log.counted(redis)
    return {(outcome, lane): count for (outcome, lane), count in requests.items()}


async def _lost(redis: Redis) -> Mapping[Labels, float]:
    _, lost = await call_log.counted(redis)
    return {(): lost}


GAUGES = (
    Gauge("b24app_work_waiting", "Rows of the work index", _waiting, ("kind", "lane")),
    Gauge("b24app_work_oldest_seconds", "How overdue the oldest row is", _oldest, ("kind", "lane")),
    Gauge("b24app_portals", "Portals by state", _portals, ("state",)),
)
COUNTS = (
    Count("b24app_portal_requests", "Requests to portals", _requests, ("outcome", "lane")),
    Count("b24app_portal_calls_lost", "Requests without a line in the log", _lost),
)
