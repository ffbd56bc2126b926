"""Field types of apps and the newer field settings: widgets/user-field/*, crm/universal/userfieldconfig/*."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from tests.emulator.aid import Caller, Listener, installed, market_app

DEAL = {"moduleId": "crm"}
FIELD = {
    "entityId": "CRM_DEAL",
    "fieldName": "UF_CRM_DEAL_NEW_REST_LIST",
    "userTypeId": "enumeration",
    "multiple": "Y",
    "editFormLabel": {"en": "List of characteristics"},
    "enum": [
        {"value": "Characteristic 1", "def": "N", "sort": 100},
        {"value": "Characteristic 2", "def": "Y", "sort": 200, "xmlId": "second"},
    ],
}
"""The example of userfieldconfig-add.md, for deals."""


@pytest.fixture
async def maker(caller: Caller) -> Caller:
    caller.installation.scope |= {"userfieldconfig"}
    return caller


def kind(listener: Listener, **more: Any) -> dict[str, Any]:
    made = {"USER_TYPE_ID": "Points", "HANDLER": f"{listener.url}/field", "TITLE": "Points", "DESCRIPTION": "Loyalty"}
    return made | {"OPTIONS": {"height": 60}} | more


async def test_the_life_of_a_type(maker: Caller, listener: Listener) -> None:
    assert (await maker.call("userfieldtype.add", kind(listener))).result is True
    listed = await maker.call("userfieldtype.list")
    row = {"USER_TYPE_ID": "points", "HANDLER": f"{listener.url}/field", "TITLE": "Points", "DESCRIPTION": "Loyalty"}
    assert (listed.result, listed.body["total"]) == ([row], 1)
    other = f"{listener.url}/other"
    changed = {"USER_TYPE_ID": "points", "HANDLER": other, "TITLE": "Bonus", "OPTIONS": {"height": 0}}
    assert (await maker.call("userfieldtype.update", changed)).result is True
    (bound,) = maker.installation.placements
    assert (bound.placement, bound.handler, bound.options) == ("USERFIELD_TYPE", other, {"USER_TYPE_ID": "points"})
    assert (await maker.call("userfieldtype.list")).result[0]["TITLE"] == "Bonus"
    (shown,) = (await maker.call("placement.get")).result
    assert shown["options"] == []
    assert (await maker.call("userfieldtype.delete", {"USER_TYPE_ID": "points"})).result is True
    for name in ("delete", "update"):
        assert (await maker.call(f"userfieldtype.{name}", changed if name == "update" else {"USER_TYPE_ID": "points"})
                ).refusal == (400, "ERROR_NOT_FOUND")  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"USER_TYPE_ID": ""}, (400, "ERROR_ARGUMENT")),
        ({"HANDLER": ""}, (400, "ERROR_ARGUMENT")),
        ({"HANDLER": "https://localhost/"}, (400, "ERROR_WRONG_HANDLER_URL")),
        ({"USER_TYPE_ID": "x" * 50}, (400, "ERROR_ARGUMENT")),
        ({"USER_TYPE_ID": "two words"}, (400, "ERROR_ARGUMENT")),
        ({"USER_TYPE_ID": "second"}, (400, "ERROR_CORE")),
        ({"HANDLER": "https://example.com/other"}, (400, "ERROR_CORE")),
    ],
)
async def test_refused_types(
    maker: Caller, listener: Listener, changes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    await maker.call("userfieldtype.add", kind(listener))
    assert (await maker.call("userfieldtype.add", kind(listener, **changes))).refusal == refusal


async def test_a_code_is_taken_in_the_whole_portal(maker: Caller, listener: Listener) -> None:
    await maker.call("userfieldtype.add", kind(listener))
    assert (await maker.as_user(2).call("userfieldtype.list")).refusal == (403, "ACCESS_DENIED")
    app = market_app(listener.url, code="other.app", client_id="app.2")
    maker.emulator.world.catalogue = {app.client_id: app}
    other = Caller(maker.session, maker.emulator, installed(maker.emulator), maker.user)
    refused = await other.call("userfieldtype.add", kind(listener, HANDLER="https://example.com/mine"))
    assert refused.refusal == (400, "ERROR_CORE")


async def test_a_field_of_the_apps_type(maker: Caller, listener: Listener) -> None:
    await maker.call("userfieldtype.add", kind(listener))
    full = f"rest_{maker.installation.id}_points"
    types = (await maker.call("userfieldconfig.getTypes", DEAL)).result["types"]
    assert types[full] == {"userTypeId": full, "description": "Points"}
    assert types["crm"] == {"userTypeId": "crm", "description": "Linked to CRM entities"}
    field = {"entityId": "CRM_DEAL", "fieldName": "UF_CRM_DEAL_POINTS", "userTypeId": full}
    made = (await maker.call("userfieldconfig.add", DEAL | {"field": field})).result["field"]
    assert made["userTypeId"] == full
    legacy = await maker.call("crm.deal.userfield.get", {"id": made["id"]})
    assert legacy.result["USER_TYPE_ID"] == "points"
    short = field | {"fieldName": "UF_CRM_DEAL_OTHER", "userTypeId": "points"}
    assert (await maker.call("userfieldconfig.add", DEAL | {"field": short})).refusal == (400, "")


async def test_a_field_as_the_page_shows_it(maker: Caller, listener: Listener) -> None:
    for event in ("ONCRMDEALUSERFIELDADD", "ONCRMDEALUSERFIELDSETENUMVALUES"):
        assert (await maker.call("event.bind", {"event": event, "handler": f"{listener.url}/e"})).result is True
    made = (await maker.call("userfieldconfig.add", DEAL | {"field": FIELD})).result["field"]
    expected = {
        "id": made["id"],
        "entityId": "CRM_DEAL",
        "fieldName": "UF_CRM_DEAL_NEW_REST_LIST",
        "userTypeId": "enumeration",
        "xmlId": None,
        "sort": "100",
        "multiple": "Y",
        "mandatory": "N",
        "showFilter": "N",
        "showInList": "Y",
        "editInList": "Y",
        "isSearchable": "N",
        "settings": {"DISPLAY": "LIST", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y"},
    }
    assert {name: made[name] for name in expected} == expected
    assert isinstance(made["id"], str)
    assert (made["editFormLabel"]["en"], made["helpMessage"]["en"]) == ("List of characteristics", None)
    first, second = made["enum"]
    assert (first["value"], first["def"], first["sort"], first["userFieldId"]) == (
        "Characteristic 1", "N", "100", made["id"],
    )  # fmt: skip
    assert (second["def"], second["xmlId"]) == ("Y", "second")
    assert (await maker.call("userfieldconfig.get", DEAL | {"id": made["id"]})).result["field"] == made
    await maker.emulator.world.deliver()
    assert [one["event"] for one in listener.events()] == ["ONCRMDEALUSERFIELDADD", "ONCRMDEALUSERFIELDSETENUMVALUES"]
    assert maker.portal.crm.userfields[Entity.DEAL].get("UF_CRM_DEAL_NEW_REST_LIST") is not None


async def test_update(maker: Caller) -> None:
    made = (await maker.call("userfieldconfig.add", DEAL | {"field": FIELD})).result["field"]
    first = made["enum"][0]["id"]
    field: dict[str, Any] = {
        "mandatory": "Y",
        "editFormLabel": {"en": "Updated"},
        "userTypeId": "enumeration",
        "multiple": "N",
    }
    field |= {"enum": [{"id": first, "del": "Y"}, {"value": "Third"}], "settings": {"SHOW_NO_VALUE": "N"}}
    changed = (await maker.call("userfieldconfig.update", DEAL | {"id": made["id"], "field": field})).result["field"]
    assert (changed["mandatory"], changed["multiple"], changed["editFormLabel"]["en"]) == ("Y", "Y", "Updated")
    assert [one["value"] for one in changed["enum"]] == ["Characteristic 2", "Third"]
    assert changed["settings"]["SHOW_NO_VALUE"] == "N"
    untyped = {"enum": [{"value": "Fourth"}]}
    answer = await maker.call("userfieldconfig.update", DEAL | {"id": made["id"], "field": untyped})
    assert len(answer.result["field"]["enum"]) == 2, "options need userTypeId beside them"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"fieldName": ""}, "The 'FIELD_NAME' field is not found."),
        ({"userTypeId": ""}, "The 'USER_TYPE_ID' field is not found."),
        ({"fieldName": "UF_CRM_SHORT"}, "You cannot create custom fields"),
        ({"entityId": "CRM_77"}, "You cannot create custom fields"),
        ({"userTypeId": "colour"}, "Fail to create new user field"),
        ({}, "Field UF_CRM_DEAL_NEW_REST_LIST for object CRM_DEAL already exists."),
    ],
)
async def test_refused_fields(maker: Caller, changes: dict[str, Any], text: str) -> None:
    await maker.call("userfieldconfig.add", DEAL | {"field": FIELD})
    answer = await maker.call("userfieldconfig.add", DEAL | {"field": FIELD | changes})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("get", "You do not have permission to view user field settings"),
        ("update", "You cannot change the settings of the user field"),
        ("delete", "You cannot delete the user field"),
    ],
)
async def test_a_field_that_is_not_there(maker: Caller, method: str, text: str) -> None:
    answer = await maker.call(f"userfieldconfig.{method}", DEAL | {"id": 99})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_lists(maker: Caller) -> None:
    for name, sort in (("A", 300), ("B", 100), ("C", 200)):
        field = FIELD | {"fieldName": f"UF_CRM_DEAL_{name}", "sort": sort, "userTypeId": "string"}
        await maker.call("userfieldconfig.add", DEAL | {"field": field})

    async def names(**params: Any) -> list[str]:
        params["filter"] = {"entityId": "CRM_DEAL"} | params.get("filter", {})
        answer = await maker.call("userfieldconfig.list", DEAL | params)
        assert answer.body["total"] == len(answer.result["fields"])
        return [row["fieldName"][-1] for row in answer.result["fields"]]

    assert await names() == ["B", "C", "A"]
    assert await names(order={"fieldName": "DESC"}) == ["C", "B", "A"]
    assert await names(filter={"fieldName": "UF_CRM_DEAL_A"}) == ["A"]
    assert await names(filter={"userTypeId": "double"}) == []
    select = {"0": "fieldName", "1": "editFormLabel", "language": "en"}
    answer = await maker.call("userfieldconfig.list", DEAL | {"select": select, "filter": {"entityId": "CRM_DEAL"}})
    assert answer.result["fields"][0] == {
        "fieldName": "UF_CRM_DEAL_B",
        "editFormLabel": {"en": "List of characteristics"},
    }
    assert len((await maker.call("userfieldconfig.list", DEAL)).result["fields"]) == 3
    assert (await maker.as_user(2).call("userfieldconfig.list", DEAL)).refusal == (400, "")


async def test_scopes_and_deletion(maker: Caller) -> None:
    made = (await maker.call("userfieldconfig.add", DEAL | {"field": FIELD})).result["field"]
    with_id = DEAL | {"id": made["id"]}
    assert (await maker.as_user(2).call("userfieldconfig.delete", with_id)).refusal == (400, "")
    assert (await maker.call("userfieldconfig.delete", with_id)).result is None
    assert maker.portal.crm.userfields[Entity.DEAL].get("UF_CRM_DEAL_NEW_REST_LIST") is None
    other = await maker.call("userfieldconfig.getTypes", {"moduleId": "rpa"})
    assert other.body["error_description"] == "The current method required more scopes. (rpa)"
    maker.installation.scope -= {"crm"}
    answer = await maker.call("userfieldconfig.getTypes", DEAL)
    assert answer.body["error_description"] == "The current method required more scopes. (crm)"
