"""Pages opened in frames: who may, what they carry, and that nothing false gets through."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from b24app.portal.store.tables import tokens, viewer_sessions
from b24app.store.tables import portals as portals_table
from emulator.crm.entities import Entity
from emulator.forge import OPENS, forge
from emulator.installs import install
from emulator.opening import open_form
from emulator.people import CrmAccess
from tests.doors.frames import TABS, Frame, frame, main, tab
from tests.world import World

PAGES = ("/install", "/app", "/placements/contact-tab", "/placements/company-tab")


async def test_the_vendors_probe_and_a_curious_browser_get_an_answer(world: World) -> None:
    for path in ("/", *PAGES):
        async with world.http.head(world.app_url + path) as probe:
            assert probe.status == 200
        async with world.http.get(world.app_url + path, headers={"Accept-Language": "ru"}) as looked:
            assert looked.status == 200
            assert "только внутри Битрикс24" in await looked.text()


async def test_the_installer_finishes_by_itself_and_says_what_it_did(world: World) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    opened = frame(world, await world.open(installation, world.admin()))
    assert "data-finish" in opened.html
    assert "Вкладки в карточках" in opened.html
    again = frame(world, await world.open(installation, world.admin()))
    assert "Уже на месте" in again.html and "data-finish" in again.html


async def test_nobody_but_an_administrator_installs(world: World) -> None:
    installation = install(world.portal, world.market_app, world.admin())
    page = await world.open(installation, world.manager())
    assert page.status == 403
    assert "Установить приложение может только администратор" in page.text
    async with world.resources.transaction() as db:
        assert (await db.execute(select(portals_table))).all() == []


async def test_a_page_may_be_framed_by_its_portal_only_and_carries_no_token_of_it(world: World) -> None:
    contact = world.add_contact()
    installation = await world.install()
    page = await world.open(installation, world.manager(), TABS["contact"], ID=contact)
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' http://{world.portal.host}" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "X-Frame-Options" not in page.headers and "Set-Cookie" not in page.headers
    assert page.headers["Referrer-Policy"] == "no-referrer"
    for secret in _secrets(world):
        assert secret not in page.text
    assert not re.search(r"\sstyle=|\son[a-z]+=", page.text), "inline styles and handlers are refused by the policy"


def _secrets(world: World) -> set[str]:
    """Every token the portal has given out."""
    installation = world.portal.installations[world.market_app.client_id]
    grants = world.emulator.world.auth.issue(installation, world.manager())
    access = set(world.emulator.world.auth.access)
    return {*access, grants.refresh_token, installation.application_token}


@pytest.mark.parametrize("path", PAGES)
async def test_a_forged_open_changes_nothing_and_shows_nothing(world: World, path: str) -> None:
    world.add_contact()
    installation = await world.install()
    other = await world.install(world.other_portal)
    before = await _rows(world)
    for kind in OPENS:
        forged = forge(kind, installation, world.app_url + path, other)
        fields = [*forged.form, ("PLACEMENT_OPTIONS", '{"ID": "1"}')]
        async with world.http.post(forged.url, data=fields) as answer:
            text, status = await answer.text(), answer.status
        assert status in (400, 401, 403, 404), forged.why
        assert '"token"' not in text and "Соколов" not in text, forged.why
        assert await _rows(world) == before, forged.why


async def _rows(world: World) -> list[object]:
    found: list[object] = []
    async with world.resources.transaction() as db:
        found += (await db.execute(select(portals_table).order_by(portals_table.c.id))).all()
    for portal in (world.portal, world.other_portal):
        row = await world.row(portal)
        async with world.resources.tenant(row.id) as db:
            found += (await db.execute(select(viewer_sessions.c.id))).all()
            found += (await db.execute(select(tokens.c.user_id, tokens.c.updated_at))).all()
    return found


async def test_an_old_portal_that_names_no_auth_server_is_proven_too(world: World) -> None:
    contact = world.add_contact()
    installation = await world.install()
    world.portal.old = True
    page = await world.open(installation, world.manager(), TABS["contact"], ID=contact)
    assert "Подтверждён" in frame(world, page).html


async def test_somebody_without_access_to_the_app_is_told_so(world: World) -> None:
    contact = world.add_contact()
    installation = await world.install()
    installation.access = set()
    page = await world.open(installation, world.manager(), TABS["contact"], ID=contact)
    assert page.status == 403 and "нет доступа к этому приложению" in page.text


async def test_a_damaged_placement_shows_words(world: World) -> None:
    installation = await world.install()
    handler = world.app_url + "/placements/contact-tab"
    for options in ('{"ID": "0"}', "undefined", '["1"]', '{"ID": "1 OR 1=1"}', ""):
        form = open_form(installation, world.manager(), TABS["contact"], handler=handler)
        async with world.http.post(form.action, data=[*form.fields, ("PLACEMENT_OPTIONS", options)]) as answer:
            assert answer.status == 404 and "Здесь нечего показать" in await answer.text(), options


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
    assert '<html lang="en">' in page.text and "Who uses the client apps" in page.text
    assert not re.search("[а-яА-Я]", page.text)


async def test_names_from_the_crm_are_only_text(world: World) -> None:
    company = world.add_company('<img src=x onerror="alert(1)">')
    contact = world.add_contact(company, name="</script><b>", last_name="&amp;")
    await world.install()
    opened = await tab(world, "contact", contact)
    assert "<img" not in opened.html and "&lt;img src=x" in opened.html
    opened = await tab(world, "company", company)
    assert "</script><b>" not in opened.html


async def test_calls_without_a_true_page_token_are_refused(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    opened = await tab(world, "contact", contact)
    genuine = opened.block["token"]
    for token in ("", "x", genuine[:-2], genuine + "A"):
        opened.block["token"] = token
        answer = await opened.call("/frame/card")
        assert answer.status == 403 and answer.json()["error"]["code"] == "bad_page_token"


async def test_a_page_token_of_another_portal_sees_its_own_portal_only(world: World) -> None:
    company = world.add_company("ООО «Тайна»")
    contact = world.add_contact(company)
    await world.install()
    await world.install(world.other_portal)
    theirs = world.other_portal.crm.add(Entity.CONTACT, {"NAME": "Ann"}, world.admin(world.other_portal))
    installation = world.other_portal.installations[world.market_app.client_id]
    stranger = frame(
        world, await world.open(installation, world.manager(world.other_portal), TABS["contact"], ID=theirs)
    )
    answer = await stranger.call("/frame/card", subject=f"company:{company}")
    assert "Тайна" not in answer.text
    answer = await stranger.call("/frame/card", subject=f"contact:{contact}")
    assert "Соколов" not in answer.text


async def test_a_session_ends_after_an_hour_and_goes_on_with_a_fresh_token_of_the_same_person(world: World) -> None:
    contact = world.add_contact()
    installation = await world.install()
    opened = await tab(world, "contact", contact)
    world.pass_time(hours=1, seconds=1)
    ended = await opened.call("/frame/card")
    assert (ended.status, ended.json()["error"]["code"]) == (401, "session_expired")

    auth = world.emulator.world.auth
    foreign = await opened.call("/frame/token", access_token=auth.issue(installation, world.admin()).access_token)
    assert foreign.status == 403
    made_up = await opened.call("/frame/token", access_token="0" * 70)
    assert made_up.status == 401

    fresh = await opened.call("/frame/token", access_token=auth.issue(installation, world.manager()).access_token)
    opened.block["token"] = fresh.json()["token"]
    assert "Подтверждён" in await opened.content()


async def test_the_app_heals_an_installation_it_has_forgotten(world: World) -> None:
    installation = await world.install()
    row = await world.row()
    async with world.resources.transaction() as db:
        await db.execute(portals_table.delete().where(portals_table.c.id == row.id))
    manager = await world.open(installation, world.manager())
    assert manager.status == 403 and "ещё не настроено" in manager.text
    admin: Frame = await main(world, world.admin())
    await world.settle()
    assert "Приложение работает" in await admin.content()


async def test_a_renamed_portal_is_known_by_its_new_address_from_the_next_open_on(world: World) -> None:
    installation = await world.install()
    row = await world.row()
    async with world.resources.transaction() as db:
        await db.execute(
            portals_table.update()
            .where(portals_table.c.id == row.id)
            .values(domain="old.example", endpoint="http://old.example/rest/")
        )
    assert (await world.open(installation, world.manager())).status == 200
    assert (await world.row()).domain == world.portal.host


async def test_sessions_do_not_pile_up_and_end_with_the_installation(world: World) -> None:
    contact = world.add_contact()
    installation = await world.install()
    old = await tab(world, "contact", contact)
    world.pass_time(hours=14)
    opened = await tab(world, "contact", contact)
    fresh = world.emulator.world.auth.issue(installation, world.manager()).access_token
    assert (await old.call("/frame/token", access_token=fresh)).status == 403
    await world.uninstall(installation, clean=False)
    assert (await opened.call("/frame/card")).status == 403


async def test_a_tab_says_when_changes_wait_for_an_administrator(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    opened = await tab(world, "contact", contact)
    assert "потеряло доступ" not in opened.html
    async with world.resources.transaction() as db:
        await portals.change(db, (await world.row()).id, state=PortalState.NEEDS_ADMIN)
    assert "Приложение потеряло доступ" in await opened.content()
    assert "Приложение потеряло доступ" in (await tab(world, "contact", contact)).html


async def test_news_names_whom_it_is_about_even_when_their_card_is_gone(world: World) -> None:
    company = world.add_company()
    contact, alone = world.add_contact(company), world.add_contact()
    await world.install()
    for one in (contact, alone):
        world.tick(Entity.CONTACT, one)
    await world.settle()
    world.portal.crm.delete(Entity.CONTACT, contact, world.admin())
    await world.settle()
    assert "Илья Соколов <span" in (await tab(world, "company", company)).html
    assert "Частное лицо <span" in (await tab(world, "contact", alone)).html


async def test_the_settings_promise_nothing_while_verification_is_off(world: World) -> None:
    await world.install()
    opened = await main(world, world.admin())
    assert "за секунды" in opened.html
    await world.mode("off")
    assert "за секунды" not in await opened.content()
