"""The record of a portal: nothing where it is as documented, each known difference by name, and no value of anybody."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from b24app.cards.journeys.test_cards import code_for
from b24app.cli import main as command
from b24app.cli.doctor_record import record_portal, write
from b24app.connection_check.journeys import recording
from b24app.connection_check.journeys.trying_out import Tried
from b24app.demo import servers
from b24app.domain.cards import test_card as cards
from b24app.domain.connection_check import portal_record
from b24app.manifest import Manifest
from b24app.verification.store.tables import memberships
from emulator.config import PortalConfig
from emulator.crm.entities import Entity
from emulator.crm.layouts import COMMON, Variant
from emulator.model.differences import DIFFERENCES
from emulator.model.faults import Break
from emulator.model.placements import PLACES, Place
from tests.stories.scene import COMPANY, CONTACT
from tests.world import Killed, World, open_world

VIEW = [{"name": "main", "title": "Главное", "type": "section", "elements": [{"name": "NAME", "optionFlags": 1}]}]
REWRITE = "B24APP_REWRITE_SHAPES"


async def lived_in(world: World) -> None:
    """A portal with what records have to have seen: full and empty, linked and alone, decided and not."""
    company, empty = world.add_company(), world.add_company("7717")
    world.add_company("Никто не смотрел")
    world.add_contact(company, empty)
    person = world.add_contact(company, name="Вера")
    world.add_contact(name="Пётр", last_name="")
    filled = world.add_requisite(COMPANY, company, RQ_KPP="771701001")
    world.add_requisite(CONTACT, person, inn="")
    world.portal.crm.requisites.add(
        {"ENTITY_TYPE_ID": 3, "ENTITY_ID": person, "PRESET_ID": 3, "NAME": "Физ. лицо"}, None
    )
    await world.install()
    world.tick(CONTACT, person)
    await world.settle()
    world.tick_by_robot(COMPANY, empty)
    await world.settle()
    world.portal.crm.requisites.update(filled, {"RQ_KPP": "771701002"}, world.admin())
    world.add_requisite(COMPANY, empty, inn="BY 1234-X", RQ_KPP="none", ACTIVE="N")
    world.portal.crm.layouts.set(Variant(3), COMMON, world.admin().id, VIEW)
    for entity in (Entity.DEAL, Entity.LEAD):
        world.portal.crm.add(entity, {"TITLE": "Аренда"}, world.admin())
    await world.settle()


async def recorded(world: World, tried: Tried | None = None) -> Mapping[str, Any]:
    return await recording.record(world.resources, await world.row(), tried)


def switches(said: Mapping[str, Any]) -> set[str]:
    return {one.switch for one in recording.differences_of(said)}


async def test_a_portal_as_documented_has_no_difference_and_is_the_reference(world: World) -> None:
    world.portal.plan = "pro"  # the reference names its licence's length
    await lived_in(world)
    said = await recorded(world, Tried())
    if os.environ.get(REWRITE):
        recording.REFERENCE.write_text(one_line_each(said["calls"], said["facts"]["places"]), "utf-8")
        pytest.skip("the reference was written anew")
    calls, places = recording.reference()
    known = portal_record.calls_as_json(calls), sorted(places)
    assert (said["calls"], said["facts"]["places"]) == known, (
        f"the emulator answers otherwise now: run once with {REWRITE}=1"
    )
    assert said["differences"] == [] and "broken" not in said


def one_line_each(calls: Mapping[str, Mapping[str, Any]], places: list[str]) -> str:
    """A method a line, so that a change of one is read as one."""
    steps = []
    for step, methods in calls.items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in methods.items())
        steps.append(f" {json.dumps(step)}: {{\n{lines}\n }}")
    return f'{{"places": {json.dumps(places)},\n"calls": {{\n' + ",\n".join(steps) + "\n}}\n"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"date_filter_zone": "digits"}, {"date_filter_zone = digits"}),
        ({"date_filter_zone": "nothing"}, {"date_filter_zone = nothing"}),
        ({"date_filter_zone": "everything"}, {"date_filter_zone = everything"}),
        ({"filter_drops_empty": True}, {"filter_drops_empty"}),
        ({"cursor_ignored": True}, {"cursor_ignored"}),
        ({"original_names_drop_system": True}, {"original_names_drop_system"}),
        ({"install_unfinished": True}, {"install_unfinished"}),
        ({"placements_undocumented": True}, {"placements_undocumented"}),
        ({"camel_forms_mixed": True}, {"camel_forms_mixed"}),
        ({"operating": "absent"}, {"operating = absent"}),
        ({"operating": "zero"}, {"operating = zero"}),
        ({"time_absent": True}, {"time_absent"}),
        ({"methods_missing": ["feature.get"]}, {"methods_missing = [feature.get]"}),
        ({"user_filter_flat": True}, {"user_filter_flat"}),
        ({"user_ids_numbers": True}, {"user_ids_numbers"}),
        ({"clock_shift": -420}, {"clock_shift = -420"}),
        ({"rows_empty": ["*"]}, {"rows_empty"}),
        ({"date_modified_null": ["*"]}, {"date_modified_null"}),
        ({"date_modified_blank": ["*"]}, {"date_modified_blank"}),
        ({"box_true": ["*"]}, {"box_true"}),
        ({"text_nul": ["*"]}, {"text_nul"}),
        ({"text_half_letter": ["*"]}, {"text_half_letter"}),
    ],
    ids=lambda given: "-".join(map(str, given)) if isinstance(given, dict) else "",
)
async def test_exactly_the_differences_that_are_on_are_named(
    world: World, given: Mapping[str, Any], told: set[str]
) -> None:
    await lived_in(world)
    world.portal.differences.change(given)
    world.installation().installed = "install_unfinished" not in given
    said = await recorded(world)
    assert switches(said) == told, said["differences"]
    world.emulator.world.warnings.clear()  # an empty condition is sent on purpose


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"write_ignores": ["UF_CRM_B24APP_STATUS"]}, {"write_ignores = [UF_CRM_B24APP_STATUS]"}),
        ({"database_clock_shift": -10800}, {"database_clock_shift = -10800"}),
        ({"date_filter_zone": "nothing"}, {"date_filter_zone = nothing"}),
    ],
)
async def test_what_only_a_write_shows_is_named_by_the_test_card(
    world: World, given: Mapping[str, Any], told: set[str]
) -> None:
    await world.install()
    world.portal.differences.change(given)
    tried = Tried()
    assert switches(await recorded(world, tried)) == told
    assert tried.left is None
    await world.settle()


async def test_the_test_card_makes_no_news_and_leaves_nothing_behind(world: World) -> None:
    """Workers read it while it is there: ticked, waiting for a check."""
    await lived_in(world)
    await world.subscribe()
    before, known = len(world.receiver.heard), dict(world.portal.crm.tables[CONTACT].rows)
    tried = Tried()
    task = asyncio.create_task(recorded(world, tried))
    while not task.done():
        await world.settle()
    await task
    await world.settle()
    await world.rescan()
    await world.sweep()
    assert tried.left is None and world.portal.crm.tables[CONTACT].rows.keys() == known.keys()
    assert len(world.receiver.heard) == before


async def test_a_card_of_its_name_is_passed_over_by_every_way_of_reading(world: World) -> None:
    await world.install()
    await world.subscribe()
    before = len(world.receiver.heard)
    card = world.add_contact(name=cards.FIRST, last_name=await test_name(world))
    world.tick(CONTACT, card)
    await world.settle()
    world.pass_time(minutes=6)
    await world.rescan()
    await world.sweep()
    await world.mode("off")
    await world.mode("on")  # reads everything from the beginning
    await world.settle()
    world.portal.crm.delete(CONTACT, card, world.admin())
    await world.settle()
    assert len(world.receiver.heard) == before
    assert await memberships_of(world) == 0


@pytest.mark.parametrize("last_name", ["test card, may be deleted 0123456789abcdef", "test card, may be deleted"])
async def test_nobody_elses_card_is_taken_for_it(world: World, last_name: str) -> None:
    await world.install()
    world.add_contact(name=cards.FIRST, last_name=last_name)
    await world.settle()
    assert await memberships_of(world) == 1


async def test_a_client_whose_card_is_given_its_name_stays_a_client(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    await world.subscribe()
    world.portal.crm.update(CONTACT, contact, {"NAME": cards.FIRST, "LAST_NAME": await test_name(world)}, None)
    world.tick(CONTACT, contact)
    await world.settle()
    (told,) = world.receiver.events()
    assert told.data["new_state"] == "pending"


async def test_whatever_breaks_it_off_the_test_card_is_deleted(world: World) -> None:
    await world.install()
    world.failpoints.armed.add("test_card.made")
    tried = Tried()
    with pytest.raises(Killed):
        await recorded(world, tried)
    assert tried.left is None and not world.portal.crm.tables[CONTACT].rows
    await world.settle()


async def test_a_process_that_is_stopped_deletes_its_test_card_first(world: World, tmp_path: Path) -> None:
    await world.install()
    cards_there = world.portal.crm.tables[CONTACT].rows
    said = record_portal(world.resources.settings, world.portal.host, tmp_path / "r", with_test_card=True)
    task = asyncio.create_task(said)
    while not cards_there:  # noqa: ASYNC110 - a portal sets no asyncio.Event
        await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await task == 128 + signal.SIGTERM
    assert not cards_there
    await world.settle()


async def test_the_operator_reads_which_card_stayed(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await world.install()
    world.portal.counters[CONTACT] = 7_368_100
    world.portal.differences.change({"methods_missing": ["crm.contact.delete"]})
    said = record_portal(world.resources.settings, world.portal.host, tmp_path / "r", with_test_card=True)
    assert await said == 1
    (left,) = world.portal.crm.tables[CONTACT].rows
    assert f"the test card could not be deleted: contact {left};" in capsys.readouterr().out
    assert str(left) not in (tmp_path / "r").read_text("utf-8")
    await world.settle()


async def test_a_test_card_that_stayed_is_named_and_deleted_by_the_next_run(world: World) -> None:
    await world.install()
    world.portal.differences.change({"methods_missing": ["crm.contact.delete"]})
    tried = Tried()
    assert "methods_missing = [crm.contact.delete]" in switches(await recorded(world, tried))
    (left,) = world.portal.crm.tables[CONTACT].rows
    assert tried.left == left
    await world.settle()
    assert await memberships_of(world) == 0

    world.portal.differences.change({"methods_missing": []})
    tried = Tried()
    await recorded(world, tried)
    assert tried.left is None and not world.portal.crm.tables[CONTACT].rows
    await world.settle()


async def test_no_value_of_any_card_is_in_the_file(world: World, tmp_path: Path) -> None:
    """Looked for: names, titles, numbers, ids, people, addresses, tokens, and what a portal's owner called a field."""
    portal = world.portal
    portal.counters[CONTACT] = portal.counters[COMPANY] = 7_368_100
    portal.crm.userfields[CONTACT].add("UF_CRM_SECRET_DIAGNOSIS", "string", labels={})
    company = world.add_company("ООО «Тайна»")
    contact = world.add_contact(company, name="Аделаида", last_name="Невидимкина", UF_CRM_SECRET_DIAGNOSIS="грипп")
    world.add_requisite(COMPANY, company, inn="7723456781", RQ_KPP="772301991")
    installation = await world.install()
    world.tick(CONTACT, contact)
    await world.settle()
    file = tmp_path / "record.json"
    tried = Tried()
    write(await recorded(world, tried), file)
    await world.settle()

    assert world.emulator.world.auth.access
    text, admin = file.read_text("utf-8"), world.admin()
    secrets = [
        *("Тайна", "Аделаида", "Невидимкина", "грипп", "7723456781", "772301991", "DIAGNOSIS", "Diagnosis"),
        *(str(contact), str(company), "73681"),
        *(admin.name, admin.last_name, admin.email, cards.FIRST, await test_name(world)),
        *(portal.member_id, portal.host, portal.host.partition(":")[0], world.app_url, installation.application_token),
        *world.emulator.world.auth.access,
    ]
    assert [one for one in secrets if one in text] == []


async def test_name(world: World) -> str:
    return cards.last_name("en", code_for(world.resources, await world.row()))


test_name.__test__ = False  # type: ignore[attr-defined]


async def memberships_of(world: World) -> int:
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        return int((await db.execute(select(func.count()).select_from(memberships))).scalar_one())


@pytest.mark.parametrize("seed", ["rental", "acme"])
async def test_a_portal_full_of_cards_differs_no_more_than_a_small_one(
    clean_database: servers.Postgres, redis_url: str, manifest: Manifest, seed: str
) -> None:
    """Nothing in the reference hangs on the few cards it was taken from."""
    portals = (PortalConfig("first", "127.0.0.2:0", seed=seed), PortalConfig("second", "127.0.0.3:0"))
    async with open_world(clean_database, redis_url, manifest, portals) as world:
        await world.install()
        said = await recorded(world)
        assert (said["differences"], said["facts"]["date filter"], "broken" in said) == ([], "kept", False)


async def test_an_old_box_is_recorded_too(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> None:
    portals = (PortalConfig("first", "127.0.0.2:0", old=True), PortalConfig("second", "127.0.0.3:0"))
    async with open_world(clean_database, redis_url, manifest, portals) as world:
        await lived_in(world)
        said = await recorded(world, Tried())
        assert "broken" not in said and said["app"]["LICENSE"].endswith("selfhosted")
        assert "operating = absent" in switches(said)


async def test_places_are_named_without_the_numbers_of_types_that_somebody_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.install()
    monkeypatch.setitem(PLACES, "CRM_DYNAMIC_1058_DETAIL_TAB", Place("crm"))
    (found,) = recording.differences_of(await recorded(world))
    assert (found.method, found.seen) == ("placement.list", "CRM_DYNAMIC_N_DETAIL_TAB")


async def test_the_command_writes_the_file_and_names_each_difference(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await lived_in(world)
    file, settings = tmp_path / "record.json", world.resources.settings
    assert await record_portal(settings, world.portal.host, file, with_test_card=True) == 0
    assert capsys.readouterr().out == f"✓ record    {file} holds shapes only; docs/first-portal.md says what to do\n"

    world.portal.differences.change({"operating": "absent", "box_true": ["*"]})
    assert await record_portal(settings, world.portal.host, file) == 1
    said = capsys.readouterr().out
    assert "! record    * operating: fact absent, documented: counted [operating = absent]" in said
    assert "result.items[].ufCrm_B24APP_CHECK: type boolean, documented: flag [box_true]" in said
    assert json.loads(file.read_text("utf-8"))["facts"]["operating"] == "absent"
    await world.settle()


@pytest.mark.parametrize("arguments", [["--record", "f"], ["--portal", "p", "--with-test-card"]])
def test_the_command_says_what_it_needs(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command(["doctor", *arguments])
    assert "--record needs --portal, --with-test-card needs --record" in capsys.readouterr().err


@pytest.mark.parametrize(("where", "said"), [("", "that is a folder"), ("none/portal.json", "there is no such folder")])
def test_a_file_that_cannot_be_written_is_refused_before_the_portal_is_asked(
    where: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command(["doctor", "--portal", "p", "--record", str(tmp_path / where)])
    assert said in capsys.readouterr().err


async def test_a_portal_that_stops_answering_leaves_what_was_heard(world: World) -> None:
    await lived_in(world)
    world.emulator.world.faults.add(Break.ERROR_500, times=-1, method="event.offline.list")
    said = await recorded(world)
    assert said["stopped"] and "portal" in said["calls"] and "contact" not in said["calls"]
    world.emulator.world.faults.clear()


def test_each_switch_that_is_named_is_one_of_the_control_door() -> None:
    named = {*(one.switch for one in portal_record.FACTS.values()), *portal_record.IMITATED.values()}
    named |= {*portal_record.BY_TYPE.values(), *portal_record.BY_METHOD}
    assert {one.partition(" ")[0] for one in named} <= set(DIFFERENCES)
