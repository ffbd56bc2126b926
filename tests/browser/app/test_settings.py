"""The settings in a browser: who may press what, what is shown once, and where a refusal is said."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.app.conftest import Person
from tests.browser.app.portal.test_card_layout import arrange
from tests.browser.conftest import Shoot
from tests.world import World


async def test_what_is_shown_once_stands_until_it_is_saved(world: World, person: Person, shoot: Shoot) -> None:
    """No key is lost by Escape, by a refresh of the page behind it, or by its being pressed away."""
    installation = await world.install()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/delivery")
    app, key = person.app, person.app.locator("#new-key-value")
    await app.get_by_label("Название клиентского приложения").fill("Мобильное приложение")
    await app.get_by_role("button", name="Создать ключ").click()
    shown = await key.input_value()

    await key.press("Escape")
    await key.press("Escape")
    async with person.page.expect_response("**/frame/page", timeout=60_000):
        pass
    await expect(key).to_have_value(shown)
    await shoot(person.page, "app-main-held-ru-1280")

    await app.get_by_role("button", name="Скопировать").click()
    await expect(app.get_by_role("button", name="Скопировано")).to_be_visible()
    await app.get_by_role("button", name="Я сохранил ключ, закрыть").click()
    await expect(key).to_have_count(0)
    assert (await world.api("GET", "/me", shown)).status == 200


async def test_what_was_typed_and_previewed_survives_other_presses(world: World, person: Person) -> None:
    arrange(world)
    installation = await world.install()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/setup")
    await person.app.get_by_role("button", name="Показать, что изменится").click()
    preview = person.app.locator(".preview")
    await expect(preview).to_be_visible()
    async with person.page.expect_response("**/frame/repair"):
        await person.app.get_by_role("button", name="Проверить и восстановить").click()
    await expect(person.app.get_by_role("button", name="Проверить и восстановить")).to_be_enabled()
    await expect(preview).to_be_visible()


async def test_what_went_wrong_is_said_where_it_was_pressed_and_nothing_stays_chosen(
    world: World, person: Person
) -> None:
    installation = await world.install()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/export")
    weekly = person.app.locator("form[hx-post='/frame/export/weekly']")
    await weekly.get_by_label("Адрес").fill("https://backup.example.com/#b24app")
    await weekly.get_by_role("button").click()
    await expect(weekly.locator("#notice.bad")).to_have_text("Неверный адрес. В нём не должно быть знака #.")
    await expect(weekly.get_by_role("button")).to_be_enabled()
    await expect(weekly.get_by_label("Адрес")).to_have_value("https://backup.example.com/#b24app")

    await person.app.get_by_role("button", name="Проверка клиентов").click()
    await expect(person.app.get_by_label("Включена")).to_be_checked()
    world.admin().admin = False
    await person.app.get_by_label("Выключена").click()
    await expect(person.app.locator(".modes #notice.bad")).to_contain_text("Только для администраторов")
    await expect(person.app.get_by_label("Включена")).to_be_checked()


async def test_a_manager_sees_the_work_and_no_settings(world: World, person: Person) -> None:
    installation = await world.install()
    await person.enter(world.manager())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/delivery")
    await expect(person.app.get_by_role("heading", name="Ждут проверки")).to_be_visible()
    await expect(person.app.get_by_text("Все проверены")).to_be_visible()
    await expect(person.app.get_by_role("button", name="Настройки")).to_have_count(0)
