"""The installer in a browser: from the marketplace to the page of the app, with one question on the way."""

from __future__ import annotations

from playwright.async_api import expect

from emulator.model.faults import FOREVER, Break
from emulator.model.installs import install
from tests.browser.app.conftest import Person, no_scroll_bars
from tests.browser.conftest import Shoot
from tests.stories.verification.launching import add_deal, counted, one_batch, work
from tests.world import World


async def test_an_admin_installs_from_the_marketplace_answers_one_question_and_goes_on(
    world: World, person: Person, shoot: Shoot
) -> None:
    for number in range(3):
        world.add_contact(world.add_company(f"ООО «Вектор {number + 1}»"))
    await person.enter(world.admin())
    await person.go(f"/marketplace/detail/{world.market_app.code}/")
    await person.page.click("button[value=install]")
    await expect(person.app.get_by_role("heading", name="Кому открыть доступ?")).to_be_visible()
    await person.page.set_viewport_size({"width": 1280, "height": 1000})
    await no_scroll_bars(person.page)
    await shoot(person.page, "installer-asks-ru-1280")
    await person.app.get_by_role("button", name="Выбрать: Открыть всем").click()
    await expect(person.app.get_by_text("Доступ открыт всем", exact=True)).to_be_visible()
    await shoot(person.page, "installer-next-ru-1280")
    await person.app.get_by_role("button", name="Продолжить").click()
    await person.page.wait_for_url("**/marketplace/app/*/?install_finished=Y")
    await person.app.locator("#content").wait_for()
    await world.settle()
    await expect(person.app.get_by_text("Ждут проверки")).to_be_visible()
    await expect(person.app.get_by_text("Осталось: подключить клиентское приложение.")).to_be_visible()
    await no_scroll_bars(person.page)
    await shoot(person.page, "app-main-ru-1280")


async def test_the_question_fits_a_phone(world: World, on_phone: Person, shoot: Shoot) -> None:
    await on_phone.enter(world.admin())
    await on_phone.go(f"/marketplace/detail/{world.market_app.code}/")
    await on_phone.page.click("button[value=install]")
    await expect(on_phone.app.get_by_role("heading", name="Кому открыть доступ?")).to_be_visible()
    await on_phone.page.set_viewport_size({"width": 390, "height": 1100})
    await no_scroll_bars(on_phone.page)
    await shoot(on_phone.page, "installer-asks-ru-390")


async def test_a_portal_that_does_not_answer_lets_the_installer_try_again(
    world: World, person: Person, shoot: Shoot
) -> None:
    await person.enter(world.admin())
    installation = install(world.portal, world.market_app, world.admin())
    world.emulator.world.faults.add(Break.OVERLOAD, FOREVER, host=world.portal.host)
    await person.go(f"/marketplace/app/{installation.id}/")
    again = person.app.get_by_role("button", name="Повторить")
    await expect(again).to_be_visible()
    await shoot(person.page, "installer-away-ru-1280")
    world.emulator.world.faults.clear()
    await again.click()
    await expect(person.app.get_by_role("heading", name="Кому открыть доступ?")).to_be_visible()


async def test_the_settings_preview_start_and_undo_it(
    world: World, person: Person, on_phone: Person, shoot: Shoot
) -> None:
    names = ("Анна", "Вера", "Илья", "Яна")
    people = [world.add_contact(world.add_company(f"ООО «{name}»"), name=name) for name in names]
    add_deal(world, people[0])
    installation = await world.install()
    await counted(world)
    await person.page.set_viewport_size({"width": 1280, "height": 1400})
    await person.enter(world.admin())
    await person.go(f"/marketplace/app/{installation.id}/?page=settings/verification")
    section = person.app.locator("section[aria-labelledby=launch]")
    await section.get_by_role("button", name="Выбрать: Открыть клиентам со сделкой").click()
    await expect(section.get_by_text("закрыты: заказы, документы, бонусы")).to_be_visible()
    await section.get_by_text("Кого это коснётся").click()
    await expect(section.get_by_role("link", name="Вера Соколов")).to_be_visible()
    await no_scroll_bars(person.page)
    await shoot(person.page, "launch-preview-ru-1280")
    await on_phone.page.set_viewport_size({"width": 390, "height": 2400})
    await on_phone.enter(world.admin())
    await on_phone.go(f"/marketplace/app/{installation.id}/?page=settings/verification")
    await expect(on_phone.app.get_by_text("Кого это коснётся")).to_be_visible()
    await no_scroll_bars(on_phone.page)
    await shoot(on_phone.page, "launch-preview-ru-390")

    await section.get_by_role("button", name="Начать").click()
    await expect(section.get_by_text("0 из 3")).to_be_visible()
    await one_batch(world)
    await expect(section.get_by_text("3 из 3")).to_be_visible()
    await shoot(person.page, "launch-running-ru-1280")
    await work(world)
    await section.get_by_text("Отменить: вернуть как было").click()
    await section.get_by_role("button", name="Да, отменить").click()
    await work(world)
    await expect(section.get_by_text("Доступ возвращён")).to_be_visible()
