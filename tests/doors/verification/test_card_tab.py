"""The tab in a card: what it shows, to whom, and what it costs."""

from __future__ import annotations

import re

from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.doors.frames import TABS, tab
from tests.world import World


async def test_a_card_the_person_may_not_read_stays_closed(world: World) -> None:
    contact = world.add_contact()
    installation = await world.install()
    manager = world.manager()
    manager.crm_access = CrmAccess.NONE
    page = await world.open(installation, manager, TABS["contact"], ID=contact)
    assert page.status == 403 and "нет доступа к этой карточке" in page.text
    page = await world.open(installation, world.admin(), TABS["contact"], ID=contact + 1000)
    assert page.status == 404 and "Такой карточки больше нет" in page.text


async def test_a_card_costs_one_portal_request_cold_and_none_warm(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    counted = world.emulator.world.meters.requests
    counted.clear()
    cold = await tab(world, "company", company)
    assert {name: n for (host, name), n in counted.items() if host == "first"} == {"batch": 1}
    assert world.manager().full_name in cold.html, "the name of who decided came in the same request"
    counted.clear()
    await tab(world, "company", company)
    assert [one for one in counted if one[0] == "first"] == []


async def test_the_readers_language_is_the_portals(world: World) -> None:
    company = world.add_company("Lime Ltd", portal=world.other_portal)
    installation = await world.install(world.other_portal)
    page = await world.open(installation, world.manager(world.other_portal), TABS["company"], ID=company)
    assert '<html lang="en">' in page.text and "Access to the client app: people of this company" in page.text
    assert not re.search("[а-яА-Я]", page.text)


async def test_names_from_the_crm_are_only_text(world: World) -> None:
    company = world.add_company('<img src=x onerror="alert(1)">')
    contact = world.add_contact(company, name="</script><b>", last_name="&amp;")
    await world.install()
    opened = await tab(world, "contact", contact)
    assert "<img" not in opened.html and "&lt;img src=x" in opened.html
    opened = await tab(world, "company", company)
    assert "</script><b>" not in opened.html


async def test_a_tab_says_when_changes_wait_for_an_administrator(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    opened = await tab(world, "contact", contact)
    assert "потеряло доступ" not in opened.html
    async with world.resources.transaction() as db:
        await portals.change(db, (await world.row()).id, state=PortalState.NEEDS_ADMIN)
    assert "Приложение потеряло доступ" in await opened.content()
    assert "Приложение потеряло доступ" in (await tab(world, "contact", contact)).html


async def test_history_names_whom_it_is_about_even_when_their_card_is_gone(world: World) -> None:
    company = world.add_company()
    contact, alone = world.add_contact(company), world.add_contact()
    world.add_contact(company, name="Вера")
    await world.install()
    for one in (contact, alone):
        world.tick(Entity.CONTACT, one)
    await world.settle()
    world.portal.crm.delete(Entity.CONTACT, contact, world.admin())
    await world.settle()
    shown = (await tab(world, "company", company)).html
    assert "Больше не связаны: 1" in shown
    assert shown.count('<p class="about">Илья Соколов</p>') == 2, "sent for review, and deleted"
    assert 'class="about"' not in (await tab(world, "contact", alone)).html, "there is nobody else"
