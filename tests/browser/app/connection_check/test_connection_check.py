"""The check of the connection in a browser."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
from tests.chores import connection_check_one
from tests.world import World


async def test_the_check_of_the_connection_fills_in_line_by_line(world: World, person: Person, shoot: Shoot) -> None:
    installation = await world.install()
    await world.subscribe()
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/check")
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
        await person.go(f"/marketplace/app/{installation.id}/?page=settings/check")
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
        await person.go(f"/marketplace/app/{installation.id}/?page=settings/check")
        await person.app.get_by_role("button", name=press).click()
        await expect(person.app.locator(".checks .step.waiting")).to_have_count(12)
        await connection_check_one(world.resources, (await world.row(portal)).id)
        await world.settle()
        world.pass_time(seconds=31)
        await expect(person.app.locator(".checks .step.bad")).to_have_count(3)
        await shoot(person.page, f"app-check-bad-{portal.lang}-{390 if person is on_phone else 1280}")
    shown = await person.app.locator(".checks").inner_text()
    assert not re.search("[а-яА-Я]", shown.replace("Личный кабинет", ""))
