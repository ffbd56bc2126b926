"""The app in a real browser, inside the emulator's portal, with the whole world behind it."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
from playwright.async_api import FrameLocator, Page

from b24app.settings import ROOT
from emulator.people import User
from emulator.portal import Portal
from tests.world import World

BUILT = ROOT / "build" / "static" / "manifest.json"


@pytest.fixture(scope="session", autouse=True)
def front_end() -> None:
    """Our script and stylesheet are built at set-up."""
    if not BUILT.exists():
        told = f"{BUILT} is missing: npm ci --ignore-scripts && npm run build"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"BROWSER TESTS DID NOT RUN: {told}")


@dataclass(frozen=True, slots=True)
class Person:
    """A browser page of somebody at a portal."""

    page: Page
    portal: Portal

    async def enter(self, user: User) -> None:
        """Choose who to be on the portal's start page."""
        await self.page.goto(f"{self.portal.url}/?switch=1")
        await self.page.click(f"button[name=user][value='{user.id}']")
        await self.page.wait_for_url("**/crm/contact/list/")

    async def go(self, path: str) -> None:
        await self.page.goto(self.portal.url + path)

    async def card(self, kind: str, id: int) -> FrameLocator:
        """Open a card and our tab in it."""
        await self.go(f"/crm/{kind}/details/{id}/")
        title = "Клиентский кабинет" if self.portal.lang == "ru" else "Client Link"
        await self.page.click(f"[role=tab] >> text={title}")
        frame = self.page.frame_locator("[role=tabpanel]:not([hidden]) iframe")
        await frame.locator("#content").wait_for()
        return frame

    @property
    def app(self) -> FrameLocator:
        return self.page.frame_locator(".app-frame iframe")


@pytest.fixture
def person(page: Page, world: World) -> Person:
    return Person(page, world.portal)


@pytest.fixture
def on_phone(phone: Page, world: World) -> Person:
    return Person(phone, world.portal)


async def no_scroll_bars(page: Page) -> None:
    """The frame is as high as its contents and no narrower."""
    box: FrameLocator = page.frame_locator(".app-frame iframe, [role=tabpanel]:not([hidden]) iframe").first
    fits = """() => document.body.getBoundingClientRect().height <= innerHeight + 1
        && document.body.scrollWidth <= innerWidth"""
    frame = await (await box.owner.element_handle()).content_frame()
    assert frame
    await frame.wait_for_function(fits)
