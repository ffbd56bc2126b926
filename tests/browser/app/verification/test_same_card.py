"""A card made anew for a deleted one: the tab asks, one press says yes."""

from __future__ import annotations

from playwright.async_api import expect

from emulator.crm.entities import Entity
from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
from tests.world import World


async def made_anew(world: World) -> int:
    """A private person who waited for a check was deleted and entered once more; the new card."""
    old = world.add_contact()
    await world.install()
    world.tick(Entity.CONTACT, old)
    await world.settle()
    world.portal.crm.delete(Entity.CONTACT, old, world.admin())
    new = world.add_contact()
    await world.settle()
    return new


async def test_the_tab_asks_and_one_press_says_yes(world: World, person: Person, shoot: Shoot) -> None:
    new = await made_anew(world)
    await person.enter(world.manager())
    tab = await person.card("contact", new)
    await expect(tab.get_by_text("Похоже, эта карточка создана вместо удалённой")).to_be_visible()
    await shoot(person.page, "app-same-card-ru-1280")
    async with person.page.expect_response("**/frame/same-card"):
        await tab.get_by_role("button", name="Да, это тот же клиент").click()
    await world.settle()
    await expect(tab.get_by_text("На проверке").first).to_be_visible()
    await expect(tab.get_by_text("Похоже, эта карточка")).to_have_count(0)


async def test_on_a_phone(world: World, on_phone: Person, shoot: Shoot) -> None:
    new = await made_anew(world)
    await on_phone.enter(world.manager())
    tab = await on_phone.card("contact", new)
    await tab.get_by_text("Похоже, эта карточка создана вместо удалённой").scroll_into_view_if_needed()
    await shoot(on_phone.page, "app-same-card-ru-390")
