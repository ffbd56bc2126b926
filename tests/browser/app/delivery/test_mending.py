"""Client apps in a browser: what an address says of itself, how it is switched on and tested, how an app comes back."""

from __future__ import annotations

from playwright.async_api import FrameLocator, expect

from emulator.crm.entities import Entity
from tests.browser.app.conftest import Person, no_scroll_bars
from tests.browser.conftest import Shoot
from tests.world import World


async def press(person: Person, name: str) -> None:
    """And wait for its answer, not that of a refresh: what it asks for is begun."""
    button = person.app.get_by_role("button", name=name)
    call = await button.evaluate("button => button.form.getAttribute('hx-post')")
    async with person.page.expect_response(f"**{call}"):
        await button.click()


async def opened(world: World, person: Person) -> FrameLocator:
    await person.enter(world.admin(person.portal))
    await person.go(f"/marketplace/app/{world.installation(person.portal).id}/?page=settings/delivery")
    return person.app


async def test_an_address_is_mended_and_an_app_comes_back(world: World, person: Person, shoot: Shoot) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    world.receiver.answers = [503]
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    world.leftovers_explained = "what failed is tried again later"

    app = await opened(world, person)
    await expect(app.get_by_text("временно не отвечает")).to_be_visible()
    await expect(app.locator(".endpoint .pill")).to_have_attribute(
        "title", "клиентское приложение ответило ошибкой (503)"
    )
    await shoot(person.page, "app-endpoint-failing-ru-1280")
    world.receiver.answers = [410]
    await press(person, "Отправить тестовое уведомление")
    await expect(app.get_by_text("Тестовое уведомление отправляется")).to_be_visible()
    await world.settle()
    await expect(app.get_by_text("адрес выключен")).to_be_visible()  # the page asks by itself
    await expect(app.get_by_text("Тестовое уведомление не доставлено")).to_be_visible()
    await shoot(person.page, "app-endpoint-off-ru-1280")
    await press(person, "Включить снова")
    await world.settle()
    await expect(app.get_by_text("работает", exact=True)).to_be_visible()

    await app.get_by_text("Отключить", exact=True).click()
    await press(person, "Отключить приложение")
    await expect(app.locator(".disconnected")).to_contain_text(world.admin().name)
    await world.settle()
    await shoot(person.page, "app-disconnected-ru-1280")
    await press(person, "Подключить снова")
    key = await app.locator("#new-key-value").input_value()
    await expect(app.locator(".disconnected")).to_have_count(0)
    await world.settle()
    assert (await world.api("GET", "/me", key)).status == 200
    await app.get_by_role("button", name="Журнал").click()
    await expect(app.locator(".journal li")).to_have_count(4)
    await shoot(person.page, "app-journal-ru-1280")
    await no_scroll_bars(person.page)


async def test_webhooks_arrive_before_there_is_a_client_app(
    world: World, person: Person, on_phone: Person, shoot: Shoot
) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    app = await opened(world, person)
    await press(person, "Включить пробный приёмник")
    await world.settle()
    await expect(app.get_by_text("Подписанный вопрос")).to_be_visible()
    await press(person, "Отправить тестовое уведомление")
    await world.settle()
    await expect(app.locator(".received .pill", has_text="тест")).to_be_visible()
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    await expect(app.locator(".received > li")).to_have_count(3)

    newest = app.locator(".received details").first
    await newest.locator("summary").press("Enter")
    await expect(newest.locator("pre")).to_contain_text('"new_state": "pending"')
    await expect(newest).to_contain_text("подпись верна")
    await newest.scroll_into_view_if_needed()
    await shoot(person.page, "app-receiver-ru-1280")
    await no_scroll_bars(person.page)

    phone = await opened(world, on_phone)
    await phone.locator(".received summary").first.click()
    await phone.locator(".received pre").first.scroll_into_view_if_needed()
    await shoot(on_phone.page, "app-receiver-ru-390")
    await no_scroll_bars(on_phone.page)
    await press(on_phone, "Убрать пробный приёмник")
    await expect(phone.get_by_role("button", name="Включить пробный приёмник")).to_be_visible()
    await world.settle()
