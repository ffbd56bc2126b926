"""The installer in a browser: from the marketplace to the page of the app."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.app.conftest import Person, no_scroll_bars
from tests.browser.conftest import Shoot
from tests.world import World


async def test_an_admin_installs_from_the_marketplace_and_the_app_opens_by_itself(
    world: World, person: Person, shoot: Shoot
) -> None:
    for number in range(3):
        world.add_contact(world.add_company(f"ООО «Вектор {number + 1}»"))
    await person.enter(world.admin())
    await person.go(f"/marketplace/detail/{world.market_app.code}/")
    await person.page.click("button[value=install]")
    await person.page.wait_for_url("**/marketplace/app/*/?install_finished=Y")
    await person.app.locator("#content").wait_for()
    await world.settle()
    await expect(person.app.get_by_text("Приложение работает")).to_be_visible()
    await expect(person.app.locator(".step.done")).to_have_count(4)
    await expect(person.app.locator("#read + .pill")).to_have_text("готово")
    await no_scroll_bars(person.page)
    await shoot(person.page, "app-main-ru-1280")
