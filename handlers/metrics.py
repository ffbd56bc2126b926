"""`/metrics`: how much waits, how stale it is, how much was found by looking, what was asked of portals; the same
whichever process answers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from b24app import plug
from b24app.resources import Resources


async def metrics(request: Request) -> Response:
    resources: Resources = request.state.resources
    features, registry = plug.product_of(resources).features, CollectorRegistry()
    async with resources.transaction() as db:
        for gauge in (gauge for feature in features for gauge in feature.gauges):
            _add(registry, Counter if gauge.grows else Gauge, gauge, await gauge.read(resources, db))
    with suppress(RedisError, OSError):
        counted = [(count, await count.read(resources.redis)) for one in features for count in one.counts]
        for count, values in counted:
            _add(registry, Counter, count, values)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add(
    registry: CollectorRegistry,
    kind: type[Counter | Gauge],
    line: plug.Gauge | plug.Count,
    values: Mapping[tuple[str, ...], float],
) -> None:
    metric = kind(line.name, line.help, line.labels, registry=registry)
    for labels, value in values.items():
        (metric.labels(*labels) if labels else metric).inc(value)
