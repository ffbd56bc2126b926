"""How fast we may call one portal: a leaky bucket and operating-time gauges in Redis, shared by all our processes.

The portal counts requests per portal and source address (limits.md): a bucket of 50 that leaks 2 a second (250 and 5
on Enterprise). We stay below it with a smaller bucket of our own on the Redis clock. Two lanes share it: a part of
the bucket is a reserve that only the interactive lane may use, and the bulk lane may book the future only a little
ahead, so that a person never waits behind bulk work already booked.

It also counts each method's operating time: 480 s in ten minutes, then 429. The gauge is the portal's own running
figure, the latest one counts and they are never added up. Bulk work slows from half of it and stops just below; when
the wait is over one request goes first, and its answer says whether the others may follow.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from b24app.errors import MethodParked, PortalBusy
from b24app.lanes import Lane

log = logging.getLogger(__name__)


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
"""A box has no limits unless its admin switches them on; nobody tells us, so we stay polite: two requests a second."""


@dataclass(frozen=True, slots=True)
class PaceGauge:
    """A method's operating time as the portal last told it: seconds used, and seconds until the oldest part drops.

    Spans, not moments: a portal's clock, Redis's and ours need not agree.
    """

    operating: float
    reset_in: float


@dataclass(frozen=True, slots=True)
class Grant:
    """`booked`: go after `wait` seconds; else ask again after `wait` seconds. `strain`: the busiest method's share of
    its operating time, 0–1. `parked`: (method, seconds) of a method too near its limit; then nothing was booked."""

    booked: bool
    wait: float = 0.0
    strain: float = 0.0
    parked: tuple[str, float] | None = None


LOOK_AHEAD: Mapping[Lane, float] = {Lane.INTERACTIVE: 20.0, Lane.BULK: 2.0}
PATIENCE: Mapping[Lane, float] = {Lane.INTERACTIVE: 0.0, Lane.BULK: 300.0}
"""Seconds that may be booked ahead, and seconds to wait for a booking where the bucket is booked further than that."""
SLOW_FROM, PARK_FROM, SLOWEST, NEVER = 0.5, 0.9, 5.0, 1e9
WINDOW = 600.0
"""Seconds over which a portal counts operating time: no gauge can say more."""
PROBE = 5.0
"""Seconds the others stay away while one request finds out whether a parked method is free again."""
PROCESSES_UNSEEN = 4
"""Without Redis each process takes every call for four: there may be others that do the same."""
REDIS_BLIND_FOR = 5.0

LEVEL = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local function level_now(rate, known)
  local bucket = redis.call('HMGET', KEYS[1], 'level', 'at')
  local level = bucket[1] and bucket[1] - math.max(0, now - bucket[2]) * rate or 0
  return math.max(0, level, known)
end
local function keep(level, rate)
  redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(level / rate * 1000) + 60000)
end
"""

TAKE = (
    LEVEL
    + """
local limit, rate, ahead, park_at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local probe, most, probes = tonumber(ARGV[6]), 0, {}
for i = 7, #ARGV do
  local gauge = redis.call('HGET', KEYS[2], ARGV[i])
  if gauge then
    local told, until_ = string.match(gauge, '(%S+) (%S+)')
    local operating, left = tonumber(told), tonumber(until_) - now
    if left > 0 then
      if operating >= park_at then return {2, i - 7, math.ceil(left * 1000), 0} end
      most = math.max(most, operating)
    elseif operating >= park_at then
      probes[ARGV[i]] = told
    end
  end
end
local level = level_now(rate, tonumber(ARGV[5]))
if tonumber(ARGV[5]) > 0 then keep(level, rate) end
local wait = math.max(0, (level + 1 - limit) / rate)
if wait > ahead then return {0, math.ceil((wait - ahead) * 1000), math.floor(level * 1000), 0} end
keep(level + 1, rate)
for method, told in pairs(probes) do
  redis.call('HSET', KEYS[2], method, told .. ' ' .. string.format('%.3f', now + wait + probe))
end
return {1, math.ceil(wait * 1000), math.floor((level + 1) * 1000), math.floor(most * 1000)}
"""
)

PUSH_UP = (
    LEVEL
    + """
local rate = tonumber(ARGV[2])
keep(level_now(rate, tonumber(ARGV[1])), rate)
return 1
"""
)

RECORD = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
for i = 2, #ARGV, 3 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ' ' .. string.format('%.3f', now + ARGV[i + 2]))
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""


@dataclass(slots=True)
class Pace:
    """`egress`: the address our calls leave from. One per process; give it a Redis with a short socket time-out.

    `_known`: (level, moment) of each bucket as this process last saw it: what it goes on with while Redis is away.
    """

    redis: Redis
    egress: str = "default"
    _known: dict[int, tuple[float, float]] = field(default_factory=dict)
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
                method, seconds = grant.parked
                raise MethodParked(method, datetime.now(UTC) + timedelta(seconds=seconds), 0)
            if not grant.booked and (waited := waited + grant.wait) > PATIENCE[lane]:
                raise PortalBusy(methods[0], 0, "OWN_PACE")
            await asyncio.sleep(grant.wait + (_slowed(grant.strain) if lane is Lane.BULK else 0.0))
            if grant.booked:
                return

    async def take(self, portal_id: int, budget: Budget, lane: Lane, methods: Sequence[str]) -> Grant:
        """One look into the bucket, atomic, on the Redis clock; a local, slower bucket while Redis is away."""
        park_at = budget.operating * PARK_FROM if lane is Lane.BULK else NEVER
        keys = (self._key("bucket", portal_id), self._key("operating", portal_id))
        figures = (budget.limit(lane), budget.rate, LOOK_AHEAD[lane], park_at, self._news(portal_id, budget), PROBE)
        match await self._run(TAKE, keys, [*map(str, figures), *methods]):
            case None:
                return self._take_blindly(portal_id, budget, lane)
            case [2, index, milliseconds, _]:
                return Grant(False, parked=(methods[index], milliseconds / 1000))
            case [booked, wait, level, most]:
                self._known[portal_id] = (level / 1000, monotonic())
                return Grant(booked == 1, wait / 1000, most / 1000 / budget.operating)
            case reply:
                raise AssertionError(reply)

    async def pushed_up(self, portal_id: int, budget: Budget) -> None:
        """The portal said 503: its bucket is full, so ours is, and all our processes hold back together."""
        self._known[portal_id] = (max(budget.full, self._level(portal_id, budget)), monotonic())
        await self._run(PUSH_UP, (self._key("bucket", portal_id),), (str(budget.full), str(budget.rate)))

    async def record(self, portal_id: int, gauges: Mapping[str, PaceGauge]) -> None:
        """Keep the latest operating time of each method that an answer told."""
        if gauges:
            rows = [(method, f"{one.operating:.3f}", f"{one.reset_in:.3f}") for method, one in gauges.items()]
            told = [text for row in rows for text in row]
            await self._run(RECORD, (self._key("operating", portal_id),), (str(round(WINDOW)), *told))

    async def gauges(self, portal_id: int) -> dict[str, PaceGauge]:
        """The latest figures, for people; `reset_in` below zero: it has dropped since. Raises RedisError."""
        rows: Mapping[Any, Any] = await self.redis.hgetall(self._key("operating", portal_id))
        seconds, microseconds = await self.redis.time()
        now = seconds + microseconds / 1e6
        told = {_text(method): tuple(map(float, _text(row).split())) for method, row in rows.items()}
        return {method: PaceGauge(operating, until - now) for method, (operating, until) in told.items()}

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
            self._blind_until = monotonic() + REDIS_BLIND_FOR
            log.warning("pace without redis: %s", type(error).__name__)
            return None

    def _level(self, portal_id: int, budget: Budget) -> float:
        """How full the bucket is by what this process knows: no more has leaked since than can have."""
        level, at = self._known.get(portal_id, (0.0, 0.0))
        return max(0.0, level - (monotonic() - at) * budget.rate)

    def _news(self, portal_id: int, budget: Budget) -> float:
        """The level to tell a Redis that was away: it may have forgotten its own, and knows nothing of our calls."""
        _, at = self._known.get(portal_id, (0.0, 0.0))
        return self._level(portal_id, budget) if at <= self._blind_until else 0.0

    def _take_blindly(self, portal_id: int, budget: Budget, lane: Lane) -> Grant:
        level = self._level(portal_id, budget) + PROCESSES_UNSEEN
        wait = max(0.0, (level - budget.limit(lane)) / budget.rate)
        if wait > LOOK_AHEAD[lane]:
            return Grant(False, wait - LOOK_AHEAD[lane])
        self._known[portal_id] = (level, monotonic())
        return Grant(True, wait)


def _slowed(strain: float) -> float:
    """Seconds to hold a bulk request back: none up to half of the operating time, then growing evenly."""
    return max(0.0, (strain - SLOW_FROM) / (PARK_FROM - SLOW_FROM)) * SLOWEST


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
