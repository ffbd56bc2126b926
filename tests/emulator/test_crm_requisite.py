"""crm.requisite.*, crm.address.* against api-reference/crm/requisites/*."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from tests.emulator.aid import Caller, Listener

MAIN: dict[str, Any] = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "Организация"}


@pytest.fixture
async def client(caller: Caller) -> Caller:
    caller.portal.crm.add(Entity.COMPANY, {"TITLE": "One"}, None)
    caller.portal.crm.add(Entity.COMPANY, {"TITLE": "Two"}, None)
    return caller


async def test_a_requisite_comes_back_as_text(client: Caller) -> None:
    """crm-requisite-add.md, crm-requisite-get.md."""
    number = (await client.call("crm.requisite.add", {"fields": {**MAIN, "RQ_INN": 7707083893}})).result
    assert number == 1
    read = (await client.call("crm.requisite.get", {"id": number})).result
    assert (read["ID"], read["ENTITY_TYPE_ID"], read["ENTITY_ID"], read["PRESET_ID"]) == ("1", "4", "1", "1")
    assert (read["RQ_INN"], read["RQ_KPP"], read["SORT"], read["ACTIVE"]) == ("7707083893", None, "500", "Y")
    assert (read["DATE_MODIFY"], read["MODIFY_BY_ID"], read["ADDRESS_ONLY"]) == ("", None, "N")
    assert (await client.call("crm.requisite.update", {"id": 1, "fields": {"RQ_KPP": "770701001"}})).result is True
    read = (await client.call("crm.requisite.get", {"id": 1})).result
    assert (read["RQ_KPP"], read["MODIFY_BY_ID"]) == ("770701001", "1")
    assert (await client.call("crm.requisite.delete", {"id": 1})).result is True
    answer = await client.call("crm.requisite.get", {"id": 1})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), "The Requisite with ID '1' is not found")


async def test_companies_are_found_by_inn(client: Caller) -> None:
    """crm-requisite-list.md: one INN may stand on several cards."""
    for owner in (1, 2):
        await client.call("crm.requisite.add", {"fields": {**MAIN, "ENTITY_ID": owner, "RQ_INN": "7707083893"}})
    await client.call("crm.requisite.add", {"fields": {**MAIN, "RQ_INN": "7736050003"}})
    params = {"filter": {"RQ_INN": "7707083893", "ENTITY_TYPE_ID": 4}, "select": ["ID", "ENTITY_ID", "RQ_INN"]}
    answer = await client.call("crm.requisite.list", params)
    assert answer.result == [
        {"ID": "1", "ENTITY_ID": "1", "RQ_INN": "7707083893"},
        {"ID": "2", "ENTITY_ID": "2", "RQ_INN": "7707083893"},
    ]
    assert answer.body["total"] == 2
    many = await client.call("crm.requisite.list", {"filter": {"@RQ_INN": ["7736050003", "1"]}, "select": ["ID"]})
    assert many.result == [{"ID": "3"}]
    await client.call("crm.requisite.update", {"id": 1, "fields": {"RQ_INN": "1"}})
    assert (await client.call("crm.requisite.list", params)).body["total"] == 1
    of_owner = {"filter": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": [1]}, "order": {"ID": "DESC"}, "select": ["ID"]}
    assert (await client.call("crm.requisite.list", of_owner)).result == [{"ID": "3"}, {"ID": "1"}]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"ENTITY_TYPE_ID": 2}, "ENTITY_TYPE_ID is not defined or invalid."),
        ({"ENTITY_ID": 0}, "ENTITY_ID is not defined or invalid."),
        ({"PRESET_ID": 77}, "PRESET_ID is not defined or invalid."),
        ({"ENTITY_ID": 99}, "Entity not found."),
    ],
)
async def test_refusals(client: Caller, changed: dict[str, object], text: str) -> None:
    answer = await client.call("crm.requisite.add", {"fields": MAIN | changed})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_presets_are_chosen_by_country_and_code(client: Caller) -> None:
    """crm-requisite-preset-list.md."""
    params = {"filter": {"COUNTRY_ID": 1}, "select": ["ID", "NAME", "XML_ID"]}
    rows = (await client.call("crm.requisite.preset.list", params)).result
    assert rows[0] == {"ID": "1", "NAME": "Организация", "XML_ID": "#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#"}
    assert len(rows) == 3
    one = (await client.call("crm.requisite.preset.get", {"id": 2})).result
    assert (one["COUNTRY_ID"], one["ENTITY_TYPE_ID"]) == ("1", "8")


async def test_an_address_has_no_id(client: Caller) -> None:
    """crm-address-add.md, crm-address-list.md."""
    await client.call("crm.requisite.add", {"fields": MAIN})
    key = {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": 1}
    assert (await client.call("crm.address.add", {"fields": {**key, "CITY": "Казань"}})).result is True
    again = await client.call("crm.address.add", {"fields": {**key, "CITY": "Казань"}})
    assert (again.refusal, again.body["error_description"]) == ((400, ""), "TypeAddress exists.")
    assert (await client.call("crm.address.update", {"fields": {**key, "CITY": "Уфа"}})).result is True
    rows = (await client.call("crm.address.list", {"filter": {"ENTITY_TYPE_ID": 8}})).result
    assert [(row["CITY"], row["ANCHOR_TYPE_ID"], row["ANCHOR_ID"], row["COUNTRY"]) for row in rows] == [
        ("Уфа", "4", "1", None)
    ]
    assert (await client.call("crm.address.delete", {"fields": key})).result is True
    gone = await client.call("crm.address.delete", {"fields": key})
    assert gone.body["error_description"] == "TypeAddress not found."


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ({"TYPE_ID": 0, "ENTITY_TYPE_ID": 8, "ENTITY_ID": 1}, "TYPE_ID is not defined or invalid."),
        ({"TYPE_ID": 1, "ENTITY_TYPE_ID": 4, "ENTITY_ID": 1}, "ENTITY_TYPE_ID is not defined or invalid."),
        ({"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": 55}, "ENTITY_ID is not defined or invalid."),
    ],
)
async def test_addresses_belong_to_requisites(client: Caller, key: dict[str, int], text: str) -> None:
    answer = await client.call("crm.address.add", {"fields": key})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_events(client: Caller, listener: Listener) -> None:
    """api-reference/crm/requisites/events/*."""
    for what in ("REQUISITEADD", "REQUISITEUPDATE", "REQUISITEDELETE", "ADDRESSREGISTER", "ADDRESSUNREGISTER"):
        await client.call("event.bind", {"event": f"ONCRM{what}", "handler": f"{listener.url}/events"})
    await client.call("crm.requisite.add", {"fields": MAIN})
    await client.call("crm.requisite.update", {"id": 1, "fields": {"NAME": "X"}})
    await client.call("crm.address.add", {"fields": {"TYPE_ID": 6, "ENTITY_TYPE_ID": 8, "ENTITY_ID": 1}})
    await client.call("crm.requisite.delete", {"id": 1})
    await client.emulator.world.deliver()
    told = [(one["event"], one["data"]["FIELDS"]) for one in listener.events()]
    address = {"TYPE_ID": "6", "ENTITY_TYPE_ID": "8", "ENTITY_ID": "1", "ANCHOR_ID": "1", "ANCHOR_TYPE_ID": "4"}
    names = ["REQUISITEADD", "REQUISITEUPDATE", "ADDRESSREGISTER", "ADDRESSUNREGISTER", "REQUISITEDELETE"]
    assert [name for name, _ in told] == [f"ONCRM{name}" for name in names]
    assert told[0][1] == {"ID": "1"}
    assert told[2][1] == address
