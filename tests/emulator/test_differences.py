"""Known differences: off as documented, on as reported, portal by portal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.differences import DIFFERENCES, PROFILES, TABLE, Takes
from emulator.model.installs import finish
from emulator.opening import open_form
from tests.emulator.aid import Caller, Listener, asked

BOX = "UF_CRM_BOX"
SELECT = ["id", "name", "updatedTime", BOX]


@pytest.fixture
def contact(caller: Caller) -> int:
    crm = caller.portal.crm
    crm.userfields[Entity.CONTACT].add(BOX, "boolean", labels={})
    return crm.add(Entity.CONTACT, {"NAME": "Илья", BOX: "1"}, caller.portal.admin())


async def differ(caller: Caller, **given: Any) -> Any:
    url = f"{caller.portal.url}/_control/differences"
    answer = await asked(caller.session, "POST", url, json={"portal": caller.portal.name, **given})
    assert answer.status == 200, answer.text
    return answer.body[caller.portal.name]


async def rows(caller: Caller, **filter: Any) -> list[Any]:
    params = {"entityTypeId": 3, "select": SELECT, "filter": filter, "useOriginalUfNames": "Y"}
    return list((await caller.call("crm.item.list", params)).result["items"])


def test_each_says_in_a_sentence_what_it_is_and_where_it_was_told(caller: Caller) -> None:
    known = {*caller.emulator.world.methods, "oauth/token", "*"}
    assert len(DIFFERENCES) == len(TABLE)
    for one in TABLE:
        assert one.what.endswith("."), one.name
        assert one.source, one.name
        assert set(one.methods) <= known, one.name
        assert bool(one.words) is (one.takes is Takes.WORD), one.name
        caller.portal.differences.change({one.name: one.example})


def test_profiles_hold_what_a_portal_takes(caller: Caller) -> None:
    assert set(PROFILES) == {"as_documented", "reported_2026", "old_box"}
    for profile in PROFILES.values():
        caller.portal.differences.change(profile)


async def test_they_are_set_portal_by_portal_and_listed_in_the_state(caller: Caller) -> None:
    assert await differ(caller, operating="zero", clock_shift=-5) == {"clock_shift": -5, "operating": "zero"}
    assert await differ(caller, operating=None, clock_shift=0, time_absent=True) == {"time_absent": True}
    state = (await asked(caller.session, "GET", f"{caller.portal.url}/_control/state")).body
    assert {one["name"]: one["differences"] for one in state["portals"]} == {
        "first": {"time_absent": True},
        "second": {},
    }


async def test_a_profile_turns_off_what_it_does_not_name(caller: Caller) -> None:
    await differ(caller, user_ids_numbers=True)
    wanted = {name: value for name, value in PROFILES["old_box"].items() if name != "time_absent"}
    assert await differ(caller, profile="old_box", time_absent=False) == wanted
    assert await differ(caller, profile="as_documented") == {}


@pytest.mark.parametrize(
    "given",
    [
        {"time_absent": True, "unheard_of": True},
        {"operating": "sideways"},
        {"time_absent": "yes"},
        {"write_ignores": "TITLE"},
        {"profile": ""},
    ],
)
async def test_what_is_none_is_refused(caller: Caller, given: dict[str, Any]) -> None:
    url = f"{caller.portal.url}/_control/differences"
    assert (await asked(caller.session, "POST", url, json=given)).status == 400
    assert list(caller.portal.differences) == []


async def test_lists_with_original_names_lose_system_fields(caller: Caller, contact: int) -> None:
    whole = {"id": contact, "name": "Илья", BOX: "Y"}
    assert whole.items() <= (await rows(caller))[0].items()
    await differ(caller, original_names_drop_system=True)
    assert await rows(caller) == [{BOX: "Y"}]
    bare = {"entityTypeId": 3, "select": ["id"], "useOriginalUfNames": "Y"}
    assert (await caller.call("crm.item.list", bare)).body["result"]["items"] == [[]]
    assert (await caller.call("crm.item.list", bare | {"select": ["*"]})).result["items"][0]["id"] == contact
    assert (await caller.call("crm.item.list", {"entityTypeId": 3, "select": ["id"]})).result["items"] == [
        {"id": contact}
    ]


@pytest.mark.parametrize(
    ("word", "earlier", "later"), [(None, 1, 0), ("digits", 1, 1), ("nothing", 0, 0), ("everything", 1, 1)]
)
async def test_a_date_filter_and_its_offset(
    caller: Caller, contact: int, word: str | None, earlier: int, later: int
) -> None:
    """Digits of an hour ahead in UTC are two hours ago at a portal three hours east."""
    await differ(caller, date_filter_zone=word)
    now = datetime.now(UTC)
    for moment, found in ((now - timedelta(hours=1), earlier), (now + timedelta(hours=1), later)):
        assert len(await rows(caller, **{">=updatedTime": moment.isoformat(timespec="seconds")})) == found


async def test_an_empty_condition_is_dropped_and_warned_of(caller: Caller, contact: int) -> None:
    assert await rows(caller, name="") == []
    assert (await caller.call("crm.requisite.list", {"filter": {"RQ_INN": ""}})).body["total"] == 0
    await differ(caller, filter_drops_empty=True)
    assert len(await rows(caller, name="")) == 1
    assert len(await rows(caller, name="0")) == 0
    warned = caller.emulator.world.warnings
    assert warned == ["first: empty condition on NAME dropped"]
    warned.clear()
    cards = "crm.item.list?entityTypeId=3&filter"
    nowhere = {"a": f"{cards}[id]=0", "b": f"{cards}[>id]=$result[a][items][49][id]"}
    assert len((await caller.call("batch", {"cmd": nowhere})).result["result"]["b"]["items"]) == 1


@pytest.mark.parametrize("method", ["crm.item.list", "crm.requisite.list", "event.offline.list"])
async def test_a_cursor_is_ignored(caller: Caller, contact: int, method: str) -> None:
    crm, id_field = caller.portal.crm, "id" if method == "crm.item.list" else "ID"
    company = crm.add(Entity.COMPANY, {"TITLE": "Стройка"}, caller.portal.admin())
    owner = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1, "NAME": "Организация"}
    crm.requisites.add(owner, caller.portal.admin())
    await caller.call("event.bind", {"event": "ONCRMCONTACTUPDATE", "event_type": "offline"})
    crm.update(Entity.CONTACT, contact, {"NAME": "Пётр"}, caller.portal.admin())
    params = {"filter": {f">{id_field}": 10**6}, "start": -1} | ({"entityTypeId": 3} if id_field == "id" else {})
    for value, found in ((False, 0), (True, 1)):
        await differ(caller, cursor_ignored=value)
        result = (await caller.call(method, params)).result
        assert len(result["items"] if id_field == "id" else result) == found


async def test_a_write_answers_success_and_stores_nothing(caller: Caller, contact: int) -> None:
    await differ(caller, write_ignores=[BOX])
    answer = await caller.call("crm.contact.update", {"id": contact, "fields": {BOX: "0", "NAME": "Пётр"}})
    assert answer.result is True
    assert {"name": "Пётр", BOX: "Y"}.items() <= (await rows(caller))[0].items()


async def test_an_installation_that_never_becomes_finished(caller: Caller) -> None:
    caller.installation.installed = False
    await differ(caller, install_unfinished=True)
    assert finish(caller.installation, caller.portal.admin()) is False
    assert (await caller.call("app.info")).result["INSTALLED"] is False


async def test_a_slow_handler_is_not_called_any_more(caller: Caller, listener: Listener) -> None:
    await caller.call("event.bind", {"event": "ONCRMLEADADD", "handler": f"{listener.url}/slow"})
    await differ(caller, slow_handler_dropped=1e-9)
    for _ in range(2):
        await caller.call("crm.lead.add", {"fields": {"TITLE": "A"}})
        await caller.emulator.world.deliver()
    assert len(listener.events("ONCRMLEADADD")) == 1
    assert len((await caller.call("event.get")).result) == 1


async def test_extra_keys_at_an_opening(caller: Caller) -> None:
    assert "PLACEMENT_OPTIONS" not in dict(open_form(caller.installation, caller.user).fields)
    await differ(caller, options_extra_keys=True)
    given = dict(open_form(caller.installation, caller.user, options={"ID": "5"}).fields)["PLACEMENT_OPTIONS"]
    assert given == r'{"any":"207\/","ID":"5","install_finished":"Y"}'


async def test_places_that_no_page_names(caller: Caller) -> None:
    documented = (await caller.call("placement.list")).result
    await differ(caller, placements_undocumented=True)
    assert set((await caller.call("placement.list")).result) > set(documented)


async def test_user_fields_under_both_camel_forms(caller: Caller, contact: int) -> None:
    """Letters alone turn to camels anyway."""
    for name in ("UF_CRM_A1_CODE", "UF_CRM_A1_KINDS"):
        caller.portal.crm.userfields[Entity.CONTACT].add(name, "string", labels={})
    assert "ufCrm_A1_CODE" in (await caller.call("crm.item.get", {"entityTypeId": 3, "id": contact})).result["item"]
    await differ(caller, camel_forms_mixed=True)
    item = (await caller.call("crm.item.get", {"entityTypeId": 3, "id": contact})).result["item"]
    assert {"ufCrmBox", "ufCrm_A1_CODE", "ufCrmA1Kinds"} <= set(item)


async def test_what_an_answer_tells_of_time(caller: Caller) -> None:
    await caller.call("profile")
    assert (await caller.call("profile")).body["time"]["operating"] > 0
    await differ(caller, operating="zero")
    assert (await caller.call("profile")).body["time"]["operating"] == 0
    await differ(caller, operating="absent")
    assert not {"operating", "operating_reset_at"} & set((await caller.call("profile")).body["time"])
    await differ(caller, time_absent=True)
    assert set((await caller.call("profile")).body) == {"result"}
    batch = (await caller.call("batch", {"cmd": {"me": "profile"}})).body
    assert set(batch) == {"result"}
    assert batch["result"]["result_time"] == []


async def test_the_tail_of_a_batch_is_silent(caller: Caller) -> None:
    commands = {f"c{number}": "scope" for number in range(52)}
    told = (await caller.call("batch", {"cmd": commands})).result
    assert (len(told["result"]), set(told["result_error"])) == (50, {"c50", "c51"})
    await differ(caller, batch_tail_silent=50)
    told = (await caller.call("batch", {"cmd": commands})).result
    assert (len(told["result"]), told["result_error"]) == (50, [])


async def test_a_short_answer_to_a_refresh(caller: Caller) -> None:
    world, app = caller.emulator.world, caller.installation.app
    client = {"grant_type": "refresh_token", "client_id": app.client_id, "client_secret": app.client_secret}
    for value in (False, True):
        await differ(caller, refresh_short=value)
        token = world.auth.issue(caller.installation, caller.user).refresh_token
        told = world.auth.token(client | {"refresh_token": token})
        assert ({"expires", "user_id"} & set(told) == set()) is value
        assert told["member_id"] == caller.portal.member_id


async def test_methods_that_are_not_there(caller: Caller) -> None:
    await differ(caller, methods_missing=["feature.get"])
    assert (await caller.call("feature.get", {"CODE": "x"})).refusal == (404, "ERROR_METHOD_NOT_FOUND")
    assert (await caller.call("method.get", {"name": "feature.get"})).result["isExisting"] is False
    told = (await caller.call("batch", {"cmd": {"f": "feature.get?CODE=x", "p": "profile"}})).result
    assert (set(told["result"]), told["result_error"]["f"]["error"]) == ({"p"}, "ERROR_METHOD_NOT_FOUND")


async def test_who_comes_with_user_get(caller: Caller) -> None:
    caller.portal.users[2].active = False

    async def found() -> list[Any]:
        return [one["ID"] for one in (await caller.call("user.get", {"FILTER": {"ID": [2]}})).result]

    assert await found() == ["2"]
    await differ(caller, user_ids_numbers=True)
    assert await found() == [2]
    assert (await caller.call("profile")).result["ID"] == 1
    await differ(caller, user_ids_numbers=False, user_get_active_only=True)
    assert await found() == []
    await differ(caller, user_get_active_only=False, user_filter_flat=True)
    assert await found() == ["1", "2"]
    assert [one["ID"] for one in (await caller.call("user.get", {"ID": [2]})).result] == ["2"]


async def test_clocks_of_the_portal_and_of_its_database(caller: Caller, contact: int) -> None:
    crm, now = caller.portal.crm, caller.emulator.world.now()

    async def behind() -> tuple[int, int]:
        """Minutes: the date of change, and the clock of the answer."""
        crm.update(Entity.CONTACT, contact, {"NAME": "Пётр"}, caller.portal.admin())
        params = {"entityTypeId": 3, "select": ["updatedTime"]}
        answer = (await caller.call("crm.item.list", params)).body
        told = (answer["result"]["items"][0]["updatedTime"], answer["time"]["date_start"])
        stored, clock = (round((now - datetime.fromisoformat(one)).total_seconds() / 60) for one in told)
        return stored, clock

    assert await behind() == (0, 0)
    await differ(caller, clock_shift=-420)
    assert await behind() == (7, 7)
    await differ(caller, clock_shift=0, database_clock_shift=-10800)
    assert await behind() == (180, 0)


ODD: list[tuple[str, str, Any]] = [
    ("date_modified_null", "updatedTime", None),
    ("date_modified_blank", "updatedTime", ""),
    ("box_true", BOX, True),
    ("text_nul", "name", "И\0лья"),
    ("text_half_letter", "name", "Илья\ud83d"),
]


@pytest.mark.parametrize(("name", "field", "shown"), ODD)
async def test_odd_values_of_one_card(caller: Caller, contact: int, name: str, field: str, shown: Any) -> None:
    plain = caller.portal.crm.add(Entity.CONTACT, {"NAME": "Вера"}, caller.portal.admin())
    await differ(caller, **{name: [f"CONTACT_{contact}"]})
    odd, usual = await rows(caller)
    assert (odd[field], usual["id"], usual["name"]) == (shown, plain, "Вера")
    params = {"entityTypeId": 3, "id": contact, "useOriginalUfNames": "Y"}
    assert (await caller.call("crm.item.get", params)).result["item"][field] == shown


async def test_an_odd_text_in_requisites(caller: Caller, contact: int) -> None:
    owner = {"ENTITY_TYPE_ID": 3, "ENTITY_ID": contact, "PRESET_ID": 1, "NAME": "ИП", "RQ_INN": "7717586110"}
    number = caller.portal.crm.requisites.add(owner, caller.portal.admin())
    await differ(caller, text_nul=[f"REQUISITE_{number}"])
    (row,) = (await caller.call("crm.requisite.list")).result
    assert row["RQ_INN"] == "7\x00717586110"


async def test_an_empty_row_in_the_place_of_a_card(caller: Caller, contact: int) -> None:
    await differ(caller, rows_empty=["*"])
    assert await rows(caller) == [[]]


async def test_a_name_that_is_not_selected_does_not_come(caller: Caller, contact: int) -> None:
    """No portal was seen to do otherwise (bx-shef/some-report): a lead's stage is stageId, statusId is nothing."""
    lead = caller.portal.crm.add(Entity.LEAD, {"TITLE": "A"}, caller.portal.admin())
    params = {"entityTypeId": 1, "select": ["id", "statusId", "stageId"]}
    assert (await caller.call("crm.item.list", params)).result["items"] == [{"id": lead, "stageId": "NEW"}]
