"""Whoever is responsible for a card hears that somebody of it waits for a check: once a case, and no longer than so."""

from __future__ import annotations

from emulator.model.people import User
from tests.stories.scene import CONTACT, Scene
from tests.world import World


def bell(world: World, user: User | None = None) -> list[str]:
    """What stands under the bell of whoever is responsible for the cards, without the link."""
    number = (user or world.admin()).id
    return [one.message.partition(" [URL")[0] for one in world.portal.notifications if one.user_id == number]


async def test_the_responsible_person_hears_of_a_person_who_waits(world: World, scene: Scene) -> None:
    world.tick(CONTACT, scene.contact)
    await world.settle()

    (notice,) = world.portal.notifications
    assert notice.user_id == world.admin().id
    code = world.resources.manifest.code
    link = f"[URL=/marketplace/view/{code}/?params%5Bpage%5D=work]Открыть[/URL]"
    assert notice.message == f"Ждёт проверки: Илья Соколов, ООО «Стройтехника» {link}"
