"""The parts that pages are made of, all on one page: in both languages, on a desk and on a phone, fit for everybody."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import Shoot
from tests.world import World


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_kit_shows_every_part(world: World, screen: Page, shoot: Shoot, language: str) -> None:
    await screen.goto(f"{world.app_url}/kit?lang={language}")
    await expect(screen.locator(".headline")).to_have_count(5)
    await expect(screen.locator("#toasts .toast")).to_be_visible()
    assert await screen.evaluate("document.body.scrollWidth <= innerWidth")
    assert screen.viewport_size
    await shoot(screen, f"kit-{language}-{screen.viewport_size['width']}")
    assert await faults(screen) == []
