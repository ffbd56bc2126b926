"""Buttons in the card tab: the person's own right, one intent, and the change coming in like any other."""

from __future__ import annotations

from sqlalchemy import select

from b24app.delivery.journeys import client_apps
from b24app.domain.verification.membership import Action
from b24app.verification.store.intents import STATED
from b24app.verification.store.tables import intents as intents_table
from b24app.verification.store.tables import memberships
from emulator.crm.entities import Entity
from emulator.faults import Break
from emulator.people import CrmAccess
from tests.doors.frames import main, members, tab
from tests.stories.scene import at
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


async def intents(world: World) -> list[str]:
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        return list((await db.execute(select(intents_table.c.state))).scalars())


async def standing(world: World) -> list[str]:
    """How the memberships stand."""
    row = await world.row()
    async with world.resources.tenant(row.id) as db:
        return sorted((await db.execute(select(memberships.c.state))).scalars())


async def test_a_manager_confirms_with_a_note_and_the_client_app_hears_who_it_was(world: World) -> None:
    company = world.add_company()
    contact = world.add_contact(company)
    await world.install()
    await world.subscribe()
    world.tick(CONTACT, contact)
    await world.settle()
    opened = await tab(world, "contact", contact)
    (membership,) = members(opened.html)

    pressed = await opened.press("confirm", membership, "Позвонила директору")
    assert "сохраняется" in pressed.json()["html"] and "data-waits" in pressed.json()["html"]
    await world.settle()

    told = world.receiver.events()[-1]
    assert told.data["new_state"] == "confirmed" and told.data["reason"] == "button_confirm"
    assert told.data["decided_by"] == {"user_id": world.manager().id, "source": "button"}
    assert world.card(CONTACT, contact) == (False, "Подтверждён")
    assert world.card(COMPANY, company) == (False, "Подтверждён")
    shown = await opened.content()
    assert f"Подтвердил(а) {world.manager().full_name}" in shown and "Позвонила директору" in shown
    assert "доставлено" in shown and "data-waits" not in shown
    assert await intents(world) == ["applied"]


async def test_the_box_stays_ticked_while_others_of_the_company_wait(world: World) -> None:
    company = world.add_company()
    people = [world.add_contact(company, name=name) for name in ("Вера", "Илья")]
    await world.install()
    await world.subscribe()
    world.tick(COMPANY, company)
    await world.settle()
    opened = await tab(world, "company", company)
    assert "Выберите кнопкой" in opened.html
    first, second = members(opened.html)

    assert (await opened.press("confirm", first)).status == 200
    await world.settle()
    assert world.card(COMPANY, company) == (True, "На проверке")
    assert [world.card(CONTACT, one)[0] for one in people] == [False, True]

    assert (await opened.press("confirm", second)).status == 200
    await world.settle()
    assert world.card(COMPANY, company) == (False, "Подтверждён")
    assert sorted(one.data["new_state"] for one in world.receiver.events()) == ["confirmed"] * 2 + ["pending"] * 2


async def test_sending_back_ticks_the_box(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    opened = await tab(world, "contact", contact)
    (membership,) = members(opened.html)
    assert (await opened.press("recheck", membership, "Сменился телефон")).status == 200
    await world.settle()
    assert world.card(CONTACT, contact) == (True, "На проверке")
    assert "Вернул(а) на проверку" in await opened.content()


async def test_who_may_not_change_the_card_is_told_so_and_nothing_remains(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    opened = await tab(world, "contact", contact)
    world.manager().crm_access = CrmAccess.NONE
    refused = await opened.press("confirm", members(opened.html)[0])
    assert refused.status == 403 and "не можете изменить эту карточку" in refused.json()["error"]["text"]
    await world.settle()
    assert world.card(CONTACT, contact) == (True, "На проверке")
    assert await intents(world) == []


async def test_an_expired_token_is_replaced_by_the_frames_fresh_one(world: World) -> None:
    contact = world.add_contact()
    installation = await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    opened = await tab(world, "contact", contact)
    (membership,) = members(opened.html)
    auth = world.emulator.world.auth
    auth.expire_access(installation, world.manager().id)
    ended = await opened.press("confirm", membership)
    assert (ended.status, ended.json()["error"]["code"]) == (401, "fresh_token_needed")
    assert await intents(world) == []

    fresh = await opened.call("/frame/token", access_token=auth.issue(installation, world.manager()).access_token)
    opened.block["token"] = fresh.json()["token"]
    assert (await opened.press("confirm", membership)).status == 200
    await world.settle()
    assert world.card(CONTACT, contact) == (False, "Подтверждён")


async def test_a_lost_answer_proves_no_right(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    opened = await tab(world, "contact", contact)
    at(world, "button.stated", lambda: world.emulator.world.faults.add(Break.CUT, times=1, method="batch"))
    lost = await opened.press("confirm", members(opened.html)[0])
    assert lost.status == 502 and "не подтвердил изменение" in lost.json()["error"]["text"]
    assert await intents(world) == [], "the box may have changed, but not by this button's word"
    await world.settle()
    assert "сохраняется" not in await opened.content()


async def test_a_press_whose_end_nobody_saw_decides_like_a_bare_box_in_the_end(world: World) -> None:
    """We die between the portal's yes and ours. Until the press counts as lost it may still say whom it was about."""
    contact = world.add_contact(world.add_company("ООО «Кран»"), world.add_company("ООО «Подъём»"))
    await world.install()
    opened = await tab(world, "contact", contact)
    world.failpoints.armed = {"button.written"}
    assert (await opened.press("recheck", members(opened.html)[0])).status == 500
    await world.settle()
    assert await intents(world) == [STATED]
    assert world.card(CONTACT, contact) == (True, "На проверке")
    assert await standing(world) == ["confirmed", "confirmed"]

    world.pass_time(minutes=3)
    await world.settle()
    assert await standing(world) == ["pending", "pending"]
    assert (await opened.press("confirm", members(opened.html)[0])).status == 200
    await world.settle()
    assert sorted(await intents(world)) == ["applied", "dropped"], "the lost press is over for good"


async def test_a_button_of_another_card_or_a_second_press_is_refused_in_words(world: World) -> None:
    first, second = world.add_contact(), world.add_contact(name="Вера")
    await world.install()
    world.tick(CONTACT, first)
    await world.settle()
    opened, other = await tab(world, "contact", first), await tab(world, "contact", second)
    (waiting,), (confirmed,) = members(opened.html), members(other.html)
    assert (await other.press("confirm", waiting)).status == 404
    already = await other.press("confirm", confirmed)
    assert already.status == 409 and "уже решено" in already.json()["error"]["text"]
    for body in ({"membership": "x"}, {"membership": waiting, "action": "delete"}, {"subject": "deal:1"}):
        answer = await opened.call("/frame/press", **{"action": Action.CONFIRM, "note": "", **body})
        assert answer.status in (404, 422)


async def test_settings_are_for_administrators_and_a_key_is_shown_once(world: World) -> None:
    await world.install()
    manager, admin = await main(world, world.manager()), await main(world, world.admin())
    assert "Проверить и восстановить" not in manager.html and "Проверить и восстановить" in admin.html
    refused = [
        await manager.call("/frame/repair"),
        await manager.call("/frame/mode", mode="off"),
        await manager.call("/frame/client-apps", name="Моё приложение"),
    ]
    assert {one.status for one in refused} == {403}

    made = (await admin.call("/frame/client-apps", name="Мобильное приложение")).json()["html"]
    key = "b24_" + made.split('value="b24_')[1].split('"')[0]
    assert (await world.api("GET", "/me", key)).status == 200
    again = await admin.content()
    assert key not in again and f"ключ …{key[-4:]}" in again

    app_id = again.split('name="client_app" value="')[1].split('"')[0]
    assert (await admin.call("/frame/client-apps/revoke", client_app=app_id)).status == 200
    assert (await world.api("GET", "/me", key)).status == 401
    assert (await admin.call("/frame/client-apps", name=" ")).status == 422


async def test_a_new_key_takes_the_place_of_the_old_one_for_the_same_origins(world: World) -> None:
    await world.install()
    portal = await world.row()
    first = await client_apps.create(world.resources, portal.id, "Кабинет", ("https://cabinet.example",))
    admin, manager = await main(world, world.admin()), await main(world, world.manager())
    asked = {"client_app": str(first.app.id)}
    assert (await manager.call("/frame/client-apps/key", **asked)).status == 403
    assert (await world.api("GET", "/me", first.key)).status == 200

    made = (await admin.call("/frame/client-apps/key", **asked)).json()["html"]
    key = "b24_" + made.split('value="b24_')[1].split('"')[0]

    assert (await world.api("GET", "/me", first.key)).status == 401
    for origin, status in (("https://cabinet.example", 200), ("https://elsewhere.example", 403)):
        assert (await world.api("GET", "/me", key, Origin=origin)).status == status
    told = await admin.content()
    assert f"ключ …{key[-4:]}" in told and first.key[-4:] not in told
    await client_apps.revoke(world.resources, portal.id, first.app.id)
    assert (await admin.call("/frame/client-apps/key", **asked)).status == 404


async def test_repair_puts_back_what_somebody_removed(world: World) -> None:
    installation = await world.install()
    admin = await main(world, world.admin())
    before = len(installation.placements)
    installation.placements.clear()
    repaired = await admin.call("/frame/repair")
    assert repaired.status == 200 and len(installation.placements) == before
    assert "Приложение работает" in repaired.json()["html"]


async def test_a_module_that_is_off_has_no_buttons(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    opened = await tab(world, "contact", contact)
    (membership,) = members(opened.html)
    admin = await main(world, world.admin())
    assert (await admin.call("/frame/mode", mode="off")).status == 200
    shown = await opened.content()
    assert members(shown) == [] and "Проверка выключена" in shown
    assert (await opened.press("recheck", membership)).status == 409
    assert (await admin.call("/frame/mode", mode="sideways")).status == 422
    assert (await admin.call("/frame/mode", mode="on")).status == 200
    await world.settle()
    assert members(await opened.content()) == [membership]


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
    assert (await world.row()).mode("verification") == "watch"


async def test_while_watching_a_button_writes_nothing(world: World) -> None:
    contact = world.add_contact(world.add_company())
    await world.install()
    await world.mode("watch")
    world.tick(CONTACT, contact)
    await world.settle()

    opened = await tab(world, "contact", contact)

    assert members(opened.html) == []
    await world.mode("on")
    await world.settle()
    assert world.card(CONTACT, contact) == (True, "На проверке")  # what watching decided is put into the cards now
    assert len(members((await tab(world, "contact", contact)).html)) == 1
