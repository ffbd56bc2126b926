"""The shared bucket: never above the portal's, a reserve for people, gauges that stop in time, life without Redis."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic, time

import pytest
from redis.asyncio import Redis

from b24app.bitrix24.client import Command
from b24app.bitrix24.pace import ENTERPRISE, LOOK_AHEAD, PROBE, Budget, Pace, PaceGauge
from b24app.errors import MethodParked, PortalBusy
from b24app.lanes import Lane
from emulator.model.faults import Break
from emulator.model.limits import Bucket
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
    await pace.record(1, {"m": PaceGauge(200, 300)})
    await pace.record(1, {"m": PaceGauge(360, 300), "n": PaceGauge(10, 300)})
    assert (await pace.gauges(1))["m"].operating == 360
    assert (await pace.take(1, budget, Lane.BULK, ["n"])).strain < 0.1
    assert (await pace.take(1, budget, Lane.BULK, ["n", "m"])).strain == 0.75
    await pace.record(1, {"m": PaceGauge(440, 300)})
    with pytest.raises(MethodParked) as caught:
        await pace.permit(1, budget, Lane.BULK, ["n", "m"])
    assert caught.value.method == "m"
    assert 290 < (caught.value.until - datetime.now(UTC)).total_seconds() < 301
    await pace.permit(1, budget, Lane.INTERACTIVE, ["m"])
    await pace.record(1, {"m": PaceGauge(440, -1)})
    await pace.permit(1, budget, Lane.BULK, ["m"])


async def test_without_redis_calls_go_on_at_a_quarter(redis: Redis) -> None:
    gone = Redis.from_url(NOWHERE)
    pace = Pace(gone)
    grants = [await pace.take(1, TINY, Lane.INTERACTIVE, ["m"]) for _ in range(3)]
    assert [grant.booked for grant in grants] == [True, True, False]
    await pace.record(1, {"m": PaceGauge(1, 2)})
    await pace.pushed_up(2, TINY)
    assert not (await pace.take(2, TINY, Lane.INTERACTIVE, ["m"])).booked
    await gone.aclose()


async def test_a_redis_that_comes_back_with_nothing_is_told(redis: Redis) -> None:
    """Calls made meanwhile count, each for four: other processes did the same. Buckets not used meanwhile are news."""
    pace = Pace(redis)
    for _ in range(4):
        await pace.take(1, TINY, Lane.INTERACTIVE, ["m"])
    pace.redis = Redis.from_url(NOWHERE)
    assert [(await pace.take(1, TINY, Lane.INTERACTIVE, ["m"])).booked for _ in range(2)] == [True, False]
    await pace.redis.aclose()
    await redis.flushall()

    pace.redis, pace._blind_until = redis, monotonic()  # the pause before Redis is asked again is over
    assert not (await pace.take(1, TINY, Lane.INTERACTIVE, ["m"])).booked
    assert not (await Pace(redis).take(1, replace(TINY, capacity=1), Lane.INTERACTIVE, ["m"])).booked
    assert (await pace.take(2, TINY, Lane.INTERACTIVE, ["m"])).booked


async def test_a_redis_that_was_never_away_is_believed(redis: Redis) -> None:
    pace = Pace(redis)
    while (await pace.take(1, TINY, Lane.INTERACTIVE, ["m"])).booked:
        pass
    await redis.flushall()
    assert (await pace.take(1, TINY, Lane.INTERACTIVE, ["m"])).booked


async def test_a_clock_set_back_locks_nobody_out(redis: Redis) -> None:
    """A replica whose clock is behind takes over: its bucket was filled in the future."""
    pace = Pace(redis)
    await pace.take(1, TINY, Lane.BULK, ["m"])
    (key,) = await redis.keys("b24app:bucket:*")
    await redis.hset(key, mapping={"at": time() + 3600})
    assert (await pace.take(1, Budget(), Lane.BULK, ["m"])).booked
    assert await redis.hget(key, "level") == b"2.000000"


async def test_a_bucket_is_forgotten_only_when_it_is_empty(redis: Redis) -> None:
    pace = Pace(redis)
    for _ in range(6):
        await pace.take(1, TINY, Lane.BULK, ["m"])
    (key,) = await redis.keys("b24app:bucket:*")
    assert await redis.pttl(key) > 6 / TINY.rate * 1000
    await pace.pushed_up(1, TINY)
    assert await redis.pttl(key) > TINY.full / TINY.rate * 1000


async def test_one_request_finds_out_whether_a_parked_method_is_free_again(redis: Redis) -> None:
    """limits.md: only the oldest minute drops, so all the others would run into the same wall."""
    paces, budget = [Pace(redis) for _ in range(5)], Budget(rate=1000)
    await paces[0].record(1, {"m": PaceGauge(480, -1)})
    grants = await asyncio.gather(*(pace.take(1, budget, Lane.BULK, ["m"]) for pace in paces))
    assert sum(grant.booked for grant in grants) == 1
    assert {grant.parked[0] for grant in grants if grant.parked} == {"m"}
    assert all(0 < grant.parked[1] <= PROBE for grant in grants if grant.parked)
    await paces[0].record(1, {"m": PaceGauge(120, 60)})
    assert all([(await pace.take(1, budget, Lane.BULK, ["m"])).booked for pace in paces])


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
    assert 0 < gauges["crm.company.list"].reset_in <= 600
    assert gauges["profile"].operating < 1


async def test_a_method_blocked_for_one_process_is_left_alone_by_all(rig: Rig) -> None:
    rig.world.faults.add(Break.OPERATING)
    with pytest.raises(MethodParked):
        await rig.client.call("profile")
    other = replace(rig.client, pace=Pace(rig.redis))
    with pytest.raises(MethodParked):
        await other.call("profile")
    assert rig.requests("profile") == 1
    assert (await replace(other, lane=Lane.INTERACTIVE).call("profile")).result["ID"] == "1"


async def test_a_command_blocked_inside_a_batch_is_left_alone_by_all(rig: Rig) -> None:
    rig.world.faults.operating_cost["crm.company.list"] = 500
    people = replace(rig.client, lane=Lane.INTERACTIVE)
    await people.batch([Command("crm.company.list")] * 2)
    other = replace(rig.client, pace=Pace(rig.redis))
    with pytest.raises(MethodParked) as caught:
        await other.call("crm.company.list")
    assert caught.value.status == 0
    assert rig.requests() == 1
    assert rig.requests("crm.company.list") == 0


def test_enterprise_has_five_times_the_room() -> None:
    assert (ENTERPRISE.limit(Lane.INTERACTIVE), ENTERPRISE.limit(Lane.BULK), ENTERPRISE.rate) == (225, 191.25, 5.0)
