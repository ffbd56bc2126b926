"""The settings in a browser: our section in cards, looked at and added; the check of the connection."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Page, expect

from emulator.crm.entities import Entity
from emulator.crm.layouts import COMMON, Variant
from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
from tests.chores import connection_check_one
from tests.world import World

VIEW: list[dict[str, Any]] = [
    {
        "name": "main",
        "title": "О компании",
        "type": "section",
        "elements": [{"name": name} for name in ("TITLE", "LOGO", "PHONE", "EMAIL", "CONTACT", "REQUISITES")],
    },
    {
        "name": "work",
        "title": "Работа с клиентом",
        "type": "section",
        "elements": [{"name": "ASSIGNED_BY_ID"}, {"name": "COMMENTS"}],
    },
]


def arrange(world: World, *, portal: Any = None) -> None:
    """An administrator has arranged the common view of companies."""
    (portal or world.portal).crm.layouts.set(Variant(Entity.COMPANY.type_id), COMMON, 0, VIEW)


async def test_an_admin_looks_adds_the_section_and_finds_it_in_the_card(
    world: World, person: Person, shoot: Shoot
) -> None:
    arrange(world)
    company = world.add_company("ООО «ВысотаСтрой»")
    installation = await world.install()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/")
    await person.app.get_by_role("button", name="Показать, что изменится").click()
    fresh = person.app.locator(".outline .fresh")
    await expect(fresh).to_have_text("Клиентский кабинет Нужна проверка, Статус в клиентском приложении")
    await expect(person.app.locator(".versus ol").first.locator("li")).to_have_count(2)
    await shoot(person.page, "app-layout-preview-ru-1280")

    await person.app.get_by_role("button", name="Добавить раздел").click()
    await expect(person.app.get_by_text("Раздел добавлен")).to_be_visible()
    await shoot(person.page, "app-layout-added-ru-1280")
    await person.go(f"/crm/company/details/{company}/")
    await expect(person.page.get_by_text("Клиентский кабинет").first).to_be_visible()
    await expect(person.page.get_by_text("Нужна проверка").first).to_be_visible()

    await person.go(f"/marketplace/app/{installation.id}/")
    await person.app.get_by_text("Вернуть как было").click()
    await person.app.get_by_role("button", name="Да, убрать раздел").click()
    await expect(person.app.get_by_text("Общий вид снова такой")).to_be_visible()


async def test_the_preview_reads_well_on_a_phone_and_in_english(
    world: World, page: Page, on_phone: Person, shoot: Shoot
) -> None:
    arrange(world)
    installation = await world.install()
    await on_phone.enter(world.admin())
    await on_phone.go(f"/marketplace/app/{installation.id}/")
    await on_phone.app.get_by_role("button", name="Показать, что изменится").click()
    await expect(on_phone.app.locator(".outline .fresh")).to_be_visible()
    await shoot(on_phone.page, "app-layout-preview-ru-390")

    portal = world.other_portal
    arrange(world, portal=portal)
    english = Person(page, portal)
    theirs = await world.install(portal)
    await english.enter(world.admin(portal))
    await english.go(f"/marketplace/app/{theirs.id}/")
    await english.app.get_by_role("button", name="Show what would change").click()
    await expect(english.app.locator(".outline .fresh")).to_have_text(
        "Client Link Verification needed, Client app status"
    )
    await shoot(page, "app-layout-preview-en-1280")


async def test_the_check_of_the_connection_fills_in_line_by_line(world: World, person: Person, shoot: Shoot) -> None:
    installation = await world.install()
    await world.subscribe()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/")
    check = person.app.locator("section", has=person.app.locator("#check"))
    await check.get_by_role("button", name="Проверить связь").click()
    await expect(check.locator(".step.waiting")).to_have_count(12)
    await connection_check_one(world.resources, (await world.row()).id)
    await expect(check.locator(".step.waiting")).to_have_count(2)
    await shoot(person.page, "app-check-under-way-ru-1280")
    await world.settle()
    await expect(check.get_by_text("всё хорошо")).to_be_visible()
    await expect(check.locator(".step.waiting")).to_have_count(0)
    await expect(check.get_by_text("Проверочное уведомление вернулось через")).to_be_visible()
    await shoot(person.page, "app-check-good-ru-1280")


async def test_what_a_portal_does_otherwise_reads_well_in_both_languages(
    world: World, page: Page, on_phone: Person, shoot: Shoot
) -> None:
    for portal, person, press in (
        (world.portal, on_phone, "Проверить связь"),
        (world.other_portal, Person(page, world.other_portal), "Check the connection"),
    ):
        world.add_contact(portal=portal)
        installation = await world.install(portal)
        portal.differences.change({"date_filter_zone": "nothing", "filter_drops_empty": True, "clock_shift": -420})
        await person.enter(world.admin(portal))
        await person.go(f"/marketplace/app/{installation.id}/")
        await person.app.get_by_role("button", name=press).click()
        await expect(person.app.locator(".checks .step.waiting")).to_have_count(12)
        await connection_check_one(world.resources, (await world.row(portal)).id)
        await world.settle()
        await expect(person.app.locator(".checks .step.waiting")).to_have_count(0)
        await expect(person.app.locator(".checks .step.warn")).to_have_count(1)
        await shoot(person.page, f"app-check-otherwise-{portal.lang}-{390 if person is on_phone else 1280}")
    assert not re.search("[а-яА-Я]", await person.app.locator(".checks").inner_text())
    world.emulator.world.warnings.clear()  # an empty condition was sent on purpose


async def test_red_lines_say_what_to_do_on_a_phone_and_in_english(
    world: World, page: Page, on_phone: Person, shoot: Shoot
) -> None:
    world.leftovers_explained = "the ping is tried again later"
    for portal, person, press in (
        (world.portal, on_phone, "Проверить связь"),
        (world.other_portal, Person(page, world.other_portal), "Check the connection"),
    ):
        installation = await world.install(portal)
        await world.subscribe(portal)
        world.receiver.answers = [500]
        world.emulator.world.faults.events.lose_next = 1
        installation.scope -= {"im"}
        await person.enter(world.admin(portal))
        await person.go(f"/marketplace/app/{installation.id}/")
        await person.app.get_by_role("button", name=press).click()
        await expect(person.app.locator(".checks .step.waiting")).to_have_count(12)
        await connection_check_one(world.resources, (await world.row(portal)).id)
        await world.settle()
        world.pass_time(seconds=31)
        await expect(person.app.locator(".checks .step.bad")).to_have_count(3)
        await shoot(person.page, f"app-check-bad-{portal.lang}-{390 if person is on_phone else 1280}")
    shown = await person.app.locator(".checks").inner_text()
    assert not re.search("[а-яА-Я]", shown.replace("Личный кабинет", ""))


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
    await held.get_by_role("button", name="Ключ сохранён").click()
    await expect(keys).to_have_count(1)
    assert await keys.input_value() != first
    await app.get_by_role("button", name="Секрет сохранён").click()
    await expect(secret).to_have_count(0)
    await expect(preview).to_be_visible()


async def test_a_lost_key_is_replaced_after_a_word_of_warning(
    world: World, page: Page, on_phone: Person, shoot: Shoot
) -> None:
    words = {
        "ru": ("Название клиентского приложения", "Создать ключ", "Ключ сохранён", "Новый ключ", "Да, заменить ключ"),
        "en": ("Name of the client app", "Create a key", "I have saved it", "New key", "Yes, replace the key"),
    }
    for portal, person in ((world.portal, on_phone), (world.other_portal, Person(page, world.other_portal))):
        name, create, saved, renew, replace = words[portal.lang]
        installation, width = await world.install(portal), 390 if person is on_phone else 1280
        await person.enter(world.admin(portal))
        await person.go(f"/marketplace/app/{installation.id}/")
        keys = person.app.locator("[id^=new-key]")
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
