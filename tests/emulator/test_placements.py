"""Places for an app: api-reference/widgets/placement-bind.md, -get.md, -unbind.md, -list.md."""

from typing import Any

import pytest

from emulator.model.placements import options_for
from tests.emulator.aid import Caller, Listener

TAB = {"PLACEMENT": "CRM_CONTACT_DETAIL_TAB", "HANDLER": "http://127.0.0.1:9/tab"}


async def test_bind_get_and_unbind(caller: Caller) -> None:
    texts = {"ru": {"TITLE": " Лояльность ", "DESCRIPTION": "о баллах"}, "en": {"TITLE": "Loyalty"}}
    assert (await caller.call("placement.bind", TAB | {"LANG_ALL": texts})).result is True
    (row,) = (await caller.call("placement.get")).result
    assert row | {"id": 0} == {
        "id": 0,
        "placement": TAB["PLACEMENT"],
        "userId": 0,
        "handler": TAB["HANDLER"],
        "options": [],
        "title": "Лояльность",
        "description": "о баллах",
        "langAll": {
            "ru": {"TITLE": "Лояльность", "DESCRIPTION": "о баллах", "GROUP_NAME": ""},
            "en": {"TITLE": "Loyalty", "DESCRIPTION": "", "GROUP_NAME": ""},
        },
    }
    assert caller.installation.placements[0].titled("en") == "Loyalty"
    assert (await caller.call("placement.unbind", TAB)).result == {"count": 2}
    assert (await caller.call("placement.unbind", TAB)).result == {"count": 0}


async def test_without_texts_the_apps_own_name_stands_in(caller: Caller) -> None:
    await caller.call("placement.bind", TAB)
    (row,) = (await caller.call("placement.get")).result
    assert row["langAll"] == {"ru": {"TITLE": "Приложение", "DESCRIPTION": "", "GROUP_NAME": ""}}


async def test_several_handlers_on_one_code_and_unbinding_all(caller: Caller) -> None:
    await caller.call("placement.bind", TAB)
    await caller.call("placement.bind", TAB | {"HANDLER": "http://127.0.0.1:9/second"})
    assert (await caller.call("placement.unbind", {"PLACEMENT": TAB["PLACEMENT"]})).result == {"count": 4}


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"HANDLER": "http://127.0.0.1:9/x"}, (400, "ERROR_ARGUMENT")),
        ({"PLACEMENT": "LEFT_MENU"}, (400, "ERROR_ARGUMENT")),
        (TAB | {"PLACEMENT": "DEFAULT"}, (400, "ERROR_ARGUMENT")),
        (TAB | {"PLACEMENT": "CRM_NOTHING"}, (400, "ERROR_PLACEMENT_NOT_FOUND")),
        (TAB | {"PLACEMENT": "CONTACT_CENTER"}, (400, "ERROR_PLACEMENT_NOT_FOUND")),
        (TAB | {"USER_ID": 1}, (400, "ERROR_PLACEMENT_USER_MODE")),
        (TAB | {"PLACEMENT": "PAGE_BACKGROUND_WORKER"}, (400, "EMPTY_ERROR_HANDLER_URL")),
        (TAB | {"HANDLER": "http://localhost/x"}, (400, "ERROR_WRONG_HANDLER_URL")),
        (TAB | {"HANDLER": "file://example.com/x"}, (400, "ERROR_UNSUPPORTED_PROTOCOL")),
    ],
)
async def test_refusals(caller: Caller, params: dict[str, Any], refusal: tuple[int, str]) -> None:
    assert (await caller.call("placement.bind", params)).refusal == refusal


WORKER = {"PLACEMENT": "PAGE_BACKGROUND_WORKER", "OPTIONS": {"errorHandlerUrl": "http://127.0.0.1:9/error"}}


async def test_a_background_worker_is_for_everybody_or_for_one_person(caller: Caller) -> None:
    """widgets/universal/background-worker.md: one handler for everybody and one for each user."""
    bound: list[tuple[str, dict[str, Any]]] = [("all", {}), ("anna", {"USER_ID": 1}), ("boris", {"USER_ID": 2})]
    for path, whose in bound:
        handler = {"HANDLER": f"http://127.0.0.1:9/{path}"}
        assert (await caller.call("placement.bind", WORKER | handler | whose)).result is True
    assert [row["userId"] for row in (await caller.call("placement.get")).result] == [0, 1, 2]
    for _, whose in bound:
        second = WORKER | {"HANDLER": "http://127.0.0.1:9/second"} | whose
        assert (await caller.call("placement.bind", second)).refusal == (400, "ERROR_PLACEMENT_MAX_COUNT")
    only = {"PLACEMENT": WORKER["PLACEMENT"], "USER_ID": 2}
    assert (await caller.call("placement.unbind", only)).result == {"count": 2}
    assert [row["userId"] for row in (await caller.call("placement.get")).result] == [0, 1]


async def test_one_address_serves_a_place_once_whoever_it_is_for(caller: Caller) -> None:
    handler = {"HANDLER": "http://127.0.0.1:9/worker"}
    await caller.call("placement.bind", WORKER | handler)
    assert (await caller.call("placement.bind", WORKER | handler | {"USER_ID": 1})).refusal == (400, "ERROR_CORE")


async def test_duplicates_and_the_cap_of_universal_places(caller: Caller) -> None:
    await caller.call("placement.bind", TAB)
    again = await caller.call("placement.bind", TAB)
    assert again.refusal == (400, "ERROR_CORE")
    assert again.body["error_description"] == "Unable to set placement handler: Handler already binded"
    link = {"PLACEMENT": "REST_APP_URI", "HANDLER": "http://127.0.0.1:9/1"}
    assert (await caller.call("placement.bind", link)).result is True
    second = await caller.call("placement.bind", link | {"HANDLER": "http://127.0.0.1:9/2"})
    assert second.refusal == (400, "ERROR_PLACEMENT_MAX_COUNT")


async def test_options_are_those_of_the_place(caller: Caller) -> None:
    activity = TAB | {"PLACEMENT": "crm_deal_detail_activity", "OPTIONS": {"useBuiltInInterface": "Y", "else": 1}}
    await caller.call("placement.bind", activity)
    (row,) = (await caller.call("placement.get")).result
    assert row["placement"] == "CRM_DEAL_DETAIL_ACTIVITY"
    assert row["options"] == {
        "useBuiltInInterface": "Y",
        "newUserNotificationTitle": "",
        "newUserNotificationText": "",
    }


async def test_the_list_follows_the_scopes(caller: Caller) -> None:
    mine = (await caller.call("placement.list")).result
    assert {"LEFT_MENU", "CRM_COMPANY_DETAIL_TAB", "USER_PROFILE_MENU", "IM_TEXTAREA"} <= set(mine)
    assert "CONTACT_CENTER" not in mine
    assert "CONTACT_CENTER" in (await caller.call("placement.list", {"FULL": True})).result
    assert (await caller.call("placement.list", {"SCOPE": "contact_center"})).result == ["CONTACT_CENTER"]


async def test_only_admins_manage_places(caller: Caller) -> None:
    assert (await caller.as_user(2).call("placement.get")).refusal == (403, "ACCESS_DENIED")


async def test_options_of_an_open_are_strings_and_only_the_documented(caller: Caller, listener: Listener) -> None:
    assert options_for("CRM_DEAL_DETAIL_TAB", "/crm/", ID=7) == {"ID": "7", "URI": "/crm/"}
    assert options_for("CRM_QUOTE_DETAIL_TOOLBAR", ENTITY_ID=7) == {"ENTITY_ID": "7"}
    assert options_for("LEFT_MENU") == {}
    assert options_for("REST_APP_URI", anything="goes") == {"anything": "goes"}
    with pytest.raises(ValueError, match="CRM_DEAL_DETAIL_TAB"):
        options_for("CRM_DEAL_DETAIL_TAB", ENTITY_ID=7)
