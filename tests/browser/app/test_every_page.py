"""Every page of ours, for each role, in each language, on a desk and on a phone: no script throws, nothing hangs over
the edge, no word is of the other language, and only who may change something has buttons."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import FrameLocator, Page, expect

from b24app.demo import servers
from b24app.manifest import Manifest
from emulator.crm.entities import Entity
from emulator.model.installs import install
from emulator.model.portal import Portal
from placements import PARTS
from tests.browser.app.conftest import Person, no_scroll_bars
from tests.browser.conftest import Shoot
from tests.databases import empty
from tests.world import CHECK, World, open_world

pytestmark = pytest.mark.xdist_group("pages")

NAMES = {"ru": ("ООО «ВысотаСтрой»", "Игорь", "Мельников"), "en": ("Lakeside Builders Inc.", "Grace", "Turner")}
CONFIRM = {"ru": "Подтвердить", "en": "Confirm"}
SLUGS = [page.slug for part in PARTS for page in part.settings]
CYRILLIC = re.compile("[а-яё]", re.I)

every_language = pytest.mark.parametrize("language", ["ru", "en"])


@pytest.fixture(scope="module")
async def house(postgres: servers.Postgres, engines: None, redis_url: str, manifest: Manifest) -> AsyncIterator[World]:
    """A Russian and an English portal, in each a company whose only person waits for a check. All only look."""
    await empty(postgres)
    async with open_world(postgres, redis_url, manifest) as world:
        for portal in (world.portal, world.other_portal):
            title, name, last_name = NAMES[portal.lang]
            company = world.add_company(title, portal=portal, ASSIGNED_BY_ID=world.manager(portal).id)
            contact = world.add_contact(company, name=name, last_name=last_name, portal=portal)
            await world.install(portal)
            await world.client_app(portal, title)
            portal.crm.update(Entity.CONTACT, contact, {CHECK: "1"}, world.manager(portal))
            await world.settle()
        yield world


def portal_of(world: World, language: str) -> Portal:
    return world.portal if language == "ru" else world.other_portal


def width(screen: Page) -> int:
    assert screen.viewport_size
    return screen.viewport_size["width"]


async def reads_well(frame: FrameLocator, page: Page, language: str) -> None:
    """In one language and as wide as the screen."""
    await expect(frame.locator("#content")).to_be_visible()
    await no_scroll_bars(page)
    said = await frame.locator("#content").inner_text()
    assert bool(CYRILLIC.search(said)) == (language == "ru"), said


@pytest.mark.pairs("name")
@pytest.mark.parametrize("role", ["administrator", "manager"])
@every_language
@pytest.mark.parametrize("name", ["contact", "company", "work", *(f"settings/{slug}" for slug in SLUGS)])
async def test_it_reads_well(house: World, screen: Page, shoot: Shoot, name: str, language: str, role: str) -> None:
    portal, own = portal_of(house, language), name == "work" or name.startswith("settings")
    person = Person(screen, portal)
    await person.enter(house.admin(portal) if role == "administrator" else house.manager(portal))
    if own:
        await person.go(f"/marketplace/app/{house.installation(portal).id}/?page={name}")
    frame = person.app if own else await person.card(name, 1)
    await reads_well(frame, screen, language)
    works = name in ("contact", "company", "work") or role == "manager"
    await expect(frame.get_by_role("button", name=CONFIRM[language], exact=True)).to_have_count(1 if works else 0)
    await shoot(screen, f"every-{name.replace('/', '-')}-{role}-{language}-{width(screen)}")


@pytest.mark.pairs
@every_language
async def test_the_installer_goes_on_to_the_settings(world: World, screen: Page, shoot: Shoot, language: str) -> None:
    """Nobody but an administrator sees it."""
    portal = portal_of(world, language)
    installation = install(portal, world.market_app, world.admin(portal))
    person = Person(screen, portal)
    await person.enter(world.admin(portal))
    await person.go(f"/marketplace/app/{installation.id}/")
    later = person.app.locator(".primary[data-go-on]")
    await later.wait_for()
    await reads_well(person.app, screen, language)
    await shoot(screen, f"every-installer-administrator-{language}-{width(screen)}")
    await later.click()
    await screen.wait_for_url("**/?install_finished=Y")
    await world.settle()
    await reads_well(person.app, screen, language)
    await shoot(screen, f"every-installed-administrator-{language}-{width(screen)}")
