"""Wake-ups: one waits for each portal and lane, however long no worker comes, and none is swallowed."""

from __future__ import annotations

import asyncio
import json
import signal
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet
from redis import Redis
from rq import Queue

from b24app.lanes import Lane
from b24app.settings import WrongSettings, read_settings
from b24app.work.wake import INTERACTIVE, Wake, forget_pickled, open_queue
from workers.runtime import DrainWorker

MARK = "inbox:1:0"
SECRET = "hush/hush@hush"


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


async def test_a_job_is_plain_json(wake: Wake, redis: Redis) -> None:
    """Whoever reached Redis could have a pickled job run code of theirs in a worker."""
    await wake.inbox(1, Lane.INTERACTIVE)
    (job,) = open_queue(INTERACTIVE, redis).jobs
    assert json.loads(zlib.decompress(job.to_dict()["data"])) == ["workers.inbox.drain", None, [1, 0], {}]


@pytest.fixture
def signals() -> Iterator[None]:
    """A worker in this process hears them instead of pytest, for a while."""
    kept = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in kept.items():
        signal.signal(one, handler)


@pytest.mark.usefixtures("signals")
def test_a_worker_calls_what_wakes_it_and_nothing_else(redis: Redis, tmp_path: Path) -> None:
    """JSON keeps code out, not names: any function could be called with texts and numbers."""
    queue = open_queue(INTERACTIVE, redis)
    queue.enqueue("os.mkdir", str(tmp_path / "made"))
    broken = queue.enqueue("os.mkdir", str(tmp_path / "made"))
    redis.hset(broken.key, "data", b"no JSON")

    DrainWorker([queue], connection=redis).work(burst=True, logging_level="ERROR")

    assert not (tmp_path / "made").exists()
    assert queue.count == 0
    assert not list(redis.scan_iter("rq:job:*"))


async def test_what_an_earlier_version_left_is_dropped_unread(wake: Wake, redis: Redis) -> None:
    former = Queue(INTERACTIVE, connection=redis)
    waiting, begun, failed, popped = (former.enqueue("workers.inbox.drain", 1, 0) for _ in range(4))
    redis.zadd(former.started_job_registry.key, {f"{begun.id}:b4": 1e12})
    redis.zadd(former.failed_job_registry.key, {failed.id: 1e12})
    redis.rpush(former.intermediate_queue_key, popped.id)
    for job in (waiting, begun, failed, popped):
        redis.hset(job.key, "data", b"no pickle at all")
        if job is not waiting:
            redis.lrem(former.key, 1, job.id)
    redis.set(f"wake:{MARK}", waiting.id)
    redis.set(f"looked:{MARK}", 1)
    redis.set("somebody:else", 1)
    await wake.inbox(1, Lane.INTERACTIVE)
    ours = {key for key in redis.scan_iter() if b"b24app:" in key}

    forget_pickled(redis)

    (left,) = open_queue(INTERACTIVE, redis).job_ids
    assert set(redis.scan_iter()) == {*ours, b"somebody:else", b"rq:queues", f"rq:job:{left}".encode()}
    assert redis.smembers("rq:queues") == {b"rq:queue:b24app:interactive"}


@pytest.fixture
def locked(redis_url: str, redis: Redis) -> Iterator[str]:
    """The URL of a Redis that wants a password."""
    redis.config_set("requirepass", SECRET)
    yield redis_url.replace("://", f"://:{quote(SECRET, safe='')}@")
    redis.auth(SECRET)
    redis.config_set("requirepass", "")


async def test_a_password_opens_redis_and_stands_in_no_line(
    locked: str, redis_url: str, redis: Redis, capfd: pytest.CaptureFixture[str]
) -> None:
    assert not read_problems(REDIS_URL=locked)
    await Wake(locked).inbox(1, Lane.INTERACTIVE)
    redis.auth(SECRET)
    assert queued(redis) == 1

    await Wake(locked).outbox()
    for url in (redis_url, locked.replace("%40", "%41")):
        await Wake(url).outbox()
        Wake(url).heard(MARK)
    said = capfd.readouterr().err
    assert "wake_up_lost" in said
    assert "hush" not in said


@pytest.mark.parametrize("url", [f"redis://:{SECRET}@redis:6379/0", "redis", "http://:hush-hush@redis/0"])
def test_an_address_that_cannot_be_read_is_refused_without_repeating_it(url: str) -> None:
    (problem,) = read_problems(REDIS_URL=url)
    assert problem.startswith("B24APP_REDIS_URL ")
    assert "hush" not in problem


def read_problems(**changes: str) -> list[str]:
    told = {"CLIENT_ID": "x", "CLIENT_SECRET": "x", "PUBLIC_URL": "https://app.example.com"}
    told |= {"SECRET_KEYS": Fernet.generate_key().decode(), "DATABASE_URL": "postgresql+asyncpg://", **changes}
    try:
        read_settings({f"B24APP_{name}": value for name, value in told.items()})
    except WrongSettings as wrong:
        return wrong.problems
    return []
