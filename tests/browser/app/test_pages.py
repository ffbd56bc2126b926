"""What people see of the app in a browser that blocks third-party cookies anyway: in both languages, on a phone."""

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

CONTACT = Entity.CONTACT


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
    await expect(person.app.get_by_text("Waiting to be checked")).to_be_visible()
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
    await expect(on_phone.app.get_by_text("Ждут проверки")).to_be_visible()
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
