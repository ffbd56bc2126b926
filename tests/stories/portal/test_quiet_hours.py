"""Nobody is called in the evening or at night: in the morning comes what is still so, and the newest of it."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from b24app.manifest import Manifest, Quiet
from tests.stories.scene import CONTACT, Scene
from tests.world import World


@pytest.fixture
def manifest(manifest: Manifest) -> Manifest:
    return manifest.model_copy(update={"quiet": Quiet(from_hour=20, to_hour=8)})


def until(world: World, hour: int) -> None:
    """It becomes `hour` o'clock where the portal is."""
    there = world.resources.now().astimezone(timezone(timedelta(hours=world.resources.manifest.sweep.utc_offset)))
    at = there.replace(hour=hour, minute=0, second=0, microsecond=0)
    world.pass_time(seconds=((at - there) % timedelta(days=1)).total_seconds())


def bell(world: World) -> list[str]:
    return [one.message.partition(" [URL")[0] for one in world.portal.notifications]


async def test_what_comes_in_the_evening_is_sent_in_the_morning_and_only_the_newest_of_it(
    world: World, scene: Scene
) -> None:
    until(world, 21)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    world.tick(CONTACT, world.add_contact(scene.company, name="Вера", last_name="Лесная"))
    await world.settle()
    assert bell(world) == []

    until(world, 7)
    await world.settle()
    assert bell(world) == []
    until(world, 8)
    await world.settle()

    (notice,) = bell(world)
    assert notice == "Ждут проверки: 2, ООО «Стройтехника» (Илья Соколов, Вера Лесная)"
    assert world.emulator.world.meters.commands["first", "im.notify.system.add"] == 1


async def test_what_was_decided_in_the_night_is_never_heard_of(world: World, scene: Scene) -> None:
    until(world, 23)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    world.tick(CONTACT, scene.contact, ticked=False)
    await world.settle()

    until(world, 9)
    await world.settle()

    assert bell(world) == [] and await world.waiting() == 0


async def test_what_stands_there_already_is_taken_back_at_night_too(world: World, scene: Scene) -> None:
    until(world, 12)
    world.tick(CONTACT, scene.contact)
    await world.settle()
    assert len(bell(world)) == 1

    until(world, 22)
    world.tick(CONTACT, scene.contact, ticked=False)
    await world.settle()

    assert bell(world) == []
