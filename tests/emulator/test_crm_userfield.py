"""crm.<entity>.userfield.* against its pages and rest/lib/userfieldproxy.php."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.emulator.aid import Caller


async def added(caller: Caller, **fields: Any) -> int:
    answer = await caller.call("crm.company.userfield.add", {"fields": fields})
    number = answer.result
    assert isinstance(number, int)
    return number


async def test_a_field_is_kept_as_the_old_method_keeps_it(caller: Caller) -> None:
    """crm-company-userfield-add.md, crm-company-userfield-get.md."""
    settings = {"DEFAULT_VALUE": "Hello", "ROWS": 3, "SIZE": 99, "REGEXP": "/x/"}
    number = await added(
        caller,
        FIELD_NAME="hello_world",
        USER_TYPE_ID="string",
        XML_ID="our:mark",
        EDIT_FORM_LABEL={"ru": "Привет", "en": "Hello"},
        LIST_COLUMN_LABEL="Column",
        LABEL="Default",
        SHOW_FILTER="Y",
        EDIT_IN_LIST="N",
        SORT=2000,
        SETTINGS=settings,
    )
    read = (await caller.call("crm.company.userfield.get", {"id": number})).result
    assert read["FIELD_NAME"] == "UF_CRM_HELLO_WORLD"
    assert (read["ID"], read["ENTITY_ID"], read["SORT"]) == (str(number), "CRM_COMPANY", "2000")
    assert (read["XML_ID"], read["MULTIPLE"], read["MANDATORY"]) == ("our:mark", "N", "N")
    assert (read["SHOW_FILTER"], read["EDIT_IN_LIST"], read["SHOW_IN_LIST"]) == ("E", "N", "Y")
    assert (read["EDIT_FORM_LABEL"]["ru"], read["EDIT_FORM_LABEL"]["de"]) == ("Привет", "Default")
    assert (read["LIST_COLUMN_LABEL"]["ru"], read["LIST_COLUMN_LABEL"]["de"]) == ("Column", "Column")
    assert read["LIST_FILTER_LABEL"]["ru"] == "Default"
    assert read["SETTINGS"] == {
        "SIZE": 20,
        "ROWS": 3,
        "REGEXP": "",
        "MIN_LENGTH": 0,
        "MAX_LENGTH": 0,
        "DEFAULT_VALUE": "Hello",
    }
    company = (await caller.call("crm.company.add", {"fields": {"TITLE": "New"}})).result
    assert (await caller.call("crm.company.get", {"id": company})).result["UF_CRM_HELLO_WORLD"] == "Hello"


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({}, "", "The 'USER_TYPE_ID' field is not found.\nThe 'FIELD_NAME' field is not found."),
        ({"FIELD_NAME": "A"}, "", "The 'USER_TYPE_ID' field is not found."),
        (
            {"FIELD_NAME": "A" * 44, "USER_TYPE_ID": "string"},
            "ERROR_CORE",
            "Field name is too long (more than 50 characters).",
        ),
        (
            {"FIELD_NAME": "Привет", "USER_TYPE_ID": "string"},
            "ERROR_CORE",
            "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _.",
        ),
        ({"FIELD_NAME": "A", "USER_TYPE_ID": "nonsense"}, "ERROR_CORE", "Invalid custom type specified."),
        (
            {"FIELD_NAME": "taken", "USER_TYPE_ID": "string"},
            "ERROR_CORE",
            "Field UF_CRM_TAKEN for object CRM_COMPANY already exists.",
        ),
        (
            {"FIELD_NAME": "A", "USER_TYPE_ID": "enumeration", "LIST": [{"VALUE": "1", "XML_ID": "x"}] * 2},
            "ERROR_CORE",
            "List item with XML_ID=x already exists.",
        ),
    ],
)
async def test_refused_fields(caller: Caller, fields: dict[str, Any], code: str, text: str) -> None:
    await added(caller, FIELD_NAME="TAKEN", USER_TYPE_ID="string")
    answer = await caller.call("crm.company.userfield.add", {"fields": fields})
    assert (answer.refusal, answer.body["error_description"]) == ((400, code), text)
    assert len(list(caller.portal.crm.userfields[Entity.COMPANY])) == 1


async def test_fifty_characters_are_allowed(caller: Caller) -> None:
    number = await added(caller, FIELD_NAME="A" * 43, USER_TYPE_ID="string")
    field = caller.portal.crm.userfields[Entity.COMPANY].by_id(number)
    assert field is not None
    assert len(field.name) == 50


async def test_only_administrators_change_fields_but_others_read(caller: Caller) -> None:
    number = await added(caller, FIELD_NAME="ONE", USER_TYPE_ID="string")
    second = caller.as_user(2)
    for method, params in (
        ("add", {"fields": {"FIELD_NAME": "B", "USER_TYPE_ID": "string"}}),
        ("delete", {"id": number}),
    ):
        answer = await second.call(f"crm.company.userfield.{method}", params)
        assert (answer.refusal, answer.body["error_description"]) == ((400, ""), "Access denied.")
    assert (await second.call("crm.company.userfield.list")).body["total"] == 1
    second.user.crm_access = CrmAccess.NONE
    assert (await second.call("crm.company.userfield.list")).refusal == (400, "")


async def test_the_list_names_captions_only_when_a_language_is_asked_for(caller: Caller) -> None:
    """crm-company-userfield-list.md."""
    await added(caller, FIELD_NAME="ONE", USER_TYPE_ID="string", EDIT_FORM_LABEL={"ru": "Раз", "en": "One"}, SORT=20)
    await added(caller, FIELD_NAME="TWO", USER_TYPE_ID="boolean", MULTIPLE="Y", SORT=10)
    plain = (await caller.call("crm.company.userfield.list", {"order": {"SORT": "ASC"}})).result
    assert [row["FIELD_NAME"] for row in plain] == ["UF_CRM_TWO", "UF_CRM_ONE"]
    assert "EDIT_FORM_LABEL" not in plain[0]
    assert plain[0]["MULTIPLE"] == "N"
    named = await caller.call("crm.company.userfield.list", {"filter": {"LANG": "en", "FIELD_NAME": "UF_CRM_ONE"}})
    assert [row["EDIT_FORM_LABEL"] for row in named.result] == ["One"]
    assert named.body["total"] == 1


async def test_enumerations(caller: Caller) -> None:
    options = [{"VALUE": "Bronze", "SORT": 20, "DEF": "Y"}, {"VALUE": "Gold", "SORT": 10, "DEF": "Y"}, {"VALUE": " "}]
    number = await added(caller, FIELD_NAME="LEVEL", USER_TYPE_ID="enumeration", LIST=options)
    read = (await caller.call("crm.company.userfield.get", {"id": number})).result["LIST"]
    assert [(row["VALUE"], row["SORT"]) for row in read] == [("Gold", "10"), ("Bronze", "20")]
    assert sum(row["DEF"] == "Y" for row in read) == 1
    assert set(read[0]) == {"ID", "SORT", "VALUE", "DEF"}
    gold, bronze = read
    change = [{"ID": gold["ID"], "VALUE": "Platinum"}, {"ID": bronze["ID"], "DEL": "Y"}, {"VALUE": "Silver"}]
    params = {"id": number, "fields": {"LIST": change}}
    assert (await caller.call("crm.company.userfield.update", params)).result is True
    rows = (await caller.call("crm.company.userfield.list")).result[0]["LIST"]
    assert {row["VALUE"]: row["ID"] == gold["ID"] for row in rows} == {"Platinum": True, "Silver": False}
    described = (await caller.call("crm.company.fields")).result["UF_CRM_LEVEL"]
    assert described["items"][0] == {"ID": gold["ID"], "VALUE": "Platinum"}
    fields = {"TITLE": "A", "UF_CRM_LEVEL": gold["ID"]}
    company = (await caller.call("crm.company.add", {"fields": fields})).result
    assert (await caller.call("crm.company.get", {"id": company})).result["UF_CRM_LEVEL"] == gold["ID"]
    item = (await caller.call("crm.item.get", {"entityTypeId": 4, "id": company})).result["item"]
    assert item["ufCrmLevel"] == int(gold["ID"])


async def test_a_filter_cannot_be_shown_for_types_the_old_method_does_not_know(caller: Caller) -> None:
    for name, kind, letter in (("A", "money", "N"), ("B", "employee", "I"), ("C", "date", "E")):
        number = await added(caller, FIELD_NAME=name, USER_TYPE_ID=kind, SHOW_FILTER="Y")
        read = (await caller.call("crm.company.userfield.get", {"id": number})).result
        assert read["SHOW_FILTER"] == letter


async def test_multiple_values(caller: Caller) -> None:
    await added(caller, FIELD_NAME="TAGS", USER_TYPE_ID="string", MULTIPLE="Y")
    fields = {"TITLE": "A", "UF_CRM_TAGS": ["x", "", "y"]}
    number = (await caller.call("crm.company.add", {"fields": fields})).result
    assert (await caller.call("crm.company.get", {"id": number})).result["UF_CRM_TAGS"] == ["x", "y"]
    await caller.call("crm.company.update", {"id": number, "fields": {"UF_CRM_TAGS": []}})
    assert (await caller.call("crm.company.get", {"id": number})).result["UF_CRM_TAGS"] is False


async def test_a_deleted_field_takes_its_values_along(caller: Caller) -> None:
    number = await added(caller, FIELD_NAME="ONE", USER_TYPE_ID="string")
    company = (await caller.call("crm.company.add", {"fields": {"TITLE": "A", "UF_CRM_ONE": "x"}})).result
    assert (await caller.call("crm.company.userfield.delete", {"id": number})).result is True
    assert "UF_CRM_ONE" not in (await caller.call("crm.company.get", {"id": company})).result
    await added(caller, FIELD_NAME="ONE", USER_TYPE_ID="string")
    assert (await caller.call("crm.company.get", {"id": company})).result["UF_CRM_ONE"] == ""


async def test_ids_of_other_entities_and_unknown_ids(caller: Caller) -> None:
    number = await added(caller, FIELD_NAME="ONE", USER_TYPE_ID="string")
    answer = await caller.call("crm.deal.userfield.get", {"id": number})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), "Access denied.")
    answer = await caller.call("crm.deal.userfield.get", {"id": 999})
    assert answer.refusal == (400, "ERROR_NOT_FOUND")


@pytest.mark.parametrize(("given", "kept"), [("1", "1"), (1, "1"), (True, "1"), ("N", "1"), ("0", "0"), ("", "0")])
async def test_the_old_methods_hold_whatever_php_holds_true(caller: Caller, given: object, kept: str) -> None:
    """main/lib/userfield/types/booleantype.php onBeforeSave: the text N is true."""
    await added(caller, FIELD_NAME="CHECK", USER_TYPE_ID="boolean")
    number = (await caller.call("crm.company.add", {"fields": {"TITLE": "A", "UF_CRM_CHECK": given}})).result
    assert (await caller.call("crm.company.get", {"id": number})).result["UF_CRM_CHECK"] == kept
    found = await caller.call("crm.company.list", {"filter": {"UF_CRM_CHECK": kept}, "select": ["ID"]})
    assert found.body["total"] == 1
