"""What the metrics say of deliveries."""

from __future__ import annotations

from collections.abc import Mapping

from redis.asyncio import Redis

from b24app.plug import Count
from b24app.work import counts


async def _deliveries(redis: Redis) -> Mapping[tuple[str, ...], float]:
    return {(outcome,): count for outcome, count in (await counts.totals(redis, counts.DELIVERIES)).items()}


COUNTS = (Count("b24app_deliveries", "Attempts to deliver news", _deliveries, ("outcome",)),)
