"""Counts of all processes, added up in Redis, so that the metrics are the same whichever process answers.

A Redis that forgets starts them anew, as counters may; one that is away costs what was counted meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

PORTAL_REQUESTS, DELIVERIES = "b24app:portal_requests", "b24app:deliveries"


async def add(redis: Redis, series: str, counts: Mapping[str, int]) -> None:
    """Never raises: counting is no reason for anything to fail."""
    if not counts:
        return
    with suppress(RedisError, OSError):
        async with redis.pipeline(transaction=False) as pipe:
            for name, count in counts.items():
                pipe.hincrby(series, name, count)
            await pipe.execute()


async def totals(redis: Redis, series: str) -> dict[str, int]:
    """Raises RedisError or OSError."""
    told: Mapping[Any, Any] = await redis.hgetall(series)
    return {name.decode(): int(count) for name, count in told.items()}
