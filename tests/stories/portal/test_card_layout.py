"""Our section in cards: only on an administrator's press, looked at first, and taken back without a trace."""

from __future__ import annotations

import re
from typing import Any

import pytest

from b24app.portal.store import card_layouts
from b24app.portal.store.card_layouts import KnownLayout
from emulator.crm.entities import Entity
from emulator.crm.layouts import COMMON, PERSONAL, Variant
from emulator.model.faults import Break
from tests.doors.frames import Frame, main
from tests.world import CHECK, STATUS, Page, World

COMPANIES, SECTION = Variant(Entity.COMPANY.type_id), "b24app_client_link"
MAIN = {"name": "main", "title": "О компании", "type": "section", "elements": [{"name": "TITLE", "optionFlags": "1"}]}
MORE = {"name": "additional", "title": "Ещё", "type": "section", "elements": [{"name": "COMMENTS"}, {"name": "PHONE"}]}


def arrange(world: World, *sections: dict[str, Any]) -> None:
    """An administrator arranges the common view of companies in the card itself."""
    world.portal.crm.layouts.set(COMPANIES, COMMON, 0, list(sections))


def shown(world: World) -> list[tuple[str, list[str]]]:
    """The common view of companies: sections and their fields."""
    saved = world.portal.crm.layouts.get(COMPANIES, COMMON, 0) or []
    return [(one["name"], [element["name"] for element in one["elements"]]) for one in saved]


async def known(world: World) -> KnownLayout:
    """What we keep about the view of companies."""
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        return next(one for one in (await card_layouts.listing(db, portal_id)).values() if str(one.view) == "company")


async def look(page: Frame) -> Page:
    return await page.call("/frame/layout/preview", view="company")


async def add(page: Frame, looked: Page) -> Page:
    (mark,) = re.findall(r'name="mark" value="([0-9a-f]+)"', looked.json()["html"])
    return await page.call("/frame/layout/add", view="company", mark=mark)


async def take_back(page: Frame) -> Page:
    return await page.call("/frame/layout/take-back", view="company")


async def added(world: World) -> Frame:
    """The settings of an administrator who has added the section to a view of two sections."""
    arrange(world, MAIN, MORE)
    await world.install()
    page = await main(world, world.admin(), "setup")
    done = await add(page, await look(page))
    assert done.status == 200, done.text
    return page


async def test_an_untouched_card_shows_our_fields_by_itself_and_nothing_is_written(world: World) -> None:
    await world.install()
    page = await main(world, world.admin(), "setup")

    assert "показывает все поля сам" in page.html and "Показать, что изменится" not in page.html
    assert world.portal.crm.layouts.get(COMPANIES, COMMON, 0) is None


async def test_an_installation_leaves_a_saved_view_alone_and_says_what_it_lacks(world: World) -> None:
    arrange(world, MAIN, MORE)
    before = shown(world)
    await world.install()
    page = await main(world, world.admin(), "setup")

    assert shown(world) == before
    assert "нет полей: Нужна проверка, Статус в клиентском приложении" in page.html


async def test_looked_at_added_and_put_back_as_it_was(world: World) -> None:
    arrange(world, MAIN, MORE)
    before = world.portal.crm.layouts.get(COMPANIES, COMMON, 0)
    await world.install()
    page = await main(world, world.admin(), "setup")

    looked = await look(page)
    assert "Клиентский кабинет" in looked.json()["html"].split("Станет")[1]
    assert world.portal.crm.layouts.get(COMPANIES, COMMON, 0) == before, "looking changes nothing"
    done = await add(page, looked)
    assert "Раздел добавлен" in done.json()["text"]
    assert shown(world)[:2] == [("main", ["TITLE"]), ("additional", ["COMMENTS", "PHONE"])]
    assert shown(world)[2:] == [(SECTION, [CHECK, STATUS])]
    assert f"добавил(а) {world.admin().full_name}" in done.json()["html"]

    back = await take_back(page)
    assert "снова такой, каким был" in back.json()["text"]
    assert shown(world) == [("main", ["TITLE"]), ("additional", ["COMMENTS", "PHONE"])]
    assert "Показать, что изменится" in back.json()["html"]


async def test_twice_is_once(world: World) -> None:
    page = await added(world)
    first, commands = await known(world), world.emulator.world.meters.commands
    written = commands["first", "crm.item.details.configuration.set"]

    again = await look(page)
    assert "Добавлять здесь уже нечего" in again.json()["html"]
    assert (await page.call("/frame/layout/add", view="company", mark="anything")).status == 200
    assert commands["first", "crm.item.details.configuration.set"] == written
    assert (await known(world)).addition == first.addition

    assert (await take_back(page)).status == 200
    assert "уже не было" in (await take_back(page)).json()["text"]


async def test_what_others_changed_since_stays_changed(world: World) -> None:
    page = await added(world)
    saved = world.portal.crm.layouts.get(COMPANIES, COMMON, 0) or []
    web = {"name": "extra", "title": "Сайт", "type": "section", "elements": [{"name": "WEB"}]}
    arrange(world, saved[1], saved[2], web)

    back = await take_back(page)

    assert "убран только раздел" in back.json()["text"]
    assert shown(world) == [("additional", ["COMMENTS", "PHONE"]), ("extra", ["WEB"])]


async def test_a_view_changed_while_somebody_looks_is_not_overwritten(world: World) -> None:
    arrange(world, MAIN, MORE)
    await world.install()
    page = await main(world, world.admin(), "setup")
    looked = await look(page)
    arrange(world, MORE, MAIN)

    refused = await add(page, looked)

    assert refused.status == 409 and "только что изменили" in refused.json()["error"]["text"]
    assert [name for name, _ in shown(world)] == ["additional", "main"]
    assert (await add(page, await look(page))).status == 200


async def test_the_administrators_own_place_for_our_fields_is_respected(world: World) -> None:
    arrange(world, MAIN, {**MORE, "elements": [{"name": STATUS}, {"name": CHECK}]})
    await world.install()
    page = await main(world, world.admin(), "setup")
    before = shown(world)

    assert "там, где их разместили" in page.html
    assert (await page.call("/frame/layout/add", view="company", mark="")).status == 200
    assert "уже не было" in (await take_back(page)).json()["text"]
    assert shown(world) == before


async def test_only_what_is_missing_goes_into_our_section(world: World) -> None:
    arrange(world, MAIN, {**MORE, "elements": [{"name": STATUS}]})
    await world.install()
    page = await main(world, world.admin(), "setup")
    await add(page, await look(page))
    assert shown(world) == [("main", ["TITLE"]), ("additional", [STATUS]), (SECTION, [CHECK])]


async def test_personal_views_are_nobodys_business(world: World) -> None:
    """They hide the common one from their owner; the owner is told, and only the common one is written."""
    arrange(world, MAIN)
    layouts, admin = world.portal.crm.layouts, world.admin()
    layouts.set(COMPANIES, PERSONAL, admin.id, [MORE])
    await world.install()
    page = await main(world, admin, "setup")

    looked = await look(page)
    assert "У Вас личный вид" in looked.json()["html"]
    await add(page, looked)

    mine = layouts.get(COMPANIES, PERSONAL, admin.id) or []
    assert [one["name"] for one in mine] == ["additional"]
    assert shown(world)[-1] == (SECTION, [CHECK, STATUS])
    layouts.force_common(COMPANIES)
    assert "У Вас личный вид" not in (await look(page)).json()["html"]


async def test_employees_change_no_views(world: World) -> None:
    arrange(world, MAIN)
    await world.install()
    page = await main(world, world.manager())

    assert "Показать, что изменится" not in page.html
    for path in ("preview", "add", "take-back"):
        assert (await page.call(f"/frame/layout/{path}", view="company", mark="")).status == 403
    assert shown(world) == [("main", ["TITLE"])]


async def test_an_administrator_of_yesterday_writes_nothing(world: World) -> None:
    arrange(world, MAIN)
    await world.install()
    page = await main(world, world.admin(), "setup")
    looked = await look(page)
    world.admin().admin = False

    assert (await add(page, looked)).status == 403
    assert shown(world) == [("main", ["TITLE"])]


@pytest.mark.parametrize("view", ["deal", "deal:3", "company:1", "contact:0", "", "../x"])
async def test_cards_without_our_fields_have_no_section(world: World, view: str) -> None:
    await world.install()
    page = await main(world, world.admin(), "setup")
    assert (await page.call("/frame/layout/preview", view=view)).status == 404


async def test_a_refused_write_is_forgotten(world: World) -> None:
    arrange(world, MAIN)
    await world.install()
    page = await main(world, world.admin(), "setup")
    looked = await look(page)
    world.emulator.world.faults.add(Break.EMPTY_ERROR, method="crm.item.details.configuration.set")

    assert (await add(page, looked)).status == 403
    assert (await known(world)).addition is None
    assert shown(world) == [("main", ["TITLE"])]


async def test_a_lost_answer_costs_nothing_that_was_there(world: World) -> None:
    """The view was written and nobody heard of it: it is found as ours, and goes back to what it was."""
    arrange(world, MAIN)
    await world.install()
    page = await main(world, world.admin(), "setup")
    looked = await look(page)
    world.emulator.world.faults.add(Break.LOST_AFTER, method="crm.item.details.configuration.set")

    lost = await add(page, looked)
    assert lost.status == 502 and "не подтвердил" in lost.json()["error"]["text"]
    assert "уже нечего" in (await look(page)).json()["html"]
    assert "снова такой" in (await take_back(page)).json()["text"]
    assert shown(world) == [("main", ["TITLE"])]


async def test_the_other_portal_has_views_of_its_own(world: World) -> None:
    page = await added(world)
    await world.install(world.other_portal)
    assert world.other_portal.crm.layouts.get(COMPANIES, COMMON, 0) is None
    theirs = (await world.row(world.other_portal)).id
    async with world.resources.tenant(theirs) as db:
        assert all(one.addition is None for one in (await card_layouts.listing(db, theirs)).values())
    assert (await known(world)).addition is not None and page.page.status == 200
