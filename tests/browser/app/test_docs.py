"""The API's documentation page works under its own content policy, can be read by everybody, and teaches by example."""

from __future__ import annotations

from playwright.async_api import ConsoleMessage, Page

from tests.browser.axe import faults
from tests.browser.conftest import Shoot
from tests.world import World


async def test_the_documentation_shows_every_group_and_breaks_no_rule(world: World, screen: Page, shoot: Shoot) -> None:
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    screen.on("console", hear)
    await screen.goto(f"{world.app_url}/api/v1/docs")
    await screen.locator("text=Register an endpoint").wait_for()
    width = screen.viewport_size["width"] if screen.viewport_size else 0
    await shoot(screen, f"docs-{width}")
    await screen.click("text=Register an endpoint")
    await screen.locator(".opblock-body >> text=Idempotency-Key").first.wait_for()
    body = screen.locator(".opblock.is-open")
    assert "https://cabinet.example.com/b24/hooks" in await body.inner_text()
    assert "too_many_endpoints" in await body.inner_text()
    await body.screenshot(path=(await shoot(screen, f"docs-route-{width}")))
    webhook = screen.locator(".webhooks .opblock", has_text="membership.verification_changed")
    await webhook.locator("button.opblock-summary-control").click()
    await webhook.locator(".opblock-body").wait_for()
    assert "box_ticked" in await webhook.inner_text()
    await webhook.screenshot(path=(await shoot(screen, f"docs-webhook-{width}")))
    assert await screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await faults(screen) == []
    assert said == []
