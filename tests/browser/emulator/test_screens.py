"""Every page, both languages, desk and phone: no script throws, nothing hangs over the edge, a picture is kept."""

import pytest
from playwright.async_api import Page

from emulator.crm.entities import Entity
from emulator.model.installs import Installation, finish, install
from emulator.run import Emulator
from tests.browser.conftest import Shoot
from tests.browser.emulator.cards import plant
from tests.browser.emulator.world import ADMIN, CODE, MANAGER, Guest

PAGES = {
    "contacts": "/crm/contact/list/",
    "companies": "/crm/company/list/",
    "deals": "/crm/deal/list/",
    "leads": "/crm/lead/list/",
    "kanban": "/crm/deal/kanban/",
    "bin": "/crm/recyclebin/",
    "merge": "/crm/contact/merge/?id=1&id=2",
    "layout": "/crm/deal/details/1/layout/",
    "contact": "/crm/contact/details/1/",
    "company": "/crm/company/details/1/",
    "deal": "/crm/deal/details/3/",
    "lead": "/crm/lead/details/1/",
    "market": "/marketplace/",
    "market-app": f"/marketplace/detail/{CODE}/",
    "lead-kanban": "/crm/lead/kanban/",
    "merge-leads": "/crm/lead/merge/?id=1&id=2",
    "merge-deals": "/crm/deal/merge/?id=1&id=2",
    "merge-companies": "/crm/company/merge/?id=1&id=2",
    "switches": "/_control/",
    "contact-center": "/contact_center/",
    "notices": "/notifications/",
    "profile": "/company/personal/user/3/",
    "missing": "/crm/deal/details/999/",
    "panel": "/crm/contact/details/1/?IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER",
}


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


async def walk(guest: Guest, shoot: Shoot, where: str) -> None:
    await guest.go("/")
    await shoot(guest.page, f"{where}-door")
    assert await fits(guest.page), "door"
    await guest.enter(MANAGER)
    for name, path in PAGES.items():
        await guest.go(path)
        await shoot(guest.page, f"{where}-{name}")
        assert await fits(guest.page), name
        assert "Internal Server Error" not in await guest.page.content(), name
    await guest.go("/crm/contact/details/1/")
    await guest.page.click("[data-section=additional] [data-edit-section]")
    await guest.page.locator("[data-save]").scroll_into_view_if_needed()
    await shoot(guest.page, f"{where}-editing")
    assert await fits(guest.page), "editing"
    await guest.page.click(".ac__menu summary")
    await shoot(guest.page, f"{where}-app-card")
    await guest.go("/crm/contact/details/1/")
    await guest.page.click("[role=tab] >> nth=1")
    await guest.app("[role=tabpanel]:not([hidden])")
    await shoot(guest.page, f"{where}-tab")
    await guest.enter(ADMIN)
    await guest.go("/crm/deal/automation/")
    await guest.page.locator(".auto__add summary").first.click()
    await shoot(guest.page, f"{where}-robots")
    assert await fits(guest.page), "robots"
    await guest.go("/crm/lead/automation/")
    await shoot(guest.page, f"{where}-lead-robots")
    assert await fits(guest.page), "robots of leads"
    await guest.go("/marketplace/app/1/")
    await guest.app()
    await shoot(guest.page, f"{where}-app")
    await guest.go(f"/marketplace/detail/{CODE}/")
    await guest.page.click(".button_danger")
    await shoot(guest.page, f"{where}-uninstall")


@pytest.mark.parametrize("name", ["first", "acme"])
async def test_on_a_desk(name: str, emulator: Emulator, installation: Installation, page: Page, shoot: Shoot) -> None:
    await _both(name, emulator, installation)
    await walk(Guest(page, emulator.portal(name)), shoot, f"{emulator.portal(name).lang}-desk")


@pytest.mark.parametrize("name", ["first", "acme"])
async def test_on_a_phone(name: str, emulator: Emulator, installation: Installation, phone: Page, shoot: Shoot) -> None:
    await _both(name, emulator, installation)
    await walk(Guest(phone, emulator.portal(name)), shoot, f"{emulator.portal(name).lang}-phone")


async def _both(name: str, emulator: Emulator, installation: Installation) -> None:
    """The app in this portal, too."""
    portal = emulator.portal(name)
    if portal is not installation.portal:
        made = install(portal, installation.app, portal.users[ADMIN])
        finish(made, portal.users[ADMIN])
        made.placements.extend(installation.placements)
    here = portal.installations[installation.app.client_id]
    for entity in (Entity.CONTACT, Entity.DEAL):
        plant(here, entity)
    portal.crm.delete(Entity.CONTACT, 25, portal.users[ADMIN])
