"""An open page belongs to a person: the portal is asked now and then whether they are still let in."""

from __future__ import annotations

import pytest

from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from tests.doors.frames import TABS, Frame, frame, main, tab
from tests.world import World


def asked(world: World) -> int:
    """How often the portal was asked who somebody is."""
    return world.emulator.world.meters.requests["first", "profile"]


async def looked(page: Frame) -> int:
    return (await page.call("/frame/status")).status


async def test_the_portal_is_asked_about_a_viewer_at_most_once_in_five_minutes(world: World) -> None:
    """The proof of the open is good for the page's first call."""
    await world.install()
    page = await main(world, world.manager())
    before = asked(world)
    assert [await looked(page) for _ in range(2)] == [200, 200]
    assert asked(world) == before + 1
    for _ in range(3):
        world.pass_time(minutes=1)
        assert await looked(page) == 200
    assert asked(world) == before + 1
    world.pass_time(minutes=2)
    assert [await looked(page) for _ in range(3)] == [200] * 3
    assert asked(world) == before + 2


async def test_who_was_dismissed_sees_nothing_more_even_when_they_are_asked_about_once(world: World) -> None:
    await world.install()
    page = await main(world, world.manager())
    other = await main(world, world.admin(), "setup")
    assert await looked(page) == await looked(other) == 200
    world.manager().active = False
    answer = await page.call("/frame/status")
    assert (answer.status, answer.json()["error"]["code"]) == (403, "no_access")
    assert [await looked(page) for _ in range(2)] == [403, 403], "their session is over"
    assert await looked(other) == 200


async def test_a_dismissed_employees_card_tab_closes_as_well(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    page = await tab(world, "contact", contact)
    assert (await page.call("/frame/card")).status == 200
    world.manager().active = False
    assert (await page.call("/frame/card")).status == 403


async def test_whom_the_app_was_taken_from_sees_nothing_more(world: World) -> None:
    await world.install()
    page = await main(world, world.manager())
    assert await looked(page) == 200
    world.installation().access = set()
    assert await looked(page) == 403


async def test_no_fresh_token_renews_the_session_of_who_was_dismissed(world: World) -> None:
    """The auth server still vouches for the token; the portal does not let its owner in."""
    installation = await world.install()
    manager = world.manager()
    page = await main(world, manager)
    fresh = world.emulator.world.auth.issue(installation, manager).access_token
    manager.active = False
    world.pass_time(minutes=61)
    assert await looked(page) == 401
    fresh = world.emulator.world.auth.issue(installation, manager).access_token
    assert (await page.call("/frame/token", access_token=fresh)).status == 403
    manager.active = True
    assert (await page.call("/frame/token", access_token=fresh)).status == 403, "the page is opened anew"


async def test_a_token_whose_hour_is_over_early_makes_the_page_bring_a_fresh_one(world: World) -> None:
    installation = await world.install()
    page = await main(world, world.manager())
    assert await looked(page) == 200
    world.emulator.world.auth.expire_access(installation)
    assert await looked(page) == 401
    fresh = world.emulator.world.auth.issue(installation, world.manager()).access_token
    renewed = await page.call("/frame/token", access_token=fresh)
    page.block["token"] = renewed.json()["token"]
    assert await looked(page) == 200


@pytest.mark.parametrize("kind", [Break.ERROR_500, Break.HTML])
async def test_a_portal_that_cannot_say_is_asked_again_in_a_minute(world: World, kind: Break) -> None:
    """The page goes on meanwhile: that the portal is down is nothing its people can do anything about."""
    await world.install()
    page = await main(world, world.manager())
    assert await looked(page) == 200
    world.emulator.world.faults.add(kind, FOREVER, host=world.portal.host)
    assert await looked(page) == 200
    tried = asked(world)
    assert await looked(page) == 200
    assert asked(world) == tried
    world.emulator.world.faults.clear()
    world.manager().active = False
    world.pass_time(seconds=61)
    assert await looked(page) == 403


async def test_a_page_is_renewed_though_the_portal_cannot_say(world: World) -> None:
    """The auth server vouches for the fresh token; the portal is asked as soon as it answers."""
    installation = await world.install()
    manager = world.manager()
    page = await main(world, manager)
    world.pass_time(minutes=61)
    fresh = world.emulator.world.auth.issue(installation, manager).access_token
    world.emulator.world.faults.add(Break.ERROR_500, FOREVER, host=world.portal.host)
    renewed = await page.call("/frame/token", access_token=fresh)
    assert renewed.status == 200, renewed.text
    page.block["token"] = renewed.json()["token"]
    assert await looked(page) == 200
    world.emulator.world.faults.clear()
    manager.active = False
    world.pass_time(minutes=2)
    assert await looked(page) == 403


async def test_a_demoted_administrators_page_offers_nothing_to_press(world: World) -> None:
    await world.install()
    admin = world.admin()
    world.manager().admin = True
    page = await main(world, admin, "setup")
    assert "Только администратор" not in await page.content()
    admin.admin = False
    shown = await page.content()
    assert 'data-page="work"' in shown and "settings" not in shown


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


async def test_an_administrator_of_yesterday_changes_nothing(world: World) -> None:
    """The page stays open for hours; the portal is asked again before each change."""
    await world.install()
    person = world.admin()
    opened = await main(world, person)
    assert (await opened.call("/frame/mode", mode="watch")).status == 200
    person.admin = False

    for path, body in (
        ("/frame/mode", {"mode": "off"}),
        ("/frame/repair", {}),
        ("/frame/client-apps", {"name": "Чужое приложение"}),
    ):
        assert (await opened.call(path, **body)).status == 403
    assert (await world.row()).modes["verification"] == "watch"
