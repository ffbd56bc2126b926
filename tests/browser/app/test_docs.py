"""The API's documentation page works under its own content policy."""

from __future__ import annotations

from playwright.async_api import ConsoleMessage, Page

from tests.world import World


async def test_the_documentation_shows_every_group_and_breaks_no_rule(page: Page, world: World) -> None:
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    page.on("console", hear)
    await page.goto(f"{world.app_url}/api/v1/docs")
    await page.locator("text=Register an endpoint").wait_for()
    await page.click("text=Register an endpoint")
    await page.locator(".opblock-body >> text=Idempotency-Key").first.wait_for()
    assert said == []
