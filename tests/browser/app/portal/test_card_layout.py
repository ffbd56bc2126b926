"""Our section in cards, looked at and added in a browser."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from emulator.crm.entities import Entity
from emulator.crm.layouts import COMMON, Variant
from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
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
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/setup")
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

    await person.go(f"/marketplace/app/{installation.id}/?page=settings/setup")
    await person.app.get_by_text("Вернуть как было").click()
    await person.app.get_by_role("button", name="Да, убрать раздел").click()
    await expect(person.app.get_by_text("Общий вид снова такой")).to_be_visible()


async def test_the_preview_reads_well_on_a_phone_and_in_english(
    world: World, page: Page, on_phone: Person, shoot: Shoot
) -> None:
    arrange(world)
    installation = await world.install()
    await on_phone.enter(world.admin())
    await on_phone.go(f"/marketplace/app/{installation.id}/?page=settings/setup")
    await on_phone.app.get_by_role("button", name="Показать, что изменится").click()
    await expect(on_phone.app.locator(".outline .fresh")).to_be_visible()
    await shoot(on_phone.page, "app-layout-preview-ru-390")

    portal = world.other_portal
    arrange(world, portal=portal)
    english = Person(page, portal)
    theirs = await world.install(portal)
    await english.enter(world.admin(portal))
    await english.go(f"/marketplace/app/{theirs.id}/?page=settings/setup")
    await english.app.get_by_role("button", name="Show what would change").click()
    await expect(english.app.locator(".outline .fresh")).to_have_text(
        "Client Link Verification needed, Client app status"
    )
    await shoot(page, "app-layout-preview-en-1280")
