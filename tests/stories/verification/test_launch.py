"""The choice at the beginning: who keeps the access that nobody has decided about."""

from __future__ import annotations

from emulator.crm.entities import Entity
from tests.doors.frames import members, tab
from tests.stories.verification.launching import add_deal, choose, counted, press, said, view, work
from tests.world import World

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY


async def test_clients_with_a_recent_deal_keep_access_and_others_are_checked(world: World) -> None:
    busy, quiet = world.add_company("ООО «Высота»"), world.add_company("ООО «Тишина»")
    client, employee = world.add_contact(name="Пётр"), world.add_contact(busy, name="Илья")
    stranger = world.add_contact(quiet, name="Анна")
    add_deal(world, client)
    add_deal(world, company=busy)
    await world.install()
    key = await world.subscribe()
    await counted(world)

    page = said(await choose(world, "recent"))
    assert "Анна" in page and "Пётр" not in page and "Илья" not in page
    assert world.card(CONTACT, stranger) == (False, "")

    await press(world, "start")
    await work(world)

    (told,) = world.receiver.events()
    assert (told.data["contact_id"], told.data["new_state"], told.data["reason"]) == (stranger, "pending", "launch")
    assert told.data["decided_by"] == {"user_id": world.admin().id, "source": "button"}
    assert world.card(CONTACT, stranger) == world.card(COMPANY, quiet) == (True, "На проверке")
    assert world.card(CONTACT, client) == world.card(CONTACT, employee) == (False, "")
    states = {
        one["contact"]["id"]: one["state"] for one in (await world.api("GET", "/memberships", key)).json()["data"]
    }
    assert states == {client: "confirmed", employee: "confirmed", stranger: "pending"}
    opened = await tab(world, "contact", stranger, world.admin())
    assert f"Проверка назначена при запуске · {world.admin().full_name}" in opened.html


async def test_undoing_restores_what_nobody_has_decided_about_since(world: World) -> None:
    people = [world.add_contact(name=name) for name in ("Анна", "Вера", "Илья")]
    await world.install()
    await world.subscribe()
    await choose(world, "nobody")
    await press(world, "start")
    await work(world)
    opened = await tab(world, "contact", people[0])
    await opened.press("confirm", members(opened.html)[0], "Звонила")
    world.tick(CONTACT, people[1], ticked=False)
    await world.settle()
    before = len(world.receiver.events())

    await press(world, "undo")
    await work(world)

    (told,) = world.receiver.events()[before:]
    assert (told.data["contact_id"], told.data["new_state"]) == (people[2], "confirmed")
    assert told.data["reason"] == "launch_undone"
    assert [world.card(CONTACT, one) for one in people] == [(False, "Подтверждён")] * 2 + [(False, "")]
    assert (await view(world)).phase == "undone"
