"""The settings tell when the CRM was last compared and what had drifted; an administrator asks for it at once."""

from __future__ import annotations

from playwright.async_api import expect

from emulator.crm.entities import Entity
from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
from tests.world import World


async def drifted(world: World) -> int:
    """A portal whose deletion and tick were lost; its installation's id."""
    gone, ticked = world.add_contact(), world.add_contact()
    installation = await world.install()
    world.tick(Entity.CONTACT, ticked)
    world.portal.crm.delete(Entity.CONTACT, gone, world.admin())
    world.forget_events()
    world.pass_time(minutes=6)
    await world.rescan()
    return installation.id


async def test_an_administrator_compares_everything_and_sees_what_differed(
    world: World, person: Person, shoot: Shoot
) -> None:
    installation_id = await drifted(world)
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation_id}/?page=settings/cards")
    await expect(
        person.app.get_by_text("просмотрена 1 карточка, 1 расхождение: отметка или статус (1)")
    ).to_be_visible()
    async with person.page.expect_response("**/frame/compare"):
        await person.app.get_by_role("button", name="Сверить всё сейчас").click()
    await expect(person.app.get_by_role("button", name="Сверить всё сейчас")).to_be_disabled()
    await world.sweep()
    await expect(person.app.get_by_text("удалённые карточки (1)")).to_be_visible()
    await shoot(person.page, "app-main-comparison-ru-1280")


async def test_on_a_phone(world: World, on_phone: Person, shoot: Shoot) -> None:
    installation_id = await drifted(world)
    await world.sweep()
    await on_phone.enter(world.admin())
    await on_phone.go(f"/marketplace/app/{installation_id}/?page=settings/cards")
    await on_phone.app.get_by_text("удалённые карточки (1)").scroll_into_view_if_needed()
    await shoot(on_phone.page, "app-main-comparison-ru-390")
