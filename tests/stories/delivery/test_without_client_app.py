"""An administrator without developers sees what client apps get: by the test receiver, in the settings alone."""

from __future__ import annotations

import html
import json
import re

from b24app.delivery.journeys import client_apps
from emulator.crm.entities import Entity
from tests.chores import tidy_all
from tests.doors.frames import Frame, frame, main
from tests.stories.export.files import exported, lines
from tests.world import World


def field(page: str, call: str, name: str) -> str:
    """The hidden value of the form that makes this call."""
    form = page.split(f'hx-post="{call}"')[1].split("</form>")[0]
    return form.split(f'name="{name}" value="')[1].split('"')[0]


def received(page: str) -> list[dict[str, object]]:
    """Bodies that the test receiver shows, the newest first."""
    return [json.loads(html.unescape(body)) for body in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.S)]


async def test_a_tick_in_a_card_shows_in_the_settings(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    admin = await main(world, world.admin(), "delivery")
    assert (await admin.call("/frame/test-receiver/on")).status == 200
    await world.settle()

    page = await admin.content()
    assert [one["type"] for one in received(page)] == ["endpoint.ping"]
    world.tick(Entity.CONTACT, contact)
    await world.settle()

    page = await admin.content()
    news, _ = received(page)
    assert (news["type"], news["data"]["contact_id"]) == ("membership.verification_changed", contact)  # type: ignore[index]
    assert "подпись верна" in page and "тест</span>" not in page


async def test_a_test_notification_comes_back_marked(world: World) -> None:
    await world.install()
    admin = await main(world, world.admin(), "delivery")
    await admin.call("/frame/test-receiver/on")
    await world.settle()
    page = await admin.content()
    call = "/frame/endpoints/test"
    sent = await admin.call(call, **{name: field(page, call, name) for name in ("client_app", "endpoint")})
    assert "Тестовое уведомление отправляется" in sent.json()["html"]
    await world.settle()

    page = await admin.content()
    assert received(page)[0]["test"] is True
    assert "Тестовое уведомление доставлено" in page and "тест</span>" in page


async def test_it_is_no_client_app_of_the_owners_and_goes_with_one_press(world: World) -> None:
    await world.install()
    row, admin = await world.row(), await main(world, world.admin(), "delivery")
    await admin.call("/frame/test-receiver/on")
    await world.settle()
    assert await client_apps.listing(world.resources, row.id) == []
    assert "Клиентские приложения не подключены" in await admin.content()
    filed = {line.get("section") for line in lines(await exported(world))}
    assert not filed & {"client_apps", "endpoints"}, "an export brings back what is the owner's"

    off = (await admin.call("/frame/test-receiver/off")).json()["html"]
    assert "Включить пробный приёмник" in off and "Подключить снова" not in off
    await world.settle()
    await admin.call("/frame/test-receiver/on")
    await world.settle()
    assert len(received(await admin.content())) == 1, "nothing of the one before is left"


async def test_what_came_is_kept_for_a_day(world: World) -> None:
    await world.install()
    await (await main(world, world.admin(), "delivery")).call("/frame/test-receiver/on")
    await world.settle()
    world.pass_time(hours=25)
    await tidy_all(world.resources)
    assert received((await main(world, world.admin(), "delivery")).html) == []


async def test_only_administrators_switch_it_on_and_portals_do_not_see_each_others(world: World) -> None:
    await world.install()
    await world.install(world.other_portal)
    manager = await main(world, world.manager())
    assert "Пробный приёмник" not in manager.html
    for call in ("test-receiver/on", "test-receiver/off", "endpoints/on", "endpoints/test", "client-apps/reconnect"):
        assert (await manager.call(f"/frame/{call}")).status == 403
    await (await main(world, world.admin(), "delivery")).call("/frame/test-receiver/on")
    await world.settle()

    stranger = await other_admin(world)
    assert "Switch on the test receiver" in await stranger.content()
    mine = await (await main(world, world.admin(), "delivery")).content()
    ids = {name: field(mine, "/frame/endpoints/test", name) for name in ("client_app", "endpoint")}
    for call in ("/frame/endpoints/test", "/frame/endpoints/on", "/frame/client-apps/reconnect"):
        assert (await stranger.call(call, **ids)).status == 404
    for call in ("key", "revoke", "reconnect"):
        assert (
            await (await main(world, world.admin(), "delivery")).call(f"/frame/client-apps/{call}", **ids)
        ).status == 404
    assert "Пробный приёмник" not in (await main(world, world.manager())).html


async def other_admin(world: World) -> Frame:
    """The settings of the other portal, opened by its administrator."""
    portal = world.other_portal
    installation = portal.installations[world.market_app.client_id]
    return frame(world, await world.open(installation, world.admin(portal), page="settings/delivery"))


async def test_an_address_that_was_switched_off_is_switched_on_by_the_administrator(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    world.receiver.answers = [410]
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    admin = await main(world, world.admin(), "delivery")
    assert "адрес выключен" in admin.html and "такого адреса больше нет" in admin.html

    call = "/frame/endpoints/on"
    ids = {name: field(admin.html, call, name) for name in ("client_app", "endpoint")}
    for _ in range(2):
        on = (await admin.call(call, **ids)).json()["html"]
        assert "адрес выключен" not in on and "Проверяем адрес" in on
        assert on.count("Включён адрес") == 1, "the journal tells what was changed"
    await world.settle()
    assert "Отправить тестовое уведомление" in await admin.content()
    world.tick(Entity.CONTACT, contact, ticked=False)
    await world.settle()
    assert [one.data["new_state"] for one in world.receiver.events()] == ["confirmed"]


async def test_what_does_not_go_away_by_itself_is_said_in_words(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.subscribe()
    world.leftovers_explained = "the news is tried again later"
    for answer, said in ((503, False), (302, True)):
        world.receiver.answers = [answer]
        world.pass_time(seconds=10)
        world.tick(Entity.CONTACT, contact, ticked=answer == 503)
        await world.settle()
        page = (await main(world, world.admin(), "delivery")).html
        assert "временно не отвечает" in page
        assert ("Причина: клиентское приложение ответило перенаправлением." in page) is said


async def test_a_disconnected_app_stands_there_for_a_week_with_who_did_it(world: World) -> None:
    await world.install()
    await world.subscribe()
    admin = await main(world, world.admin(), "delivery")
    app = field(admin.html, "/frame/client-apps/revoke", "client_app")
    gone = (await admin.call("/frame/client-apps/revoke", client_app=app)).json()["html"]
    assert world.admin().name in gone.split("disconnected")[1] and "Подключить снова" in gone
    await world.settle()

    back = (await admin.call("/frame/client-apps/reconnect", client_app=app)).json()["html"]
    key = "b24_" + back.split('value="b24_')[1].split('"')[0]
    await world.settle()
    assert (await world.api("GET", "/endpoints", key)).json()["data"][0]["state"] == "active"
    assert "Подключить снова" not in await admin.content()

    await admin.call("/frame/client-apps/revoke", client_app=app)
    await world.settle()
    world.pass_time(days=8)
    assert "Подключить снова" not in (await main(world, world.admin(), "delivery")).html
