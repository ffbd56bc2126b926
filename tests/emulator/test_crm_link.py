"""Contact–company links: crm.contact.company.*, crm.company.contact.*."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from tests.emulator.aid import Caller


@pytest.fixture
async def linked(caller: Caller) -> Caller:
    """One contact, companies 1, 2, 3, nothing linked."""
    for number in range(3):
        caller.portal.crm.add(Entity.COMPANY, {"TITLE": f"Firm {number}"}, None)
    caller.portal.crm.add(Entity.CONTACT, {"NAME": "Anna"}, None)
    return caller


async def links(caller: Caller) -> list[tuple[int, int, str]]:
    rows = (await caller.call("crm.contact.company.items.get", {"id": 1})).result
    assert all(set(row) == {"COMPANY_ID", "SORT", "ROLE_ID", "IS_PRIMARY"} for row in rows)
    return [(row["COMPANY_ID"], row["SORT"], row["IS_PRIMARY"]) for row in rows]


async def add(caller: Caller, **fields: Any) -> Any:
    return (await caller.call("crm.contact.company.add", {"id": 1, "fields": fields})).result


async def test_the_first_link_is_primary_and_a_later_one_may_take_over(linked: Caller) -> None:
    """crm-contact-company-add.md."""
    assert await add(linked, COMPANY_ID=1) is True
    assert await add(linked, COMPANY_ID=2, IS_PRIMARY="Y") is True
    assert await add(linked, COMPANY_ID=3, SORT=5) is True
    assert await links(linked) == [(3, 5, "N"), (1, 10, "N"), (2, 20, "Y")]
    assert await add(linked, COMPANY_ID=2) is False
    contact = (await linked.call("crm.contact.get", {"id": 1})).result
    assert contact["COMPANY_ID"] == "2"


async def test_removing_the_primary_makes_another_primary(linked: Caller) -> None:
    """crm-contact-company-delete.md."""
    await add(linked, COMPANY_ID=1)
    await add(linked, COMPANY_ID=2)
    params = {"id": 1, "fields": {"COMPANY_ID": 1}}
    assert (await linked.call("crm.contact.company.delete", params)).result is True
    assert await links(linked) == [(2, 20, "Y")]
    assert (await linked.call("crm.contact.company.delete", params)).result is False


async def test_the_set_is_replaced(linked: Caller) -> None:
    """crm-contact-company-items-set.md."""
    await add(linked, COMPANY_ID=3)
    items = [{"COMPANY_ID": 1, "SORT": 100}, {"COMPANY_ID": 2, "SORT": 200}]
    assert (await linked.call("crm.contact.company.items.set", {"id": 1, "items": items})).result is True
    assert await links(linked) == [(1, 100, "Y"), (2, 200, "N")]
    assert (await linked.call("crm.contact.company.items.delete", {"id": 1})).result is True
    assert await links(linked) == []


async def test_the_same_links_from_the_other_side(linked: Caller) -> None:
    """crm-company-contact-items-get.md."""
    params = {"id": 2, "fields": {"CONTACT_ID": 1}}
    assert (await linked.call("crm.company.contact.add", params)).result is True
    rows = (await linked.call("crm.company.contact.items.get", {"id": 2})).result
    assert [(row["CONTACT_ID"], row["IS_PRIMARY"]) for row in rows] == [(1, "Y")]
    found = await linked.call("crm.contact.list", {"filter": {"COMPANY_ID": 2}, "select": ["ID"]})
    assert [row["ID"] for row in found.result] == ["1"]
    item = (await linked.call("crm.item.get", {"entityTypeId": 4, "id": 2})).result["item"]
    assert item["contactIds"] == [1]


async def test_links_change_in_silence(linked: Caller) -> None:
    """crm/lib/binding/contactcompanytable.php raises nothing: neither event nor new modification date."""
    before = linked.portal.crm.get(Entity.CONTACT, 1)
    await linked.call("event.bind", {"event": "OnCrmContactUpdate", "handler": "http://127.0.0.1:9/x"})
    await add(linked, COMPANY_ID=1)
    await linked.call("crm.contact.company.items.delete", {"id": 1})
    after = linked.portal.crm.get(Entity.CONTACT, 1)
    assert before is not None
    assert after is not None
    assert before["DATE_MODIFY"] == after["DATE_MODIFY"]
    assert await linked.emulator.world.deliver() == 0


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("add", {"id": 0, "fields": {"COMPANY_ID": 1}}, "The parameter 'ownerEntityID' is invalid or not defined."),
        ("add", {"id": 1, "fields": "x"}, "The parameter 'fields' must be array."),
        ("add", {"id": 1, "fields": {}}, "The parameter 'fields' is not valid."),
        ("add", {"id": 9, "fields": {"COMPANY_ID": 1}}, "Not found."),
        ("items.get", {}, "The parameter ownerEntityID is invalid or not defined."),
        ("items.set", {"id": 1, "items": "x"}, "The parameter items must be array."),
    ],
)
async def test_refusals(linked: Caller, method: str, params: dict[str, object], text: str) -> None:
    answer = await linked.call(f"crm.contact.company.{method}", params)
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_fields(caller: Caller) -> None:
    """crm-company-contact-fields.md."""
    described = (await caller.call("crm.company.contact.fields")).result
    assert set(described) == {"CONTACT_ID", "SORT", "IS_PRIMARY"}
    assert described["CONTACT_ID"]["isRequired"] is True
    assert described["IS_PRIMARY"]["type"] == "char"


async def test_the_company_fields_of_a_contact_set_links(linked: Caller) -> None:
    """crm_contact.php: COMPANY_ID simulates the old single binding."""
    await linked.call("crm.contact.update", {"id": 1, "fields": {"COMPANY_IDS": [2, 3]}})
    assert [(company, primary) for company, _, primary in await links(linked)] == [(2, "Y"), (3, "N")]
    await linked.call("crm.contact.update", {"id": 1, "fields": {"COMPANY_ID": 3}})
    assert [company for company, _, _ in await links(linked)] == [2, 3], "a company already linked changes nothing"
    await linked.call("crm.contact.update", {"id": 1, "fields": {"COMPANY_ID": 1}})
    assert [(company, primary) for company, _, primary in await links(linked)] == [(1, "Y")]
    await linked.call("crm.contact.update", {"id": 1, "fields": {"COMPANY_ID": 0}})
    assert await links(linked) == []
