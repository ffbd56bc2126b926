"""Two people who were decided about by button are merged: what the card of the one that stays shows."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from emulator.crm.entities import Entity
from tests.browser.app.conftest import Person
from tests.browser.conftest import Shoot
from tests.world import World

SENT = {"ru": "Вернуть на проверку…", "en": "Send back for review…"}
SURE = {"ru": "Вернуть на проверку", "en": "Send back for review"}
CONFIRM = {"ru": "Подтвердить", "en": "Confirm"}
MERGED = {"ru": "действует более строгое решение", "en": "the stricter decision applies"}


@pytest.mark.parametrize("lang", ["ru", "en"])
async def test_the_tab_says_that_cards_were_merged(world: World, page: Page, shoot: Shoot, lang: str) -> None:
    portal = world.portal if lang == "ru" else world.other_portal
    company = world.add_company("ООО «Кран»" if lang == "ru" else "Lakeside Builders Inc.", portal=portal)
    name, last = ("Илья", "Соколов") if lang == "ru" else ("Grace", "Turner")
    gone, stays = [world.add_contact(company, name=name, last_name=last, portal=portal) for _ in range(2)]
    await world.install(portal)
    await world.subscribe(portal)
    person = Person(page, portal)
    await person.enter(world.manager(portal))
    for one in (gone, stays):
        tab = await person.card("contact", one)
        await tab.get_by_text(SENT[lang]).click()
        await tab.get_by_role("button", name=SURE[lang], exact=True).click()
        await expect(tab.locator(".awaited")).to_be_visible()
        await world.settle()
    tab = await person.card("contact", stays)
    await tab.get_by_role("button", name=CONFIRM[lang]).click()
    await expect(tab.locator(".awaited")).to_be_visible()
    await world.settle()

    portal.crm.merge(Entity.CONTACT, stays, gone, world.admin(portal))
    await world.settle()

    tab = await person.card("contact", stays)
    await expect(tab.locator(".why")).to_contain_text(MERGED[lang])
    await shoot(page, f"app-contact-merged-{lang}-1280")
    tab = await person.card("company", company)
    await expect(tab.locator(".belonging")).to_have_count(1)
    await shoot(page, f"app-company-merged-{lang}-1280")
