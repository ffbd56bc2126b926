"""Pages opened in frames: who may, what they carry, and that nothing false gets through."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from b24app.portal.store.tables import tokens, viewer_sessions
from b24app.store import tables
from emulator.forge import OPENS, forge
from emulator.opening import open_form
from tests.doors.frames import TABS, Frame, frame, main
from tests.world import World

PAGES = ("/install", "/app", "/placements/contact-tab", "/placements/company-tab")


async def test_the_vendors_probe_and_a_curious_browser_get_an_answer(world: World) -> None:
    for path in ("/", *PAGES):
        async with world.http.head(world.app_url + path) as probe:
            assert probe.status == 200
        async with world.http.get(world.app_url + path, headers={"Accept-Language": "ru"}) as looked:
            assert looked.status == 200
            assert "только внутри Битрикс24" in await looked.text()


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
        found += (await db.execute(select(tables.portals).order_by(tables.portals.c.id))).all()
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


async def test_the_app_heals_an_installation_it_has_forgotten(world: World) -> None:
    installation = await world.install()
    row = await world.row()
    async with world.resources.transaction() as db:
        await db.execute(tables.portals.delete().where(tables.portals.c.id == row.id))
    manager = await world.open(installation, world.manager())
    assert manager.status == 403 and "ещё не настроено" in manager.text
    admin: Frame = await main(world, world.admin(), "setup")
    await world.settle()
    shown = await admin.content()
    assert "step done" in shown and "step failed" not in shown


async def test_a_renamed_portal_is_known_by_its_new_address_from_the_next_open_on(world: World) -> None:
    installation = await world.install()
    row = await world.row()
    async with world.resources.transaction() as db:
        await db.execute(
            tables.portals.update()
            .where(tables.portals.c.id == row.id)
            .values(domain="old.example", endpoint="http://old.example/rest/")
        )
    assert (await world.open(installation, world.manager())).status == 200
    assert (await world.row()).domain == world.portal.host
