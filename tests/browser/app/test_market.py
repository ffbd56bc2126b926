"""The app in the Market: what its card says in each language, with pictures that this test takes of the app itself."""

from __future__ import annotations

import re
import struct
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from b24app.demo import servers
from b24app.demo.parties import VENDOR
from b24app.manifest import Manifest
from b24app.settings import ROOT
from emulator.config import PortalConfig
from emulator.crm.entities import Entity
from emulator.model.portal import Portal
from tests.browser.app.conftest import Person
from tests.browser.axe import faults
from tests.browser.conftest import Shoot
from tests.databases import empty
from tests.world import CHECK, World, open_world

pytestmark = pytest.mark.xdist_group("market")

LISTING = ROOT / "build" / "listing"
SLIDE = ViewportSize(width=1280, height=720)
CYRILLIC = re.compile("[а-яё]", re.I)
CONTACT = 1
PORTALS = (
    PortalConfig("first", "127.0.0.2:0", title="ТехноПарк Аренда", plan="enterprise", seed="rental"),
    PortalConfig("second", "127.0.0.3:0", lang="en", title="Acme Rentals", plan="enterprise", seed="acme"),
)
SAID = {
    "ru": ("CRM: чтение и запись контактов и компаний", "Бесплатно", "Как это работает", "Установка"),
    "en": ("CRM: reading and writing contacts and companies", "Free", "How it works", "Installation"),
}

every_language = pytest.mark.parametrize("language", ["ru", "en"])


@pytest.fixture(scope="module")
async def fair(postgres: servers.Postgres, engines: None, redis_url: str, manifest: Manifest) -> AsyncIterator[World]:
    """Two rental companies; in each a client app listens and a customer waits for a check. All only look."""
    await empty(postgres)
    async with open_world(postgres, redis_url, manifest, PORTALS) as world:
        for portal in (world.portal, world.other_portal):
            await world.install(portal)
            key = await world.client_app(portal, "Личный кабинет" if portal.lang == "ru" else "Customer account")
            made = await world.api("POST", "/endpoints", key, {"url": world.receiver.url})
            world.receiver.secret = made.json()["secret"]
            await world.settle()
            portal.crm.update(Entity.CONTACT, CONTACT, {CHECK: "1"}, world.manager(portal))
            await world.settle()
        yield world


@pytest.fixture
async def slide(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport=SLIDE)
    yield await context.new_page()
    await context.close()


def portal_of(world: World, language: str) -> Portal:
    return world.portal if language == "ru" else world.other_portal


async def taken(page: Page, language: str, number: int) -> None:
    LISTING.mkdir(parents=True, exist_ok=True)
    path = LISTING / f"{language}-{number}.png"
    await page.screenshot(path=path, animations="disabled")
    assert struct.unpack(">II", path.read_bytes()[16:24]) == (SLIDE["width"], SLIDE["height"])


@every_language
async def test_three_pictures_are_taken_in_the_portal_for_its_card(fair: World, slide: Page, language: str) -> None:
    """Of the tab in the contact's slider, of the company's, and of the app's page: 1280 by 720 at most."""
    portal = portal_of(fair, language)
    person = Person(slide, portal)
    await person.enter(fair.manager(portal))
    customer = portal.crm.get(Entity.CONTACT, CONTACT)
    assert customer
    for number, (kind, card) in enumerate((("contact", CONTACT), ("company", customer["COMPANY_ID"])), 1):
        await person.go(f"/crm/{kind}/list/?sort=ID&dir=asc")
        await slide.locator(f"a[href='/crm/{kind}/details/{card}/']:visible").first.click()
        slider = slide.frame_locator(".slider__frame")
        await slider.get_by_role("tab", name="Клиентский кабинет" if language == "ru" else "Client Link").click()
        tab = slider.frame_locator("[role=tabpanel]:not([hidden]) iframe")
        await expect(slider.locator("[role=tabpanel]:not([hidden]) .app-frame_loaded")).to_be_visible()
        await expect(tab.locator("time").first).to_have_attribute("title", re.compile("."))
        await taken(slide, language, number)
    await person.enter(fair.admin(portal))
    await person.go(f"/marketplace/app/{fair.installation(portal).id}/")
    await expect(person.app.locator("#content")).to_be_visible()
    await expect(slide.locator(".app-frame_loaded")).to_be_visible()
    await taken(slide, language, 3)


async def test_the_icon_is_a_square_picture_without_a_hole(browser: Browser) -> None:
    context = await browser.new_context(viewport=ViewportSize(width=512, height=512))
    page = await context.new_page()
    await page.goto((ROOT / "static" / "icon.svg").as_uri())
    LISTING.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=LISTING / "icon.png")
    await context.close()
    assert struct.unpack(">II", (LISTING / "icon.png").read_bytes()[16:24]) == (512, 512)


@pytest.mark.pairs
@every_language
async def test_its_card_says_what_it_is_who_helps_and_what_it_asks_for(
    fair: World, screen: Page, shoot: Shoot, language: str
) -> None:
    portal = portal_of(fair, language)
    person = Person(screen, portal)
    await person.enter(fair.manager(portal))
    await person.go("/marketplace/")
    short = fair.market_app.listing.short[language] if fair.market_app.listing else ""
    await expect(screen.locator(".shop__app")).to_contain_text(short)
    await screen.locator(".shop__app").click()
    main = screen.locator("main")
    vendor = VENDOR.told(language)
    for text in (short, *SAID[language], vendor.name, vendor.mail, vendor.hours):
        await expect(main).to_contain_text(text)
    await expect(main.get_by_text(fair.market_app.code)).to_be_hidden()
    await expect(main.locator("a[href*='/privacy'], a[href*='/licence']")).to_have_count(2)
    assert await screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen = await main.inner_text()
    assert bool(CYRILLIC.search(seen)) == (language == "ru"), seen
    for picture in await main.locator("img").all():
        assert await picture.evaluate("(one) => one.decode().then(() => one.naturalWidth > 0)")
    assert await faults(screen, "main") == []
    width = screen.viewport_size["width"] if screen.viewport_size else 0
    await screen.screenshot(path=(await shoot(screen, f"market-{language}-{width}")), full_page=True)
