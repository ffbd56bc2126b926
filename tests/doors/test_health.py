"""What a load balancer and a monitoring system ask."""

from __future__ import annotations

from emulator.crm.entities import Entity
from tests.world import World


async def get(world: World, path: str) -> tuple[int, str]:
    async with world.http.get(world.app_url + path) as answer:
        return answer.status, await answer.text()


async def test_alive_and_ready(world: World) -> None:
    assert await get(world, "/healthz") == (200, '{"status":"ok"}')
    assert await get(world, "/readyz") == (200, '{"database":"ok","redis":"ok"}')


async def test_metrics_tell_how_stale_the_oldest_row_is(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    world.tick(Entity.CONTACT, contact)
    await world.emulator.world.deliver()
    world.pass_time(seconds=90)

    _, text = await get(world, "/metrics")

    told = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert told['b24app_work_waiting{kind="record",lane="interactive"}'] == "1.0"
    assert 90 <= float(told['b24app_work_oldest_seconds{kind="record",lane="interactive"}']) < 100
    assert told['b24app_portals{state="active"}'] == "1.0"
    assert world.portal.host not in text
    await world.settle()


async def test_metrics_count_attempts_by_what_they_came_to(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    await world.subscribe()
    world.receiver.answers += [500]
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    world.pass_time(minutes=1)
    await world.settle()

    _, text = await get(world, "/metrics")

    told = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert told['b24app_deliveries_total{outcome="failed"}'] == "1.0"
    assert told['b24app_deliveries_total{outcome="delivered"}'] == "2.0", "the ping, and the news at last"
