"""Wake-ups: one waits for each portal and lane, however long no worker comes, and none is swallowed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis

from b24app.lanes import Lane
from b24app.wake import INTERACTIVE, Wake, open_queue

MARK = "inbox:1:0"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        yield redis


@pytest.fixture
def wake(redis_url: str, redis: Redis) -> Wake:
    return Wake(redis_url)


def queued(redis: Redis) -> int:
    return open_queue(INTERACTIVE, redis).count


def half_a_minute_later(redis: Redis) -> None:
    redis.delete(f"b24app:looked:{MARK}")


async def test_wake_ups_do_not_pile_up_while_workers_are_away(wake: Wake, redis: Redis) -> None:
    for _ in range(5):
        await wake.inbox(1, Lane.INTERACTIVE)
        half_a_minute_later(redis)
    await wake.inbox(2, Lane.INTERACTIVE)

    assert queued(redis) == 2
    assert redis.ttl(f"b24app:wake:{MARK}") == -1, "the mark lasts as long as its job"


async def test_a_crowd_sends_one(wake: Wake, redis: Redis) -> None:
    for _ in range(5):
        await asyncio.gather(*(wake.inbox(1, Lane.INTERACTIVE) for _ in range(20)))
    assert queued(redis) == 1


async def test_a_job_under_way_swallows_no_wake_up(wake: Wake, redis: Redis) -> None:
    await wake.inbox(1, Lane.INTERACTIVE)
    redis.lpop(open_queue(INTERACTIVE, redis).key)
    wake.heard(MARK)

    await wake.inbox(1, Lane.INTERACTIVE)
    await wake.inbox(1, Lane.INTERACTIVE)

    assert queued(redis) == 1


async def test_a_worker_that_died_with_the_job_in_its_hands_costs_half_a_minute(wake: Wake, redis: Redis) -> None:
    await wake.inbox(1, Lane.INTERACTIVE)
    redis.lpop(open_queue(INTERACTIVE, redis).key)

    await wake.inbox(1, Lane.INTERACTIVE)
    assert queued(redis) == 0
    half_a_minute_later(redis)
    await wake.inbox(1, Lane.INTERACTIVE)
    assert queued(redis) == 1


async def test_a_redis_that_forgets_everything_costs_nothing(wake: Wake, redis: Redis) -> None:
    await wake.inbox(1, Lane.INTERACTIVE)
    redis.flushall()
    await wake.inbox(1, Lane.INTERACTIVE)
    assert queued(redis) == 1


async def test_a_wake_up_that_could_not_be_sent_keeps_none_from_being_sent(
    wake: Wake, redis: Redis, redis_url: str
) -> None:
    redis.acl_setuser("poor", enabled=True, passwords=["+poor"], keys=["*"], commands=["+@all", "-rpush"])
    try:
        await Wake(redis_url.replace("://", "://poor:poor@")).inbox(1, Lane.INTERACTIVE)
    finally:
        redis.acl_deluser("poor")
    assert queued(redis) == 0

    await wake.inbox(1, Lane.INTERACTIVE)
    assert queued(redis) == 1
