"""Refused pages in a portal's frame, and pages about the app outside of any: readable, and no word in the console."""

from __future__ import annotations

import pytest
from playwright.async_api import ConsoleMessage, Page, expect

from emulator.model.faults import FOREVER, Break
from placements.about import PAGES
from tests.browser.app.conftest import Person, no_scroll_bars
from tests.browser.axe import faults
from tests.browser.conftest import Shoot
from tests.world import World

every_language = pytest.mark.parametrize("language", ["ru", "en"])
AWAY = {"ru": "Битрикс24 сейчас не отвечает", "en": "Bitrix24 does not answer right now"}
RETRY = {"ru": "Повторить", "en": "Retry"}


def width(screen: Page) -> int:
    assert screen.viewport_size
    return screen.viewport_size["width"]


def errors(screen: Page) -> list[str]:
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    screen.on("console", hear)
    return said


@pytest.mark.pairs
@every_language
async def test_a_page_that_is_refused_opens_by_its_button_and_leaves_the_console_clean(
    world: World, screen: Page, shoot: Shoot, language: str
) -> None:
    portal = world.portal if language == "ru" else world.other_portal
    await world.install(portal)
    person = Person(screen, portal)
    await person.enter(world.admin(portal))
    said = errors(screen)
    away = world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=portal.host)
    await person.go(f"/marketplace/app/{world.installation(portal).id}/")
    frame = person.app
    await expect(frame.get_by_role("heading", name=AWAY[language])).to_be_visible()
    await no_scroll_bars(screen)
    inner = await (await frame.owner.element_handle()).content_frame()
    assert inner and await faults(inner) == []
    await shoot(screen, f"refused-{language}-{width(screen)}")

    world.emulator.world.faults.requests.remove(away)
    await frame.get_by_role("button", name=RETRY[language]).click()
    await expect(frame.get_by_role("heading", name=AWAY[language])).to_have_count(0)
    await expect(frame.locator("#content")).to_be_visible()
    assert said == []


async def test_a_page_that_is_refused_opens_by_itself_once_the_portal_answers(world: World, person: Person) -> None:
    installation = await world.install()
    await person.enter(world.admin())
    away = world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.portal.host)
    await person.page.clock.install()
    await person.go(f"/marketplace/app/{installation.id}/")
    refused = person.app.get_by_role("heading", name=AWAY["ru"])
    await expect(refused).to_be_visible()
    number = await person.app.get_by_text("Номер запроса").inner_text()
    await person.page.clock.run_for(15_000)
    await expect(person.app.get_by_text("Номер запроса")).not_to_have_text(number)

    world.emulator.world.faults.requests.remove(away)
    await person.page.clock.run_for(15_000)
    await expect(refused).to_have_count(0)


@pytest.mark.pairs("name")
@every_language
@pytest.mark.parametrize("name", PAGES)
async def test_pages_about_the_app_read_well(
    world: World, screen: Page, shoot: Shoot, name: str, language: str
) -> None:
    said = errors(screen)
    await screen.goto(f"{world.app_url}/{name}?lang={language}")
    await expect(screen.locator("h1")).to_be_visible()
    assert await screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await faults(screen) == []
    assert said == []
    await screen.screenshot(path=await shoot(screen, f"about-{name}-{language}-{width(screen)}"), full_page=True)


async def test_a_wrong_address_is_answered_in_words(world: World, screen: Page, shoot: Shoot) -> None:
    await screen.goto(f"{world.app_url}/nope?lang=ru")
    await expect(screen.get_by_role("heading", name="Такой страницы нет")).to_be_visible()
    assert await faults(screen) == []
    await shoot(screen, f"nope-{width(screen)}")
