"""An admin takes the portal's data out, the data is deleted, and the file brings it back."""

from __future__ import annotations

import json

from tests.doors.frames import main, members, tab
from tests.stories.export.files import (
    COMPANY,
    CONTACT,
    Decided,
    exported,
    goes_and_comes_back,
    lines,
    restored,
    sent,
    settings,
    stored,
    uploaded,
    verdicts,
)
from tests.world import World


async def test_the_file_is_readable_by_anybody_and_holds_no_key_and_no_name(world: World, decided: Decided) -> None:
    file = lines(await exported(world))

    assert file[0]["export"]["member_id"] == world.portal.member_id
    rows = [one["row"] for one in file if one.get("section") == "memberships"]
    assert [(one["contact_id"], one["state"]) for one in rows] == [
        (decided.first, "confirmed"),
        (decided.second, "pending"),
        (decided.alone, "confirmed"),
    ]
    assert (rows[0]["reason"], rows[0]["note"], rows[0]["decided_by"]) == (
        "button_confirm",
        "Директор, звонила",
        world.manager().id,
    )
    sections = list(dict.fromkeys(one["section"] for one in file[1:-1]))
    assert sections == ["settings", "customers", "persons", "client_apps", "endpoints", "memberships"], (
        "in the order of old files"
    )
    assert {one["name"]: one["rows"] for one in file[-1]["manifest"]["sections"]}["memberships"] == 3
    text = json.dumps(file, ensure_ascii=False)
    assert world.receiver.secret not in text and "b24_" not in text
    assert "Соколов" not in text and "Стройтехника" not in text


async def test_deleted_with_the_app_and_brought_back_by_the_file(world: World, decided: Decided) -> None:
    before = await stored(world)
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    assert await stored(world) != before
    opened = await settings(world)
    assert "Если у Вас есть выгрузка" in opened.html
    installer = await world.open(world.installation(), world.admin(), handler="/install")
    assert "Если у Вас есть выгрузка" in installer.text

    heard = len(world.receiver.heard)
    page = await restored(world, file)

    assert await stored(world) == before, "ids, decisions, authors, notes and what was told"
    assert world.card(CONTACT, decided.first) == (False, "Подтверждён")
    assert world.card(CONTACT, decided.second) == (True, "На проверке")
    assert world.card(COMPANY, decided.company) == (True, "На проверке")
    shown = (await tab(world, "contact", decided.first)).html
    assert "Директор, звонила" in shown and world.manager().full_name in shown
    assert len(world.receiver.heard) == heard, "nobody is told what was told before"
    assert "Если у Вас есть выгрузка" not in page and "Личный кабинет" in page


async def test_restoring_twice_changes_nothing(world: World, decided: Decided) -> None:
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    await restored(world, file)
    once = await stored(world)
    written = updates(world)

    again = await restored(world, file)

    assert await stored(world) == once
    assert verdicts(again) == {"уже есть, как в файле": 3}
    assert updates(world) == written


def updates(world: World) -> int:
    """Cards written so far."""
    commands = world.emulator.world.meters.commands
    return sum(commands["first", f"crm.{card}.update"] for card in ("contact", "company"))


async def test_a_client_app_comes_back_without_its_key_and_takes_a_new_one(world: World, decided: Decided) -> None:
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    await restored(world, file)
    opened = await main(world, world.admin(), "delivery")
    app_id = opened.html.split('name="client_app" value="')[1].split('"')[0]

    made = (await opened.call("/frame/client-apps/key", client_app=app_id)).json()["html"]
    key = "b24_" + made.split('value="b24_')[1].split('"')[0]

    (endpoint,) = (await world.api("GET", "/endpoints", key)).json()["data"]
    assert (endpoint["state"], endpoint["state_reason"]) == ("disabled", "restored")
    fresh = await world.api("POST", f"/endpoints/{endpoint['id']}/rotate-secret", key)
    world.receiver.secret = fresh.json()["secret"]
    assert (await world.api("PATCH", f"/endpoints/{endpoint['id']}", key, {"enabled": True})).status == 200
    await world.settle()
    world.tick(CONTACT, decided.alone)
    await world.settle()
    assert world.receiver.events()[-1].data["contact_id"] == decided.alone


async def test_what_people_decided_since_stays(world: World, decided: Decided) -> None:
    """Before the file is uploaded: one is decided by a button, one box was moved while nobody was looking."""
    file = await exported(world)
    await world.uninstall(decided.installation, clean=True)
    await world.erase()
    world.tick(CONTACT, decided.alone)  # the app is away
    await world.install()
    opened = await tab(world, "contact", decided.second)
    assert (await opened.press("confirm", members(opened.html)[0], "Теперь да")).status == 200
    await world.settle()

    page = await restored(world, file)

    assert world.card(CONTACT, decided.second) == (False, "Подтверждён")
    assert world.card(CONTACT, decided.alone)[0], "the box is the truth: ticked while we were away"
    key = await world.client_app()
    states = {
        one["contact"]["id"]: one["state"] for one in (await world.api("GET", "/memberships", key)).json()["data"]
    }
    assert states == {decided.first: "confirmed", decided.second: "confirmed", decided.alone: "pending"}
    assert verdicts(page)["не тронуты: люди изменили их позже"] >= 2


async def test_cards_and_links_that_are_gone_are_counted_and_left_out(world: World, decided: Decided) -> None:
    file = await exported(world)
    await world.uninstall(decided.installation, clean=True)
    await world.erase()
    world.portal.crm.delete(CONTACT, decided.alone, world.admin())
    await world.install()

    page = await restored(world, file)

    assert verdicts(page)["пропущены: карточки или связи больше нет"] == 1
    assert len(await stored(world)) == 2


async def test_who_heard_otherwise_since_the_return_hears_of_it(world: World) -> None:
    """A client app that came after the reinstall has read `pending` from the list; the file says `confirmed`."""
    company = world.add_company()
    first, second = world.add_contact(company), world.add_contact(company, name="Вера")
    installation = await world.install()
    world.tick(COMPANY, company)
    await world.settle()
    opened = await tab(world, "contact", first)
    assert (await opened.press("confirm", members(opened.html)[0])).status == 200
    await world.settle()
    file = await exported(world)
    await goes_and_comes_back(world, installation)
    key = await world.subscribe()
    listed = (await world.api("GET", "/memberships", key)).json()["data"]
    assert {one["contact"]["id"]: one["state"] for one in listed} == {first: "pending", second: "pending"}

    await restored(world, file)

    (told,) = world.receiver.events()
    assert (told.data["contact_id"], told.data["old_state"], told.data["new_state"]) == (first, "pending", "confirmed")


async def test_news_after_a_restore_is_newer_than_all_that_was_heard_before(world: World, decided: Decided) -> None:
    """More was told after the file was made; client apps drop what is not newer than what they hold."""
    file = await exported(world)
    for ticked in (True, False):
        world.tick(CONTACT, decided.first, ticked)
        await world.settle()
    before = [one.body["object_version"] for one in world.receiver.events() if one.data["contact_id"] == decided.first]
    await goes_and_comes_back(world, decided.installation)
    await restored(world, file)
    await world.subscribe()
    world.receiver.heard.clear()

    world.tick(CONTACT, decided.first)
    await world.settle()

    (news,) = [one for one in world.receiver.events() if one.data["contact_id"] == decided.first]
    assert news.body["object_version"] > max(before)


async def test_a_mode_comes_back_unless_somebody_has_switched_it(world: World, decided: Decided) -> None:
    await world.mode("watch")
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    await restored(world, file)
    assert (await world.row()).modes["verification"] == "watch"

    await world.mode("off")
    await restored(world, file)
    assert (await world.row()).modes["verification"] == "off"


async def test_a_worker_killed_on_the_way_out_and_on_the_way_back(world: World, decided: Decided) -> None:
    before = await stored(world)
    world.failpoints.armed = {"export.slice"}
    file = await exported(world)
    await goes_and_comes_back(world, decided.installation)
    world.failpoints.armed = {"restore.slice"}
    opened = await settings(world)
    await uploaded(world, file, opened)
    world.failpoints.armed = {"restore.slice"}

    await restored(world, file)

    assert world.kills == 3
    assert await stored(world) == before


async def test_the_preview_waits_for_the_first_reading_of_the_crm(world: World, decided: Decided) -> None:
    file = await exported(world)
    opened = await settings(world)
    await world.read_anew()
    row = await world.row()
    assert not row.imported
    assert await sent(opened, file) is None
    await world.settle()
    world.pass_time(seconds=11)
    await world.settle()
    assert verdicts(await opened.content()) == {"уже есть, как в файле": 3}


# --- files that must not ---------------------------------------------------------------------------------------------
