"""The settings in a browser: who may press what, what is shown once, and where a refusal is said."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.app.conftest import Person
from tests.browser.app.portal.test_card_layout import arrange
from tests.browser.conftest import Shoot
from tests.chores import connection_check_one
from tests.world import World


async def test_what_is_shown_once_stands_until_it_is_saved_whatever_else_is_pressed(
    world: World, person: Person, shoot: Shoot
) -> None:
    world.leftovers_explained = "the weekly export waits for its week"
    arrange(world)
    installation = await world.install()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/")
    app, keys = person.app, person.app.locator("[id^=new-key]")
    secret, preview = app.locator("#new-secret"), app.locator(".preview")

    async def create(name: str) -> None:
        await app.get_by_label("Название клиентского приложения").fill(name)
        await app.get_by_role("button", name="Создать ключ").click()

    await create("Мобильное приложение")
    first = await keys.input_value()
    await app.get_by_role("button", name="Проверить и восстановить").click()
    await expect(app.get_by_role("button", name="Проверить и восстановить")).to_be_enabled()
    await expect(keys).to_have_value(first)
    await create("Сайт")
    await expect(keys).to_have_count(2)
    await app.get_by_label("Адрес", exact=True).fill(world.receiver.url.replace("/webhooks", "/files"))
    await app.get_by_role("button", name="Отправлять").click()
    shown = await secret.input_value()
    await app.get_by_role("button", name="Показать, что изменится").click()
    await expect(preview).to_be_visible()

    await app.get_by_role("button", name="Проверить связь").click()
    await expect(app.locator(".checks .step.waiting").first).to_be_visible()
    await connection_check_one(world.resources, (await world.row()).id)
    await world.settle()
    await expect(app.locator(".checks .step.waiting")).to_have_count(0)  # the page goes on asking meanwhile
    async with person.page.expect_response("**/frame/mode"):
        await app.locator("#mode-watch").click()
    await app.locator("input[data-upload]").set_input_files({"name": "x.gz", "mimeType": "", "buffer": b"x"})
    await expect(app.get_by_text("Это не выгрузка приложения")).to_be_visible()

    assert first in [await one.input_value() for one in await keys.all()]
    await expect(secret).to_have_value(shown)
    await expect(preview).to_be_visible()
    await shoot(person.page, "app-main-held-ru-1280")

    held = app.locator(".banner", has=app.locator(f"[value='{first}']"))
    await held.get_by_role("button", name="Скопировать").click()
    await expect(held.get_by_role("button", name="Скопировано")).to_be_visible()
    await held.get_by_role("button", name="Я сохранил ключ, скрыть").click()
    await expect(keys).to_have_count(1)
    assert await keys.input_value() != first
    await app.get_by_role("button", name="Секрет сохранён").click()
    await expect(secret).to_have_count(0)
    await expect(preview).to_be_visible()


async def test_what_went_wrong_is_said_where_it_was_pressed_and_nothing_stays_chosen(
    world: World, person: Person
) -> None:
    installation = await world.install()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/")
    weekly = person.app.locator("form[data-call='/frame/export/weekly']")
    await weekly.get_by_label("Адрес").fill("https://backup.example.com/#b24app")
    await weekly.get_by_role("button").click()
    await expect(weekly.locator("#notice.bad")).to_have_text("Неверный адрес. В нём не должно быть знака #.")
    await expect(weekly.get_by_role("button")).to_be_enabled()

    world.admin().admin = False
    await person.app.get_by_label("Выключена").click()
    await expect(person.app.locator(".modes #notice.bad")).to_contain_text("Только для администраторов")
    await expect(person.app.get_by_label("Включена")).to_be_checked()
    await expect(weekly.locator("#notice")).to_have_count(0)


async def test_a_manager_looks_at_the_settings_and_changes_nothing(world: World, person: Person) -> None:
    installation = await world.install()
    await person.enter(world.manager())
    await person.go(f"/marketplace/app/{installation.id}/")
    await expect(person.app.get_by_text("Изменить настройки могут администраторы")).to_be_visible()
    await expect(person.app.get_by_role("button")).to_have_count(0)
    await expect(person.app.locator("input[type=radio]:enabled")).to_have_count(0)
