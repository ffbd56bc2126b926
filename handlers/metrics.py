"""`/metrics`: how much waits, how stale it is, how much was found by looking, what was asked of portals; the same
whichever process answers."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from b24app.cards.store import scans
from b24app.portal import call_log
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.work import counts
from b24app.work.store import index


async def metrics(request: Request) -> Response:
    resources: Resources = request.state.resources
    async with resources.transaction() as db:
        depths = await index.depths(db, resources.now())
        states = await portals.count_by_state(db)
        drift = await scans.totals(db)
    registry = CollectorRegistry()
    waiting = Gauge("b24app_work_waiting", "Rows of the work index", ["kind", "lane"], registry=registry)
    late = Gauge(
        "b24app_work_oldest_seconds",
        "How overdue the oldest row is",
        ["kind", "lane"],
        registry=registry,
    )
    known = Gauge("b24app_portals", "Portals by state", ["state"], registry=registry)
    drifted = Counter("b24app_drift", "Cards that differed from what no event told", ["kind"], registry=registry)
    for kind, cards in drift.items():
        drifted.labels(kind).inc(cards)
    for depth in depths:
        labels = (depth.kind, depth.lane.label)
        waiting.labels(*labels).set(depth.rows)
        late.labels(*labels).set(depth.oldest_seconds)
    for state, count in states.items():
        known.labels(state).set(count)
    await _counted(resources, registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _counted(resources: Resources, registry: CollectorRegistry) -> None:
    """Left out while Redis is away: a count that falls to nothing would look like a portal that nobody asks."""
    try:
        asked, lost = await call_log.counted(resources.redis)
        tried = await counts.totals(resources.redis, counts.DELIVERIES)
    except (RedisError, OSError):
        return
    requests = Counter("b24app_portal_requests", "Requests to portals", ["outcome", "lane"], registry=registry)
    unlogged = Counter("b24app_portal_calls_lost", "Requests without a line in the log", registry=registry)
    for (outcome, lane), count in asked.items():
        requests.labels(outcome, lane).inc(count)
    unlogged.inc(lost)
    deliveries = Counter("b24app_deliveries", "Attempts to deliver news", ["outcome"], registry=registry)
    for outcome, count in tried.items():
        deliveries.labels(outcome).inc(count)
