"""crm.item.details.configuration.* against api-reference/crm/universal/item-details-configuration/*."""

from typing import Any

import pytest

from tests.emulator.aid import Caller

SECTION: dict[str, Any] = {
    "name": "main",
    "title": "Main",
    "type": "section",
    "elements": [{"name": "TITLE", "optionFlags": 1}, {"name": "PHONE", "options": {"defaultCountry": "RU"}}],
}
ITEM = "crm.item.details.configuration"


async def test_nothing_saved_is_null(caller: Caller) -> None:
    answer = await caller.call(f"{ITEM}.get", {"entityTypeId": 4, "scope": "C"})
    assert "result" in answer.body
    assert answer.result is None


async def test_what_is_set_is_read_back_sanitized(caller: Caller) -> None:
    """optionFlags come back as text; captions of elements are lost (entityeditorconfig.php sanitize)."""
    captioned = {**SECTION, "elements": [{"name": "TITLE", "title": "My caption", "optionFlags": 1}]}
    params = {"entityTypeId": 4, "scope": "C", "data": [captioned]}
    assert (await caller.call(f"{ITEM}.set", params)).result is True
    read = (await caller.call(f"{ITEM}.get", {"entityTypeId": 4, "scope": "C"})).result
    assert read == [{**SECTION, "elements": [{"name": "TITLE", "optionFlags": "1"}]}]
    twin = await caller.call("crm.company.details.configuration.get", {"scope": "C"})
    assert twin.result == read
    assert (await caller.call("crm.contact.details.configuration.get", {"scope": "C"})).result is None


@pytest.mark.parametrize("scope", ["c", "common", "", None])
async def test_any_other_scope_is_personal(caller: Caller, scope: object) -> None:
    """restservice.php: compared exactly with C."""
    await caller.call(f"{ITEM}.set", {"entityTypeId": 4, "scope": scope, "data": [SECTION]})
    assert (await caller.call(f"{ITEM}.get", {"entityTypeId": 4, "scope": "C"})).result is None
    assert (await caller.call(f"{ITEM}.get", {"entityTypeId": 4, "scope": "P"})).result is not None
    assert (await caller.call(f"{ITEM}.get", {"entityTypeId": 4})).result is not None


async def test_each_pipeline_has_its_own_card(caller: Caller) -> None:
    extras = {"dealCategoryId": 1}
    await caller.call(f"{ITEM}.set", {"entityTypeId": 2, "scope": "C", "extras": extras, "data": [SECTION]})
    assert (await caller.call(f"{ITEM}.get", {"entityTypeId": 2, "scope": "C"})).result is None
    assert (await caller.call(f"{ITEM}.get", {"entityTypeId": 2, "scope": "C", "extras": extras})).result is not None
    company = {"entityTypeId": 4, "scope": "C", "data": [SECTION]}
    await caller.call(f"{ITEM}.set", company)
    assert (await caller.call(f"{ITEM}.reset", {"entityTypeId": 4, "scope": "C"})).result is True
    assert (await caller.call(f"{ITEM}.reset", {"entityTypeId": 4, "scope": "C"})).result is True
    assert (await caller.call(f"{ITEM}.get", {"entityTypeId": 4, "scope": "C"})).result is None


async def test_rights(caller: Caller) -> None:
    await caller.call(f"{ITEM}.set", {"entityTypeId": 4, "scope": "C", "data": [SECTION]})
    second = caller.as_user(2)
    assert (await second.call(f"{ITEM}.get", {"entityTypeId": 4, "scope": "C"})).result is not None
    assert (await second.call(f"{ITEM}.set", {"entityTypeId": 4, "data": [SECTION]})).result is True
    for method, params in (
        ("set", {"scope": "C", "data": [SECTION]}),
        ("reset", {"scope": "C"}),
        ("get", {"userId": 1}),
        ("forceCommonScopeForAll", {}),
    ):
        answer = await second.call(f"{ITEM}.{method}", {"entityTypeId": 4, **params})
        assert (answer.refusal, answer.body["error_description"]) == ((400, ""), "Access denied.")
    assert (await caller.call(f"{ITEM}.forceCommonScopeForAll", {"entityTypeId": 4})).result is True
    assert (await second.call(f"{ITEM}.get", {"entityTypeId": 4})).result is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("text", "Parameter 'data' must be array."),
        ([], "There are no data to write."),
        ({"a": SECTION}, "The data must be indexed array."),
        ([{**SECTION, "name": ""}], "Section at index 0 does not have name."),
        ([{**SECTION, "title": ""}], "Section at index 0 does not have title."),
        (
            [SECTION, {**SECTION, "type": "included_area"}],
            "Section at index 1 has type 'included_area'. The expected type is 'section'.",
        ),
        ([{**SECTION, "elements": [{}]}], "Element at index 0 in section at index 0 does not have name."),
    ],
)
async def test_refused_layouts(caller: Caller, data: Any, text: str) -> None:
    answer = await caller.call(f"{ITEM}.set", {"entityTypeId": 4, "scope": "C", "data": data})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)
