"""A client app gets nothing: administrators we know hear of it, once, and no longer than it lasts."""

from __future__ import annotations

from datetime import timedelta, timezone
from urllib.parse import quote

from b24app.delivery.journeys.outage import CHORE
from tests.stories.scene import CONTACT, Scene, another_admin
from tests.world import World
from workers.chores import do_due


def bell(world: World) -> list[tuple[int, str]]:
    """(user, text) of notices that open the client apps' page of the settings."""
    page = f"params%5Bpage%5D={quote('settings/delivery', safe='')}"
    found = [(one.user_id, one.message) for one in world.portal.notifications if page in one.message]
    return [(user, message.partition(" [URL")[0]) for user, message in found]


def clock(world: World) -> str:
    zone = timezone(timedelta(hours=world.resources.manifest.sweep.utc_offset))
    return f"{world.resources.now().astimezone(zone):%H:%M}"


async def look(world: World) -> None:
    """The tick finds the address that is in trouble; what came of it is sent."""
    await do_due(world.resources, CHORE, (await world.row()).id)
    await world.settle()


async def a_change(world: World, scene: Scene, ticked: bool = True) -> None:
    world.tick(CONTACT, scene.contact, ticked=ticked)
    await world.settle()


async def test_an_address_that_is_gone_is_told_of_with_the_way_to_the_settings(world: World, scene: Scene) -> None:
    world.receiver.answers = [410]
    since = clock(world)
    await a_change(world, scene)
    await look(world)

    assert bell(world) == [(world.admin().id, f"Личный кабинет не получает уведомления с {since}: адрес отвечает 410")]


async def test_it_is_told_once_and_taken_back_when_the_address_answers_again(world: World, scene: Scene) -> None:
    world.receiver.answers = [410]
    await a_change(world, scene)
    await look(world)
    for _ in range(3):
        world.pass_time(hours=1)
        await look(world)
    before = world.emulator.world.meters.commands["first", "im.notify.system.add"]
    assert len(bell(world)) == 1 and before == 2, "the person who waits, and the address"

    (endpoint,) = (await world.api("GET", "/endpoints", scene.key)).json()["data"]
    await world.api("PATCH", f"/endpoints/{endpoint['id']}", scene.key, {"enabled": True})
    await world.settle()
    await look(world)

    assert bell(world) == []


async def test_an_address_that_fails_is_told_of_after_half_an_hour(world: World, scene: Scene) -> None:
    world.receiver.answers = [500] * 6
    since = clock(world)
    await a_change(world, scene)
    for minutes in (1, 6, 20):
        world.pass_time(minutes=minutes)
        await world.settle()
        await look(world)
    assert bell(world) == [], "a receiver that is being updated is nobody's business"

    world.pass_time(minutes=5)
    await look(world)
    (notice,) = bell(world)
    assert notice[1].startswith("Личный кабинет не получает уведомления с ") and since in notice[1]
    assert notice[1].endswith(": адрес отвечает 500")

    world.receiver.answers = []
    world.pass_time(hours=3)
    await world.settle()
    await look(world)
    assert bell(world) == []


async def test_every_administrator_whose_token_we_hold_hears_of_it(world: World, scene: Scene) -> None:
    other = another_admin(world)
    await world.open(scene.installation, other)
    world.receiver.answers = [410]
    await a_change(world, scene)
    await look(world)

    assert {user for user, _ in bell(world)} == {world.admin().id, other.id}


async def test_whoever_switched_it_off_themselves_hears_nothing(world: World, scene: Scene) -> None:
    (endpoint,) = (await world.api("GET", "/endpoints", scene.key)).json()["data"]
    await world.api("PATCH", f"/endpoints/{endpoint['id']}", scene.key, {"enabled": False})
    await a_change(world, scene)
    world.pass_time(hours=1)
    await look(world)

    assert bell(world) == []


async def test_an_address_that_was_deleted_meanwhile_is_told_of_no_more(world: World, scene: Scene) -> None:
    world.receiver.answers = [410]
    await a_change(world, scene)
    await look(world)
    assert len(bell(world)) == 1

    (endpoint,) = (await world.api("GET", "/endpoints", scene.key)).json()["data"]
    await world.api("DELETE", f"/endpoints/{endpoint['id']}", scene.key)
    world.pass_time(hours=1)
    await look(world)

    assert bell(world) == []
