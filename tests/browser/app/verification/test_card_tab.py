"""The tab in cards in a browser: buttons, links, and a change that arrives without a reload."""

from __future__ import annotations

from playwright.async_api import expect

from emulator.crm.entities import Entity
from tests.browser.app.conftest import Person, no_scroll_bars
from tests.browser.conftest import Shoot
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


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

    await tab.get_by_label("Комментарий (необязательно)").fill("Позвонил директору, всё верно")
    await tab.get_by_role("button", name="Подтвердить", exact=True).click()
    await expect(tab.get_by_text("сохраняется…")).to_be_visible()
    await world.settle()
    await expect(tab.locator(".belonging .pill").first).to_have_text("Подтверждён")
    await expect(tab.locator(".why")).to_contain_text(world.manager().full_name)
    await expect(tab.get_by_text("Позвонил директору, всё верно").first).to_be_visible()
    await expect(tab.locator(".chip.blocked")).to_have_count(0)
    await expect(tab.locator(".told .telling", has_text="доставлено").first).to_be_visible()
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
    await tab.get_by_role("button", name="Подтвердить", exact=True).click()
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
    await expect(tab.get_by_text("Подтвердите каждого кнопкой")).to_be_visible()
    await expect(tab.get_by_role("button", name="Подтвердить", exact=True)).to_have_count(3)
    await shoot(person.page, "app-company-tab-which-one-ru-1280")
    first = tab.locator(".belonging", has_text="Светлана Орлова")
    await first.get_by_role("button", name="Подтвердить", exact=True).click()
    await expect(first.get_by_text("сохраняется…")).to_be_visible()
    await world.settle()
    await expect(first.locator(".pill").first).to_have_text("Подтверждён")
    await expect(tab.get_by_role("button", name="Подтвердить", exact=True)).to_have_count(2)


async def test_whoever_uses_a_keyboard_goes_on_where_they_pressed(world: World, person: Person) -> None:
    contact = world.add_contact()
    await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    await person.enter(world.manager())
    tab = await person.card("contact", contact)
    await tab.get_by_role("button", name="Подтвердить", exact=True).press("Enter")
    await expect(tab.get_by_text("сохраняется…")).to_be_visible()
    await expect(tab.locator("#who")).to_be_focused()
    await world.settle()
    await expect(tab.locator(".belonging .pill").first).to_have_text("Подтверждён")
    await expect(tab.locator("#who")).to_be_focused()
