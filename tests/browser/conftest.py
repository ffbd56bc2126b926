"""A real browser for the tests: the Chromium of this machine, headless.

Without one the tests are skipped, loudly; where `CI` is set they fail instead. `page` is a desk (1280×800), `phone` a
phone (390×844), `screen` each of them; they fail the test when a script on the page threw. `shoot` keeps pictures in
build/screens/.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Playwright, ViewportSize, async_playwright

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "build" / "screens"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)

Shoot = Callable[[Page, str], Awaitable[Path]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(str(item.path)).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"NO BROWSER: none of {', '.join(NAMES)} is on the PATH, and CI is set.")
    if found is None:
        pytest.skip(f"BROWSER TESTS DID NOT RUN: none of {', '.join(NAMES)} is on the PATH.")
    return found


@pytest.fixture(scope="session")
async def playwright(chromium: str) -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest.fixture(scope="session")
async def browser(playwright: Playwright, chromium: str) -> AsyncIterator[Browser]:
    opened = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
    yield opened
    await opened.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    async for one in _page(await browser.new_context(viewport=DESK)):
        yield one


@pytest.fixture
async def phone(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    async for one in _page(context):
        yield one


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
async def screen(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Page]:
    """A desk, and a phone."""
    small = request.param is PHONE
    async for one in _page(await browser.new_context(viewport=request.param, has_touch=small, is_mobile=small)):
        yield one


async def _page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page of a fresh context; errors its scripts threw fail the test, not requests that its closing broke off."""
    context.set_default_timeout(10_000)
    thrown: list[str] = []
    context.on("weberror", lambda error: thrown.append(str(error.error)))
    yield await context.new_page()
    before = len(thrown)
    await context.close()
    assert thrown[:before] + [error for error in thrown[before:] if error != "Failed to fetch"] == []


@pytest.fixture
def shoot() -> Shoot:
    """Keep a picture of the page as build/screens/<name>.png; the path."""

    async def kept(page: Page, name: str) -> Path:
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        await page.screenshot(path=path, animations="disabled")
        return path

    return kept
