"""How fast we may call one portal: a leaky bucket and operating-time gauges in Redis, shared by all our processes.

The portal counts requests per portal and source address (limits.md): a bucket of 50 that leaks 2 a second (250 and 5
on Enterprise). We stay below it with a smaller bucket of our own on the Redis clock. Two lanes share it: a part of
the bucket is a reserve that only the interactive lane may use, and the bulk lane may book the future only a little
ahead, so that a person never waits behind bulk work already booked.

It also counts each method's operating time: 480 s in ten minutes, then 429. The gauge is the portal's own running
figure, the latest one counts and they are never added up. Bulk work slows from half of it and stops just below.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from b24app.errors import MethodParked, PortalBusy

log = logging.getLogger(__name__)


class Lane(StrEnum):
    """Who waits for the call: a person (or a client app), or nobody in particular."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a portal grants us. `full`: its bucket; `capacity`: how much of it we use; `rate`: requests a second;
    `reserve`: share of the capacity kept for the interactive lane; `operating`: seconds of a method in ten minutes."""

    full: float = 50
    capacity: float = 45
    rate: float = 2.0
    reserve: float = 0.15
    operating: float = 480

    def limit(self, lane: Lane) -> float:
        return self.capacity if lane is Lane.INTERACTIVE else self.capacity * (1 - self.reserve)


ENTERPRISE = Budget(full=250, capacity=225, rate=5.0)
ON_PREMISE = Budget(operating=420)
"""A box has no limits unless its admin switches them on; nobody tells us, so we stay polite."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A method's operating time as the portal last told it: seconds used, and the unix time when the oldest part
    drops."""

    operating: float
    reset_at: float


@dataclass(frozen=True, slots=True)
class Grant:
    """`booked`: go after `wait` seconds; else ask again after `wait` seconds. `strain`: the busiest method's share of
    its operating time, 0–1. `parked`: (method, unix time) of a method too near its limit; then nothing was booked."""

    booked: bool
    wait: float = 0.0
    strain: float = 0.0
    parked: tuple[str, float] | None = None


LOOK_AHEAD: Mapping[Lane, float] = {Lane.INTERACTIVE: 20.0, Lane.BULK: 2.0}
PATIENCE: Mapping[Lane, float] = {Lane.INTERACTIVE: 0.0, Lane.BULK: 300.0}
"""Seconds that may be booked ahead, and seconds to wait for a booking where the bucket is booked further than that."""
SLOW_FROM, PARK_FROM, SLOWEST, NEVER = 0.5, 0.9, 5.0, 1e9
SHARE_WITHOUT_REDIS = 0.25
"""Without Redis each process keeps to a quarter of the budget: there may be others that we cannot see."""
REDIS_BLIND_FOR = 5.0

TAKE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local limit, rate, ahead, park_at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local most = 0
for i = 5, #ARGV do
  local gauge = redis.call('HGET', KEYS[2], ARGV[i])
  if gauge then
    local operating, reset_at = string.match(gauge, '(%S+) (%S+)')
    if tonumber(reset_at) > now then
      if tonumber(operating) >= park_at then return {2, i - 5, math.ceil(tonumber(reset_at)), 0} end
      most = math.max(most, tonumber(operating))
    end
  end
end
local level, at = 0, now
local bucket = redis.call('HMGET', KEYS[1], 'level', 'at')
if bucket[1] then level, at = tonumber(bucket[1]), tonumber(bucket[2]) end
level = math.max(0, level - (now - at) * rate)
local wait = math.max(0, (level + 1 - limit) / rate)
if wait > ahead then return {0, math.ceil((wait - ahead) * 1000), 0, 0} end
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level + 1), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((level + 1) / rate * 1000) + 60000)
return {1, math.ceil(wait * 1000), 0, math.floor(most * 1000)}
"""

PUSH_UP = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local full, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local bucket = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = bucket[1] and bucket[1] - (now - bucket[2]) * rate or 0
level = math.max(level, full)
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(level / rate * 1000) + 60000)
return 1
"""


@dataclass(slots=True)
class Pace:
    """`egress`: the address our calls leave from. One per process; give it a Redis with a short socket time-out."""

    redis: Redis
    egress: str = "default"
    _local: dict[int, tuple[float, float]] = field(default_factory=dict)
    _blind_until: float = 0.0

    async def permit(self, portal_id: int, budget: Budget, lane: Lane, methods: Sequence[str]) -> None:
        """Wait until one request that runs `methods` may go.

        Raises PortalBusy when that takes longer than the lane's patience, MethodParked when a method stands just below
        its operating limit (bulk only: a person may use the rest). Never an error of Redis.
        """
        waited = 0.0
        while True:
            grant = await self.take(portal_id, budget, lane, methods)
            if grant.parked:
                method, until = grant.parked
                raise MethodParked(method, datetime.fromtimestamp(until, UTC), 0)
            wait = grant.wait + (_slowed(grant.strain) if lane is Lane.BULK else 0.0)
            if not grant.booked and (waited := waited + wait) > PATIENCE[lane]:
                raise PortalBusy(methods[0], 0, "OWN_PACE")
            await asyncio.sleep(wait)
            if grant.booked:
                return

    async def take(self, portal_id: int, budget: Budget, lane: Lane, methods: Sequence[str]) -> Grant:
        """One look into the bucket, atomic, on the Redis clock; a local, slower bucket while Redis is away."""
        park_at = budget.operating * PARK_FROM if lane is Lane.BULK else NEVER
        keys = (self._key("bucket", portal_id), self._key("operating", portal_id))
        figures = (budget.limit(lane), budget.rate, LOOK_AHEAD[lane], park_at)
        reply = await self._run(TAKE, keys, [*map(str, figures), *methods])
        match reply:
            case None:
                return self._take_locally(portal_id, budget, lane)
            case [2, index, reset_at, _]:
                return Grant(False, parked=(methods[index], float(reset_at)))
            case [booked, wait, _, most]:
                return Grant(booked == 1, wait / 1000, most / 1000 / budget.operating)
            case _:
                raise AssertionError(reply)

    async def pushed_up(self, portal_id: int, budget: Budget) -> None:
        """The portal said 503: its bucket is full, so ours is, and all our processes hold back together."""
        self._local[portal_id] = (budget.full * SHARE_WITHOUT_REDIS, monotonic())
        await self._run(PUSH_UP, (self._key("bucket", portal_id),), (str(budget.full), str(budget.rate)))

    async def record(self, portal_id: int, gauges: Mapping[str, Gauge]) -> None:
        """Keep the latest operating time of each method that an answer told."""
        if not gauges or monotonic() < self._blind_until:
            return
        key = self._key("operating", portal_id)
        rows: dict[Any, Any] = {
            method: f"{gauge.operating:.3f} {gauge.reset_at:.0f}" for method, gauge in gauges.items()
        }
        try:
            async with self.redis.pipeline(transaction=False) as pipe:
                pipe.hset(key, mapping=rows)
                pipe.expire(key, 700)
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_is_away(error)

    async def gauges(self, portal_id: int) -> dict[str, Gauge]:
        """The latest figures, for the doctor and the metrics; empty while Redis is away."""
        try:
            rows: Mapping[Any, Any] = await self.redis.hgetall(self._key("operating", portal_id))
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_is_away(error)
            return {}
        return {_text(method): Gauge(*map(float, _text(row).split())) for method, row in rows.items()}

    def _key(self, what: str, portal_id: int) -> str:
        """Operating time is counted per application, the bucket per address as well."""
        return f"b24app:{what}:{portal_id}" + (f":{self.egress}" if what == "bucket" else "")

    async def _run(self, script: str, keys: Iterable[str], args: Iterable[str]) -> Any:
        """The script's answer, None while Redis is away. Asked again only after a pause, so that calls do not queue
        up."""
        if monotonic() < self._blind_until:
            return None
        names = tuple(keys)
        try:
            return await self.redis.eval(script, len(names), *names, *args)
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_is_away(error)
            return None

    def _redis_is_away(self, error: Exception) -> None:
        self._blind_until = monotonic() + REDIS_BLIND_FOR
        log.warning("pace without redis: %s", type(error).__name__)

    def _take_locally(self, portal_id: int, budget: Budget, lane: Lane) -> Grant:
        now, rate = monotonic(), budget.rate * SHARE_WITHOUT_REDIS
        level, at = self._local.get(portal_id, (0.0, now))
        level = max(0.0, level - (now - at) * rate)
        wait = max(0.0, (level + 1 - budget.limit(lane) * SHARE_WITHOUT_REDIS) / rate)
        if wait > LOOK_AHEAD[lane]:
            return Grant(False, wait - LOOK_AHEAD[lane])
        self._local[portal_id] = (level + 1, now)
        return Grant(True, wait)


def _slowed(strain: float) -> float:
    """Seconds to hold a bulk request back: none up to half of the operating time, then growing evenly."""
    return max(0.0, (strain - SLOW_FROM) / (PARK_FROM - SLOW_FROM)) * SLOWEST


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
