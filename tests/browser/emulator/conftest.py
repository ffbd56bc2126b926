"""Portals, the vendor's app, and somebody in front of a screen."""

import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

from emulator.model.installs import Installation, finish, install
from emulator.model.placements import PlacementBinding
from emulator.model.portal import Portal
from emulator.run import Emulator
from tests.browser.emulator.world import ADMIN, SDK, Guest, Vendor, care, portals, vendor


@pytest.fixture(scope="session", autouse=True)
def sdk() -> None:
    """The portal's official browser library comes from the npm lock at set-up."""
    if not SDK.exists():
        told = f"{SDK} is missing: run the set-up, or npm ci --ignore-scripts"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"BROWSER TESTS DID NOT RUN: {told}")


@pytest.fixture
async def shop() -> AsyncIterator[Vendor]:
    async with vendor() as one:
        yield one


@pytest.fixture
async def emulator(shop: Vendor) -> AsyncIterator[Emulator]:
    async with portals(care(shop.url)) as running:
        yield running
        assert running.world.warnings == []


@pytest.fixture
def portal(emulator: Emulator) -> Portal:
    return emulator.portal("first")


@pytest.fixture
def installation(portal: Portal, shop: Vendor) -> Installation:
    """The app installed by the admin, with a tab, a toolbar item, a row menu item and a direct link."""
    admin = portal.users[ADMIN]
    made = install(portal, portal.world.catalogue["app.0123456789abcd.00000001"], admin)
    finish(made, admin)
    codes = (
        "CRM_CONTACT_DETAIL_TAB",
        "CRM_CONTACT_DETAIL_TOOLBAR",
        "CRM_CONTACT_LIST_MENU",
        "REST_APP_URI",
        "LEFT_MENU",
        "CRM_CONTACT_DETAIL_ACTIVITY",
    )
    titles = {"ru": {"TITLE": "Лояльность"}, "en": {"TITLE": "Loyalty"}}
    for code in codes:
        number = portal.next_id("placement")
        made.placements.append(PlacementBinding(number, code, f"{shop.url}/{code.lower()}", lang_all=titles))
    return made


@pytest.fixture
async def guest(page: Page, portal: Portal) -> Guest:
    return Guest(page, portal)
