"""Everything else that a room hands in: the part that reacts, the chore, the file, pages, the API, the gauge."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from tests.chores import chore
from tests.doors.frames import main, tab
from tests.stamp.store.tables import stamps
from tests.stories.export.files import exported, restored
from tests.stories.scene import COMPANY
from tests.stories.stamp.aid import given, numbers, stamp
from tests.world import World


async def filed(world: World) -> int:
    async with world.resources.tenant((await world.row()).id) as db:
        return len((await db.execute(select(stamps).where(stamps.c.filed_at.is_not(None)))).all())


async def test_a_number_is_filed_by_the_part_that_reacts(world: World) -> None:
    await world.install()
    companies = [world.add_company(f"ООО «{one}»") for one in range(3)]
    await world.settle()

    assert await filed(world) == len(companies)


async def test_whoever_is_killed_after_announcing_files_all_the_same(world: World) -> None:
    await world.install()
    world.failpoints.armed.add("cards.intended")
    world.add_company()
    await world.settle()

    assert world.kills == 1
    assert await filed(world) == 1


async def test_numbers_of_cards_long_gone_are_free_again(world: World) -> None:
    await world.install()
    company = world.add_company()
    await world.settle()
    world.portal.crm.delete(COMPANY, company, world.admin())
    await world.settle()
    portal_id = (await world.row()).id
    await chore(world.resources, "expire_stamps", portal_id)
    assert await numbers(world) == {f"company:{company}": 1}

    world.pass_time(seconds=timedelta(days=31).total_seconds())
    await chore(world.resources, "expire_stamps", portal_id)

    assert await numbers(world) == {}


async def test_the_card_tab_shows_the_number(world: World) -> None:
    await world.install()
    company = world.add_company()
    await world.settle()

    opened = await tab(world, "company", company)
    assert "Номер карточки: 1" in opened.html
    assert "Номер карточки: 1" in await opened.content()


async def test_the_settings_switch_the_rule(world: World) -> None:
    await world.install()
    opened = await main(world, world.admin(), "stamp")
    assert 'id="stamp-on" checked' in opened.html
    answer = await opened.call("/frame/stamp-mode", mode="off")
    assert answer.status == 200
    assert 'id="stamp-off" checked' in answer.json()["html"]
    await world._chores("sweep_portal", "reconcile_portal")
    company = world.add_company()
    await world.settle()

    assert stamp(world, company) is None
    other = await main(world, world.admin(), "verification")
    assert 'id="mode-on" checked' in other.html, "verification goes on"


async def test_client_apps_read_the_number(world: World) -> None:
    await world.install()
    key = await world.subscribe()
    company = world.add_company()
    await world.settle()

    answer = await world.api("GET", f"/stamps/company/{company}", key)
    assert answer.json() == {"kind": "company", "card_id": company, "number": 1}
    missing = await world.api("GET", "/stamps/company/999", key)
    assert (missing.status, missing.json()["code"]) == (404, "no_stamp")


async def test_the_gauge_tells_of_it(world: World) -> None:
    async with world.http.get(f"{world.app_url}/metrics") as answer:
        assert "b24app_stamps_unfiled 0.0" in await answer.text()


async def test_deleted_with_the_app_and_brought_back_by_the_file(world: World) -> None:
    installation = await world.install()
    gone, first, second = (world.add_company(f"ООО «{one}»") for one in range(3))
    await world.settle()
    world.portal.crm.delete(COMPANY, gone, world.admin())
    await world.settle()
    world.pass_time(days=31)
    await chore(world.resources, "expire_stamps", (await world.row()).id)
    before = await numbers(world)
    assert before == {f"company:{first}": 2, f"company:{second}": 3}
    file = await exported(world)

    await world.uninstall(installation, clean=True)
    await world.erase()
    async with world.resources.transaction() as db:
        assert (await db.execute(select(stamps))).all() == []
    for one in (first, second):  # the field went with the app
        world.portal.crm.tables[COMPANY].rows[one].pop("UF_CRM_B24APP_STAMP", None)
    await world.install()
    await world.subscribe()
    assert await numbers(world) == {f"company:{first}": 1, f"company:{second}": 2}, "without the file"
    await restored(world, file)

    assert await numbers(world) == before
    assert {f"company:{one}": stamp(world, one) for one in (first, second)} == before
    assert given(world) == []


async def test_each_features_mode_comes_back_by_the_file(world: World) -> None:
    installation = await world.install()
    await world.mode("off", "stamp")
    await world.mode("watch")
    file = await exported(world)
    await world.uninstall(installation, clean=True)
    await world.erase()
    await world.install()
    await restored(world, file)

    modes = (await world.row()).modes
    assert (modes["stamp"], modes["verification"]) == ("off", "watch")


async def test_what_clean_has_erased_is_gone(world: World) -> None:
    installation = await world.install()
    world.add_company()
    await world.settle()
    portal_id = (await world.row()).id
    await world.uninstall(installation, clean=True)
    await world.erase()

    async with world.resources.tenant(portal_id) as db:
        assert (await db.execute(select(stamps))).all() == []
