"""The real thing, killed: workers by SIGKILL in the middle of their work, Redis stopped, wake-ups thrown away.

Each story happens in the same deployment, with a contact of its own.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from b24app.demo import servers
from b24app.settings import ROOT
from b24app.store.schema import migrate
from emulator.crm.entities import Entity
from emulator.model.faults import Break, Fault
from tests.receiver import Heard
from tests.stories.work.processes import WAIT, Holding, RedisServer, Running, redis_server, running

CONTACT = Entity.CONTACT
LONG = 3.0  # seconds the portal takes, so that a worker can be killed while it waits


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deployment")


@pytest.fixture(scope="module")
def database(home: Path) -> Iterator[servers.Postgres]:
    with servers.postgres(home, durable=False) as server:
        migrate(server.url(servers.OWNER), server.url())
        yield server


@pytest.fixture(scope="module")
def redis(home: Path) -> Iterator[RedisServer]:
    with redis_server(home) as server:
        yield server


@pytest.fixture(scope="module")
async def world(home: Path, database: servers.Postgres, redis: RedisServer) -> AsyncIterator[Running]:
    """A deployment whose first portal has the app and whose client app listens; the worker is running."""
    async with running(home, database, redis) as world:
        world.start("worker")
        await world.install()
        await world.subscribe()
        yield world
        await world.assert_nothing_left()


async def a_contact(world: Running) -> int:
    world.all_up()
    contact = world.add_contact(world.add_company())
    await world.settle()
    return contact


def heard_of(world: Running, contact: int) -> list[Heard]:
    """Every webhook about a contact, repeats included."""
    news = [one for one in world.receiver.heard if one.type == "membership.verification_changed"]
    return [one for one in news if one.data["contact_id"] == contact]


async def ends_well(world: Running, contact: int) -> None:
    """Exactly one webhook, the card right, nothing left to do."""
    await world.until(lambda: heard_of(world, contact), "the client app has heard")
    await world.settle()
    (told,) = {one.id: one for one in heard_of(world, contact)}.values()
    assert (told.data["old_state"], told.data["new_state"]) == ("confirmed", "pending")
    assert world.card(CONTACT, contact) == (True, "На проверке")


def slow(world: Running, *seconds: float) -> list[Fault]:
    """How long the portal takes over the next batches, one after the other."""
    host = world.portal.host
    return [world.emulator.world.faults.add(Break.SLOW, host=host, method="batch", seconds=one) for one in seconds]


@pytest.mark.parametrize("moment", ["while it reads", "while it writes"])
async def test_a_worker_is_killed(world: Running, moment: str) -> None:
    contact = await a_contact(world)
    before = updates(world)
    *_, last = slow(world, LONG) if moment == "while it reads" else slow(world, 0, LONG)

    world.tick(CONTACT, contact)
    await world.until(lambda: not last.times, f"the worker waits for the portal {moment}")
    told = moment == "while it writes"  # news does not wait for the cards: it was delivered beside
    await world.until(lambda: len(heard_of(world, contact)) == told, "it has told what was decided")
    await world.until(lambda: world.holds(1), "only the card is left to do")
    world.kill("worker")

    world.start("worker")
    await world.end_claims()
    await ends_well(world, contact)
    assert len(heard_of(world, contact)) == 1
    if moment == "while it writes":  # the dead worker's write is done all the same, and changes nothing
        await world.until(lambda: not last.waiting and updates(world) > before, "its write is done")
        await ends_well(world, contact)
        assert len(heard_of(world, contact)) == 1


def updates(world: Running) -> int:
    return world.emulator.world.meters.commands["first", "crm.contact.update"]


async def test_a_worker_is_killed_after_the_client_app_has_heard(world: Running) -> None:
    """Nobody knows whether it heard: it is told again, and knows the repeat by its id."""
    contact = await a_contact(world)
    assert isinstance(world.receiver, Holding)
    world.receiver.gate.clear()

    world.tick(CONTACT, contact)
    await world.until(lambda: heard_of(world, contact), "the client app has heard")
    world.kill("worker")
    world.receiver.gate.set()

    world.start("worker")
    await world.end_claims()
    await world.until(lambda: len(heard_of(world, contact)) == 2, "it is told again")
    await ends_well(world, contact)


async def test_a_worker_is_killed_in_the_first_read(world: Running) -> None:
    """The tick finds a read that was cut off when it starts, and each minute."""
    world.all_up()
    portal = world.other_portal
    contact = world.add_contact(world.add_company(portal=portal), portal=portal)
    fault = Fault(Break.SLOW, host=portal.host, method="crm.item.list", seconds=LONG)
    world.emulator.world.faults.requests.append(fault)

    installing = asyncio.create_task(world.install(portal))
    await world.until(lambda: not fault.times, "the worker reads the portal")
    world.kill("worker")
    assert not (await world.row(portal)).imported

    world.start("worker")
    world.kill("tick")
    world.start("tick")
    await installing
    assert (await world.row(portal)).imported
    page = await world.api("GET", "/memberships", await world.client_app(portal))
    assert [one["contact"]["id"] for one in page.json()["data"]] == [contact]


async def test_redis_is_lost_and_comes_back(world: Running, redis: RedisServer) -> None:
    contact = await a_contact(world)
    redis.stop()

    world.tick(CONTACT, contact)
    await world.until(world.waiting, "the event is stored without Redis")
    redis.start()

    await ends_well(world, contact)
    assert len(heard_of(world, contact)) == 1


REFUSALS = {"a replica": "", "out of memory": "maxmemory", "without its replicas": "min-replicas-to-write"}


async def refuse(connection: Redis, setting: str, refuses: bool) -> None:
    """One byte of memory, one replica that is not there; or a primary of which it is the replica."""
    if setting:
        await connection.config_set(setting, int(refuses))
    elif refuses:
        await connection.slaveof("127.0.0.1", 1)
    else:
        await connection.slaveof()


@pytest.mark.parametrize("trouble", REFUSALS)
async def test_a_redis_that_refuses_ends_no_process(world: Running, redis: RedisServer, trouble: str) -> None:
    """RQ takes such a refusal for its end, in the middle of a job and between two."""
    contact = await a_contact(world)
    (job,) = slow(world, LONG)
    refused = world.said("worker_interrupted")
    async with Redis.from_url(redis.url) as connection:
        world.tick(CONTACT, contact)
        await world.until(lambda: not job.times, "the worker is in the middle of a job")
        await refuse(connection, REFUSALS[trouble], True)
        try:
            await world.until(lambda: world.said("worker_interrupted") > refused + 1, "the worker tries again")
            async with world.http.get(f"{world.app_url}/readyz") as answer:
                assert (answer.status, await answer.json()) == (200, {"database": "ok", "redis": "away"})
        finally:
            await refuse(connection, REFUSALS[trouble], False)

    await ends_well(world, contact)
    assert world.said("Traceback") == 0


@pytest.mark.parametrize("moment", ["between two jobs", "in a job"])
async def test_a_worker_is_told_to_stop_while_redis_refuses(world: Running, redis: RedisServer, moment: str) -> None:
    contact, worker = await a_contact(world), world.children["worker"]
    async with Redis.from_url(redis.url) as connection:
        if moment == "in a job":
            (job,) = slow(world, LONG)
            world.tick(CONTACT, contact)
            await world.until(lambda: not job.times, "the worker is in the middle of a job")
        await refuse(connection, "maxmemory", True)
        try:
            await asyncio.to_thread(world.kill, "worker", signal.SIGTERM)
        finally:
            await refuse(connection, "maxmemory", False)

    assert worker.returncode == 0
    assert world.said("Traceback") == 0
    if moment == "in a job":
        assert world.card(CONTACT, contact) == (True, "На проверке"), "the job in hand is finished"
        world.start("worker")  # for what the portal says of that job's writes
        await ends_well(world, contact)


async def test_a_database_is_away_for_a_while(world: Running, database: servers.Postgres) -> None:
    """All processes wait, and one that is started meanwhile waits as well."""
    contact = await a_contact(world)
    missed, waited = world.said("tick_missed"), world.said("database_away")
    db = await asyncpg.connect(host=str(database.sockets), user="postgres", database=servers.DATABASE)
    await db.execute("ALTER ROLE b24app CONNECTION LIMIT 0")
    await db.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'b24app'")
    world.start("worker", "outbox", name="late")
    world.tick(CONTACT, contact)
    await world.until(lambda: world.said("tick_missed") > missed + 1, "the tick goes on")
    await world.until(lambda: world.said("database_away") > waited + 1, "the late worker waits")
    async with world.http.get(f"{world.app_url}/readyz") as answer:
        assert (answer.status, (await answer.json())["database"]) == (503, "away")
    await db.execute("ALTER ROLE b24app CONNECTION LIMIT -1")
    await db.close()

    await world.until(lambda: _is_ready(world), "the app is ready")
    world.tick(CONTACT, contact)  # what was said meanwhile nobody could store
    await ends_well(world, contact)
    world.kill("late", signal.SIGTERM)
    assert world.said("Traceback") == 0


async def _is_ready(world: Running) -> bool:
    async with world.http.get(f"{world.app_url}/readyz") as answer:
        return answer.status == 200


async def test_wake_ups_are_lost(world: Running, redis: RedisServer) -> None:
    contact = await a_contact(world)
    for name in ("worker", "tick"):
        world.kill(name)

    async with Redis.from_url(redis.url) as connection:
        await connection.flushdb()  # of the job in whose middle the worker may have been
        world.tick(CONTACT, contact)
        await world.until(lambda: connection.llen("rq:queue:b24app:interactive"), "a wake-up is on its way")
        await connection.flushdb()

    for name in ("worker", "tick"):
        world.start(name)
    await ends_well(world, contact)
    assert len(heard_of(world, contact)) == 1


async def test_the_doctor_checks_a_portal_there_and_back(world: Running) -> None:
    """The command itself, beside the processes it asks about."""
    world.all_up()
    await world.settle()

    command = [sys.executable, "-m", "b24app", "doctor", "--portal", world.portal.member_id]
    asked = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=dict(world.environment), stdout=PIPE)
    said = (await asyncio.wait_for(asked.communicate(), WAIT))[0].decode()

    assert asked.returncode == 0, said
    assert "a worker took the check after" in said and "ONAPPTEST came back after" in said and "answered 204" in said
