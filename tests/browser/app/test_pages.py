"""What people see of the app: install, tab, buttons, settings, in a browser that blocks third-party cookies anyway."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.async_api import Page, Playwright, expect

from b24app.settings import ROOT
from emulator.crm.entities import Entity
from tests.browser.app.conftest import Person, no_scroll_bars
from tests.browser.conftest import DESK, FLAGS, Shoot
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


async def test_an_admin_installs_from_the_marketplace_and_the_app_opens_by_itself(
    world: World, person: Person, shoot: Shoot
) -> None:
    for number in range(3):
        world.add_contact(world.add_company(f"ООО «Вектор {number + 1}»"))
    await person.enter(world.admin())
    await person.go(f"/marketplace/detail/{world.market_app.code}/")
    await person.page.click("button[value=install]")
    await person.page.wait_for_url("**/marketplace/app/*/?install_finished=Y")
    await person.app.locator("#content").wait_for()
    await world.settle()
    await expect(person.app.get_by_text("Приложение работает")).to_be_visible()
    await expect(person.app.locator(".step.done")).to_have_count(4)
    await expect(person.app.locator("#read + .pill")).to_have_text("готово")
    await no_scroll_bars(person.page)
    await shoot(person.page, "app-main-ru-1280")


async def test_a_manager_confirms_in_the_tab_and_sees_it_arrive_without_a_reload(
    world: World, person: Person, shoot: Shoot
) -> None:
    company = world.add_company("ООО «ВысотаСтрой»")
    contact = world.add_contact(company, name="Игорь", last_name="Мельников")
    world.add_contact(company, name="Анна", last_name="Белова")
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()
    await person.enter(world.manager())
    tab = await person.card("contact", contact)
    await expect(tab.locator(".belonging .pill").first).to_have_text("На проверке")
    await expect(tab.locator(".chip.blocked")).to_have_count(3)
    await no_scroll_bars(person.page)
    await shoot(person.page, "app-contact-tab-waits-ru-1280")

    await tab.get_by_label("Комментарий, если нужен").fill("Позвонил директору, всё верно")
    await tab.get_by_role("button", name="Подтвердить").click()
    await expect(tab.get_by_text("сохраняется…")).to_be_visible()
    await world.settle()
    await expect(tab.locator(".belonging .pill").first).to_have_text("Подтверждён")
    await expect(tab.locator(".why")).to_contain_text(f"Подтвердил(а) {world.manager().full_name}, сегодня,")
    await expect(tab.get_by_text("Позвонил директору, всё верно")).to_be_visible()
    await expect(tab.locator(".chip.blocked")).to_have_count(0)
    await expect(tab.locator(".told .pill", has_text="доставлено").first).to_be_visible()
    await no_scroll_bars(person.page)
    await shoot(person.page, "app-contact-tab-ru-1280")
    assert world.receiver.events()[-1].data["new_state"] == "confirmed"


async def test_names_open_the_portals_own_cards(world: World, person: Person) -> None:
    company = world.add_company("ООО «Вектор»")
    contact = world.add_contact(company)
    await world.install()
    await person.enter(world.manager())
    tab = await person.card("contact", contact)
    await tab.get_by_role("link", name="ООО «Вектор»").click()
    slider = person.page.frame_locator(".slider__frame")
    await expect(slider.get_by_role("heading", name="ООО «Вектор»")).to_be_visible()


async def test_an_expired_token_is_renewed_by_the_portal_without_a_word(world: World, person: Person) -> None:
    contact = world.add_contact()
    installation = await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    await person.enter(world.manager())
    tab = await person.card("contact", contact)
    world.emulator.world.auth.expire_access(installation, world.manager().id)
    await tab.get_by_role("button", name="Подтвердить").click()
    await expect(tab.get_by_text("сохраняется…")).to_be_visible()
    await world.settle()
    await expect(tab.locator(".belonging .pill").first).to_have_text("Подтверждён")
    await expect(tab.locator("#notice")).to_be_hidden()


async def test_several_wait_and_the_tab_asks_which_one(world: World, person: Person, shoot: Shoot) -> None:
    company = world.add_company("ООО «ВысотаСтрой»")
    for name, last_name in (("Игорь", "Мельников"), ("Светлана", "Орлова"), ("Анна", "Белова")):
        world.add_contact(company, name=name, last_name=last_name)
    await world.install()
    world.tick(COMPANY, company)
    await world.settle()
    world.tick(COMPANY, company, ticked=False)
    await world.settle()
    assert world.card(COMPANY, company) == (True, "На проверке"), "the box is put back"
    await person.enter(world.manager())
    tab = await person.card("company", company)
    await expect(tab.get_by_text("Выберите кнопкой")).to_be_visible()
    await expect(tab.get_by_role("button", name="Подтвердить")).to_have_count(3)
    await shoot(person.page, "app-company-tab-which-one-ru-1280")
    first = tab.locator(".belonging", has_text="Светлана Орлова")
    await first.get_by_role("button", name="Подтвердить").click()
    await expect(first.get_by_text("сохраняется…")).to_be_visible()
    await world.settle()
    await expect(first.locator(".pill").first).to_have_text("Подтверждён")
    await expect(tab.get_by_role("button", name="Подтвердить")).to_have_count(2)


async def test_the_settings_make_show_and_take_back_a_key(world: World, person: Person, shoot: Shoot) -> None:
    installation = await world.install()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/")
    await person.app.get_by_label("Название клиентского приложения").fill("Мобильное приложение")
    await person.app.get_by_role("button", name="Создать ключ").click()
    key = await person.app.locator("[id^=new-key]").input_value()
    assert (await world.api("GET", "/me", key)).status == 200
    await person.app.get_by_role("button", name="Скопировать").click()
    await expect(person.app.get_by_role("button", name="Скопировано")).to_be_visible()
    await shoot(person.page, "app-main-key-ru-1280")
    await person.app.get_by_role("button", name="Ключ сохранён").click()
    await expect(person.app.locator("[id^=new-key]")).to_have_count(0)
    await person.app.get_by_text("Отключить").click()
    await person.app.get_by_role("button", name="Отмена").click()
    await expect(person.app.get_by_role("button", name="Да, ключ перестанет работать")).to_be_hidden()
    await expect(person.app.get_by_text("Отключить")).to_be_focused()
    await person.app.get_by_text("Отключить").click()
    await person.app.get_by_role("button", name="Да, ключ перестанет работать").click()
    await expect(person.app.get_by_text("Клиентские приложения не подключены")).to_be_visible()
    assert (await world.api("GET", "/me", key)).status == 401

    async with person.page.expect_response("**/frame/mode"):
        await person.app.get_by_label("Наблюдение").check()
    await expect(person.app.locator("input[value=watch]")).to_be_checked()
    assert (await world.row()).modes["verification"] == "watch"


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


async def test_whoever_uses_a_keyboard_goes_on_where_they_pressed(world: World, person: Person) -> None:
    contact = world.add_contact()
    await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    await person.enter(world.manager())
    tab = await person.card("contact", contact)
    await tab.get_by_role("button", name="Подтвердить").press("Enter")
    await expect(tab.get_by_text("сохраняется…")).to_be_visible()
    await expect(tab.locator("#who")).to_be_focused()
    await world.settle()
    await expect(tab.locator(".belonging .pill").first).to_have_text("Подтверждён")
    await expect(tab.locator("#who")).to_be_focused()


async def test_a_manager_looks_at_the_settings_and_changes_nothing(world: World, person: Person) -> None:
    installation = await world.install()
    await person.enter(world.manager())
    await person.go(f"/marketplace/app/{installation.id}/")
    await expect(person.app.get_by_text("Изменить настройки могут администраторы")).to_be_visible()
    await expect(person.app.get_by_role("button")).to_have_count(0)
    await expect(person.app.locator("input[type=radio]:enabled")).to_have_count(0)


async def test_english_portals_get_english_pages(world: World, page: Page, shoot: Shoot) -> None:
    portal = world.other_portal
    company = world.add_company("Lakeside Builders Inc.", portal=portal)
    contact = world.add_contact(company, name="Grace", last_name="Turner", portal=portal)
    installation = await world.install(portal)
    person = Person(page, portal)
    await person.enter(world.admin(portal))
    tab = await person.card("company", company)
    await expect(tab.get_by_role("link", name="Grace Turner")).to_be_visible()
    await shoot(page, "app-company-tab-en-1280")
    await person.go(f"/marketplace/app/{installation.id}/")
    await expect(person.app.get_by_text("The app is working")).to_be_visible()
    assert not re.search("[а-яА-Я]", await person.app.locator("body").inner_text())
    await shoot(page, "app-main-en-1280")
    assert contact


async def test_it_reads_well_on_a_phone(world: World, on_phone: Person, shoot: Shoot) -> None:
    company = world.add_company("ООО «ВысотаСтрой»")
    contact = world.add_contact(company, name="Игорь", last_name="Мельников")
    installation = await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    await on_phone.enter(world.admin())
    tab = await on_phone.card("contact", contact)
    await expect(tab.get_by_role("button", name="Подтвердить")).to_be_visible()
    await no_scroll_bars(on_phone.page)
    upper, lower = [await one.bounding_box() for one in await tab.locator("section.surface").all()]
    assert upper and lower and upper["width"] == lower["width"] > 300, "one below the other, as wide as the phone"
    await shoot(on_phone.page, "app-contact-tab-ru-390")
    await on_phone.go(f"/marketplace/app/{installation.id}/")
    await expect(on_phone.app.get_by_text("Приложение работает")).to_be_visible()
    await no_scroll_bars(on_phone.page)
    await shoot(on_phone.page, "app-main-ru-390")


async def test_everything_works_with_all_our_cookies_and_storage_blocked(
    world: World, playwright: Playwright, chromium: str, tmp_path: Path
) -> None:
    contact = world.add_contact()
    await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    portal = world.portal.host.partition(":")[0]
    allowed = {"cookies": {f"{portal},*": {"setting": 1}}}
    profile = {"default_content_setting_values": {"cookies": 2}, "content_settings": {"exceptions": allowed}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps({"profile": profile}))
    context = await playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=chromium, args=list(FLAGS), viewport=DESK
    )
    try:
        person = Person(await context.new_page(), world.portal)
        await person.enter(world.manager())
        tab = await person.card("contact", contact)
        await tab.get_by_role("button", name="Подтвердить").click()
        await expect(tab.get_by_text("сохраняется…")).to_be_visible()
        await world.settle()
        await expect(tab.locator(".belonging .pill").first).to_have_text("Подтверждён")
        assert await context.cookies(world.app_url) == []
    finally:
        await context.close()


async def test_built_files_are_kept_for_ever_and_the_api_reference_needs_nobody_else(world: World) -> None:
    names = json.loads((ROOT / "build" / "static" / "manifest.json").read_text())
    for name in names.values():
        async with world.http.get(f"{world.app_url}/static/{name}") as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
        async with world.http.get(f"{world.app_url}/static/vendor/swagger-ui/{name}") as answer:
            assert answer.status == 200
    async with world.http.get(f"{world.app_url}/static/../../pyproject.toml") as answer:
        assert answer.status == 404
