"""Keys of client apps in a browser: made, shown once, replaced, taken back."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
from tests.world import World


async def test_the_settings_make_show_and_take_back_a_key(world: World, person: Person, shoot: Shoot) -> None:
    installation = await world.install()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/delivery")
    await person.app.get_by_label("Название клиентского приложения").fill("Мобильное приложение")
    await person.app.get_by_role("button", name="Создать ключ").click()
    key = await person.app.locator("#new-key-value").input_value()
    assert (await world.api("GET", "/me", key)).status == 200
    await person.app.get_by_role("button", name="Скопировать").click()
    await expect(person.app.get_by_role("button", name="Скопировано")).to_be_visible()
    await shoot(person.page, "app-main-key-ru-1280")
    await person.app.get_by_role("button", name="Я сохранил ключ, закрыть").click()
    await expect(person.app.locator("#new-key-value")).to_have_count(0)
    await person.app.get_by_text("Отключить", exact=True).click()
    await person.app.get_by_role("button", name="Отмена").click()
    await expect(person.app.get_by_role("button", name="Отключить приложение")).to_be_hidden()
    await expect(person.app.get_by_text("Отключить", exact=True)).to_be_focused()
    await person.app.get_by_text("Отключить", exact=True).click()
    await person.app.get_by_role("button", name="Отключить приложение").click()
    await expect(person.app.get_by_text("Клиентские приложения не подключены")).to_be_visible()
    assert (await world.api("GET", "/me", key)).status == 401


async def test_a_lost_key_is_replaced_after_a_word_of_warning(
    world: World, page: Page, on_phone: Person, shoot: Shoot
) -> None:
    words = {
        "ru": (
            "Название клиентского приложения",
            "Создать ключ",
            "Я сохранил ключ, закрыть",
            "Выпустить новый ключ",
            "Да, заменить ключ",
        ),
        "en": (
            "Name of the client app",
            "Create a key",
            "I have saved the key, close",
            "Issue a new key",
            "Yes, replace the key",
        ),
    }
    for portal, person in ((world.portal, on_phone), (world.other_portal, Person(page, world.other_portal))):
        name, create, saved, renew, replace = words[portal.lang]
        installation, width = await world.install(portal), 390 if person is on_phone else 1280
        await person.enter(world.admin(portal))
        await person.go(f"/marketplace/app/{installation.id}/?page=settings/delivery")
        keys = person.app.locator("#new-key-value")
        await person.app.get_by_label(name).fill("Мобильное приложение" if portal.lang == "ru" else "Mobile app")
        await person.app.get_by_role("button", name=create).click()
        first = await keys.input_value()
        await person.app.get_by_role("button", name=saved).click()
        await expect(keys).to_have_count(0)

        await person.app.get_by_text(renew, exact=True).click()
        await expect(person.app.get_by_role("button", name=replace)).to_be_visible()
        await shoot(person.page, f"app-main-renew-{portal.lang}-{width}")
        await person.app.get_by_role("button", name=replace).click()
        await expect(keys).not_to_have_value(first)
        await expect(person.app.get_by_role("button", name=replace)).to_be_hidden()
        await shoot(person.page, f"app-main-renewed-{portal.lang}-{width}")
        assert (await world.api("GET", "/me", first)).status == 401
        assert (await world.api("GET", "/me", await keys.input_value())).status == 200
