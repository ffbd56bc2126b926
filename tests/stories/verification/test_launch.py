"""The choice at the beginning: who keeps the access that nobody has decided about."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from b24app.cards.store.tables import records
from b24app.verification.journeys import launch
from emulator.crm.entities import Entity
from tests.chores import tidy_all
from tests.doors.frames import main, members, tab
from tests.stories.differences.switches import switch
from tests.stories.verification.launching import (
    add_deal,
    choose,
    counted,
    heard,
    launched,
    one_batch,
    press,
    said,
    view,
    work,
)
from tests.stories.verification.merging import states
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


async def test_everybody_stays_in_at_once_and_nothing_is_written(world: World) -> None:
    person = world.add_contact()
    await world.install()
    await world.subscribe()

    assert "Доступ открыт всем" in await choose(world, "everyone")
    await work(world)

    assert world.card(CONTACT, person) == (False, "") and heard(world) == []
    assert "Сначала проверять всех" in await press(world, "again")
    assert (await view(world)).asks


async def test_counting_leaves_no_trace_of_deals(world: World) -> None:
    company = world.add_company()
    person = world.add_contact(company)
    deal = add_deal(world, person, company=company)
    installation = await world.install()
    await counted(world)

    seen = await view(world)
    assert (seen.contacts, seen.companies, seen.launch.deals_read) == (1, 1, 1)
    async with world.resources.tenant((await world.row()).id) as db:
        assert set((await db.execute(select(records.c.kind).distinct())).scalars()) == {"contact", "company"}
    assert not [one.event for one in installation.bindings if "DEAL" in one.event]
    world.portal.crm.update(Entity.DEAL, deal, {"TITLE": "Другая"}, world.admin())
    await world.settle()


async def test_an_old_deal_makes_no_client(world: World) -> None:
    person = world.add_contact()
    add_deal(world, person)
    world.pass_time(days=400)
    recent = world.add_contact(name="Вера")
    add_deal(world, recent)
    await world.install()
    await counted(world)
    await choose(world, "recent")
    preview = (await view(world)).preview
    assert preview and [one.contact_id for one in preview.sample] == [person]


@pytest.mark.parametrize("dates", ["digits", "nothing", "everything"])
async def test_a_portal_that_understands_our_dates_otherwise_is_counted_all_the_same(world: World, dates: str) -> None:
    await switch(world, "differences", date_filter_zone=dates)
    person = world.add_contact()
    add_deal(world, person)
    await world.install()
    await counted(world)
    assert (await view(world)).contacts == 1


async def test_counting_goes_on_where_a_worker_died(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "GROUP", 1)
    people = [world.add_contact(name=f"Пётр {number}") for number in range(120)]
    for person in people:
        add_deal(world, person)
    await world.install()
    world.failpoints.armed.add("launch.counted")
    await counted(world)
    assert world.kills == 1 and (await view(world)).counting
    await counted(world)
    seen = await view(world)
    assert (seen.contacts, seen.launch.deals_read, seen.counted) == (120, 120, True)


async def test_what_was_counted_long_ago_is_counted_again(world: World) -> None:
    world.add_contact()
    late = world.add_contact(name="Вера")
    await world.install()
    await counted(world)
    world.pass_time(days=2)
    add_deal(world, late)
    await world.settle()

    await choose(world, "recent")
    assert (await view(world)).preview is None
    assert (
        "launch_not_ready"
        in (await (await main(world, world.admin(), "verification")).call("/frame/launch/start")).text
    )
    await counted(world)
    preview = (await view(world)).preview
    assert preview and preview.concerned == 1


async def test_a_person_in_two_companies_is_checked_for_the_one_without_a_deal(world: World) -> None:
    busy, quiet = world.add_company("ООО «Высота»"), world.add_company("ООО «Тишина»")
    person = world.add_contact(busy, quiet)
    add_deal(world, company=busy)
    await world.install()
    await world.subscribe()
    await counted(world)
    await choose(world, "recent")
    await press(world, "start")
    await work(world)
    assert {company: state for (_, company), state in (await states(world)).items()} == {
        busy: "confirmed",
        quiet: "pending",
    }
    assert world.card(CONTACT, person) == (True, "На проверке")
    assert world.card(COMPANY, busy) == (False, "")


async def test_it_goes_in_batches_and_stands_still_while_paused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "MANY", 2)
    people = await launched(world, "Анна", "Вера", "Илья", "Пётр", "Яна", batch=2, patch=monkeypatch)
    await one_batch(world)
    assert [world.card(CONTACT, one)[0] for one in people] == [True, True, False, False, False]
    page = said(await press(world, "pause"))
    assert "2 из 5" in page and "приостановлено" in page
    await one_batch(world)
    assert len(heard(world)) == 2

    await press(world, "resume")
    await work(world)
    assert sorted(heard(world)) == [(one, "pending", "launch") for one in people]
    assert (await view(world)).phase == "done"


async def test_whoever_is_decided_about_meanwhile_stays_as_decided(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await launched(world, "Анна", "Вера", "Илья", batch=1, patch=monkeypatch)
    await one_batch(world)
    world.tick(CONTACT, people[2])
    await world.settle()
    world.tick(CONTACT, people[2], ticked=False)
    await world.settle()
    await work(world)

    assert [world.card(CONTACT, one) for one in people] == [(True, "На проверке")] * 2 + [(False, "Подтверждён")]
    seen = await view(world)
    assert (seen.checked, seen.kept, seen.total, seen.done) == (2, 1, 3, 3)


async def test_an_undone_launch_ticks_nobody_whose_turn_had_come(world: World) -> None:
    people = await launched(world, "Анна", "Вера")
    await world._chores(launch.RUN)  # handed out, and not carried out yet
    await press(world, "undo")
    await world.settle()
    await work(world)
    assert [world.card(CONTACT, one) for one in people] == [(False, "")] * 2 and heard(world) == []
    assert (await view(world)).phase == "undone"


async def test_a_company_merged_meanwhile_is_checked_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "BATCH", 1)
    stays, goes = world.add_company("ООО «Высота»"), world.add_company("ООО «Высота»")
    first, second = world.add_contact(stays, name="Анна"), world.add_contact(goes, name="Вера")
    await world.install()
    await world.subscribe()
    await choose(world, "nobody")
    await press(world, "start")
    await one_batch(world)
    world.portal.crm.merge(COMPANY, stays, goes, world.manager())
    await world.settle()
    await work(world)

    assert await states(world) == {(first, stays): "pending", (second, stays): "pending"}
    pending = [one for one in heard(world) if one[1:] == ("pending", "launch")]
    assert sorted(pending) == [(first, "pending", "launch"), (second, "pending", "launch")]


async def test_switching_verification_off_stops_it_until_somebody_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await launched(world, "Анна", "Вера", batch=1, patch=monkeypatch)
    await one_batch(world)
    await world.mode("watch")
    await one_batch(world)
    assert (await view(world)).phase == "paused"
    await world.mode("on")
    await world.settle()
    await press(world, "resume")
    await work(world)
    assert [world.card(CONTACT, one)[0] for one in people] == [True, True]


async def test_two_admins_at_once_start_one_launch(world: World) -> None:
    people = await launched(world, "Анна")
    page = await main(world, world.admin(), "verification")
    again = await page.call("/frame/launch/start")
    assert again.status == 409 and "За это время кто-то уже изменил выбор" in again.text
    await work(world)
    assert heard(world) == [(people[0], "pending", "launch")]


async def test_after_thirty_days_nothing_is_left_to_undo(world: World) -> None:
    await launched(world, "Анна")
    await work(world)
    world.pass_time(days=31)
    await tidy_all(world.resources)
    assert not (await view(world)).may_undo
    assert (await (await main(world, world.admin(), "verification")).call("/frame/launch/undo")).status == 409
