"""Buttons in the card tab: the person's own right, one intent, and the change coming in like any other."""

from __future__ import annotations

from sqlalchemy import select

from b24app.domain.verification.membership import Action
from b24app.verification.store.intents import STATED
from b24app.verification.store.tables import intents as intents_table
from b24app.verification.store.tables import memberships
from emulator.crm.entities import Entity
from emulator.model.faults import Break
from emulator.model.people import CrmAccess
from tests.doors.frames import members, tab
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
    assert f"Доступ подтверждён · {world.manager().full_name}" in shown and "Позвонила директору" in shown
    assert "Доставлено: <span" in shown
    assert await intents(world) == ["applied"]


async def test_the_box_stays_ticked_while_others_of_the_company_wait(world: World) -> None:
    company = world.add_company()
    people = [world.add_contact(company, name=name) for name in ("Вера", "Илья")]
    await world.install()
    await world.subscribe()
    world.tick(COMPANY, company)
    await world.settle()
    opened = await tab(world, "company", company)
    assert "Проверки ждут двое" in opened.html and "Подтвердите каждого кнопкой" in opened.html
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
    assert "Возвращено на проверку" in await opened.content()


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
