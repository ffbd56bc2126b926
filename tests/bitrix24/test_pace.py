"""The shared bucket: never above the portal's, a reserve for people, gauges that stop in time, life without Redis."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from b24app.bitrix24.client import Command
from b24app.bitrix24.pace import ENTERPRISE, LOOK_AHEAD, Budget, Gauge, Lane, Pace
from b24app.errors import MethodParked, PortalBusy
from emulator.limits import Bucket
from tests.bitrix24.conftest import Rig

TINY = Budget(full=10, capacity=8, rate=1 / 3600, reserve=0.25)
"""Leaks so slowly that its level stands still during a test."""
FAST = Budget(full=50, capacity=45, rate=100)
NOWHERE = "redis://127.0.0.1:1/0"


async def test_bulk_leaves_the_reserve_to_people(redis: Redis) -> None:
    pace = Pace(redis)
    bulk = [await pace.take(1, TINY, Lane.BULK, ["m"]) for _ in range(7)]
    assert [grant.booked for grant in bulk] == [True] * 6 + [False]
    people = [await pace.take(1, TINY, Lane.INTERACTIVE, ["m"]) for _ in range(3)]
    assert [(grant.booked, grant.wait) for grant in people[:2]] == [(True, 0.0)] * 2
    assert not people[2].booked


async def test_bulk_books_ahead_less_than_the_reserve(redis: Redis) -> None:
    pace = Pace(redis)
    budget = Budget(rate=2.0)
    granted = 0
    while (grant := await pace.take(1, budget, Lane.BULK, ["m"])).booked:
        granted += 1
        assert grant.wait <= LOOK_AHEAD[Lane.BULK]
    assert granted <= budget.limit(Lane.BULK) + LOOK_AHEAD[Lane.BULK] * budget.rate + 1
    assert granted < budget.capacity
    assert (await pace.take(1, budget, Lane.INTERACTIVE, ["m"])).wait == 0.0


async def test_portals_do_not_share_a_bucket_and_addresses_do_not_either(redis: Redis) -> None:
    pace, elsewhere = Pace(redis), Pace(redis, egress="other")
    while (await pace.take(1, TINY, Lane.BULK, ["m"])).booked:
        pass
    assert (await pace.take(2, TINY, Lane.BULK, ["m"])).booked
    assert (await elsewhere.take(1, TINY, Lane.BULK, ["m"])).booked


async def test_processes_share_a_bucket(redis: Redis) -> None:
    ours, theirs = Pace(redis), Pace(redis)
    takes = [pace.take(1, TINY, Lane.BULK, ["m"]) for pace in (ours, theirs) * 10]
    assert sum(grant.booked for grant in await asyncio.gather(*takes)) == 6


async def test_a_503_holds_everybody_back(redis: Redis) -> None:
    ours, theirs = Pace(redis), Pace(redis)
    await ours.pushed_up(1, TINY)
    assert not (await theirs.take(1, TINY, Lane.INTERACTIVE, ["m"])).booked


async def test_a_503_forgets_no_booking(redis: Redis) -> None:
    pace, budget = Pace(redis), replace(TINY, rate=1.0)
    waits = [(await pace.take(1, budget, Lane.INTERACTIVE, ["m"])).wait for _ in range(20)]
    await pace.pushed_up(1, budget)
    assert (await pace.take(1, budget, Lane.INTERACTIVE, ["m"])).wait > waits[-1]


async def test_a_person_is_told_rather_than_kept_waiting(redis: Redis) -> None:
    pace = Pace(redis)
    await pace.pushed_up(1, TINY)
    with pytest.raises(PortalBusy):
        await pace.permit(1, TINY, Lane.INTERACTIVE, ["m"])
    with pytest.raises(PortalBusy):
        await pace.permit(1, TINY, Lane.BULK, ["m"])


async def test_gauges_are_the_latest_figure_and_slow_then_park_bulk_only(redis: Redis) -> None:
    pace, budget = Pace(redis), Budget(rate=1000)
    later = datetime.now(UTC).timestamp() + 300
    await pace.record(1, {"m": Gauge(200, later)})
    await pace.record(1, {"m": Gauge(360, later), "n": Gauge(10, later)})
    assert (await pace.gauges(1))["m"].operating == 360
    assert (await pace.take(1, budget, Lane.BULK, ["n"])).strain < 0.1
    assert (await pace.take(1, budget, Lane.BULK, ["n", "m"])).strain == 0.75
    await pace.record(1, {"m": Gauge(440, later)})
    with pytest.raises(MethodParked) as caught:
        await pace.permit(1, budget, Lane.BULK, ["n", "m"])
    assert caught.value.method == "m"
    assert abs(caught.value.until.timestamp() - later) <= 1
    await pace.permit(1, budget, Lane.INTERACTIVE, ["m"])
    await pace.record(1, {"m": Gauge(440, datetime.now(UTC).timestamp() - 1)})
    await pace.permit(1, budget, Lane.BULK, ["m"])


async def test_without_redis_calls_go_on_at_a_quarter(redis: Redis) -> None:
    gone = Redis.from_url(NOWHERE)
    pace = Pace(gone)
    grants = [await pace.take(1, TINY, Lane.INTERACTIVE, ["m"]) for _ in range(3)]
    assert [grant.booked for grant in grants] == [True, True, False]
    await pace.record(1, {"m": Gauge(1, 2)})
    assert await pace.gauges(1) == {}
    await pace.pushed_up(2, TINY)
    assert not (await pace.take(2, TINY, Lane.INTERACTIVE, ["m"])).booked
    await gone.aclose()


async def test_calls_outlive_redis(rig: Rig) -> None:
    gone = Redis.from_url(NOWHERE)
    client = replace(rig.client, pace=Pace(gone))
    assert (await client.call("profile")).result["ID"] == "1"
    await gone.aclose()


async def test_the_portal_is_never_overrun_by_many_clients(rig: Rig) -> None:
    """The portal enforces a bucket of 50 at 100 a second: the real figures, only faster."""
    rig.world.faults.enforce_limit = True
    bucket = Bucket(50, 100)
    rig.world.meters.buckets["first", "127.0.0.1"] = bucket
    clients = [replace(rig.client, pace=Pace(rig.redis), budget=FAST) for _ in range(4)]
    lanes = [replace(clients[0], lane=Lane.INTERACTIVE)]

    async def work(client: object) -> None:
        for _ in range(30):
            await client.call("server.time")  # type: ignore[attr-defined]

    await asyncio.gather(*(work(client) for client in clients * 3 + lanes))
    assert rig.requests("server.time") == 13 * 30
    assert bucket.over == 0
    assert not [call for call in rig.calls if call.code]


async def test_operating_time_of_commands_is_read_from_the_batch(rig: Rig) -> None:
    rig.world.faults.operating_cost["crm.company.list"] = 20
    await rig.client.batch([Command("crm.company.list"), Command("crm.company.list"), Command("profile")])
    gauges = await rig.client.pace.gauges(1)
    assert 40 <= gauges["crm.company.list"].operating < 41
    assert gauges["crm.company.list"].reset_at > datetime.now(UTC).timestamp()
    assert gauges["profile"].operating < 1


def test_enterprise_has_five_times_the_room() -> None:
    assert (ENTERPRISE.limit(Lane.INTERACTIVE), ENTERPRISE.limit(Lane.BULK), ENTERPRISE.rate) == (225, 191.25, 5.0)
