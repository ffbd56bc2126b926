"""What the first view of a page costs over the wire, and how few clicks lead from the Market to a webhook."""

from __future__ import annotations

import pytest
from playwright.async_api import Response, expect

from tests.browser.app.conftest import Person
from tests.world import World

KILOBYTES, REQUESTS, CLICKS = 100, 6, 6
LATE = ("frame.sdk.", "frame.chunk.")  # the frame's SDK comes behind the page


@pytest.mark.parametrize("address", ["work", "settings", "settings/delivery", "settings/setup"])
async def test_a_first_view_is_light(world: World, person: Person, address: str) -> None:
    await world.install()
    got: list[Response] = []
    person.page.on("response", lambda one: got.append(one) if one.url.startswith(world.app_url) else None)
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{world.installation().id}/?page={address}")
    await person.app.locator("#content").wait_for()
    await person.page.wait_for_load_state("networkidle")
    sizes = {one.url: (await one.request.sizes())["responseBodySize"] for one in got}
    first = {url: size for url, size in sizes.items() if not any(name in url for name in LATE)}
    assert sum(first.values()) <= KILOBYTES * 1000, first
    assert len(sizes) <= REQUESTS, sizes


async def test_from_the_market_to_a_webhook_without_a_client_app(world: World, person: Person) -> None:
    """Install, keep the default, settings, client apps, receiver, test: the first signed webhook is on the screen."""
    world.add_contact(world.add_company())
    await person.enter(world.admin())
    await person.go(f"/marketplace/detail/{world.market_app.code}/")
    clicks = 0

    async def press(name: str) -> None:
        nonlocal clicks
        clicks += 1
        await person.app.get_by_role("button", name=name, exact=True).first.click()

    await person.page.click("button[value=install]")
    clicks += 1
    await press("Решить позже и продолжить")
    await person.page.wait_for_url("**/marketplace/app/*/?install_finished=Y")
    await world.settle()
    await expect(person.app.get_by_text("Осталось: подключить клиентское приложение.")).to_be_visible()
    await press("Перейти")
    await press("Включить пробный приёмник")
    await expect(person.app.get_by_role("button", name="Убрать пробный приёмник")).to_be_visible()
    await world.settle()
    await press("Отправить тестовое уведомление")
    await expect(person.app.get_by_text("Тестовое уведомление отправляется")).to_be_visible()
    await world.settle()
    await expect(person.app.get_by_text("membership.verification_changed").first).to_be_visible()
    assert clicks <= CLICKS
