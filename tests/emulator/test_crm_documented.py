"""What the pages say beyond the examples of each method, which `documented/` replays."""

import pytest

from tests.emulator.aid import Caller

ITEM_CONTACT = """
id createdTime updatedTime createdBy updatedBy assignedById opened lastActivityBy lastActivityTime utmSource webformId
companyId sourceId sourceDescription name lastName secondName shortName photo post address comments leadId export typeId
originatorId originId originVersion birthdate honorific hasPhone hasEmail hasImol searchContent categoryId login
emailHome emailWork emailMailing phoneMobile phoneWork phoneMailing imol email phone observers companyIds fm
entityTypeId
"""
ITEM_COMPANY = """
id createdTime updatedTime createdBy updatedBy assignedById opened lastActivityBy lastActivityTime utmSource webformId
title logo address addressLegal bankingDetails comments typeId industry revenue currencyId employees leadId originatorId
originId originVersion hasPhone hasEmail hasImol isMyCompany searchContent categoryId emailHome emailWork emailMailing
phoneMobile phoneWork phoneMailing imol email phone observers contactIds fm entityTypeId
"""

PHONE = [{"VALUE": "+19998887766", "VALUE_TYPE": "WORK"}]
CASES = [(3, ITEM_CONTACT), (4, ITEM_COMPANY)]


@pytest.fixture
async def filled(caller: Caller) -> Caller:
    """One record of each kind, a requisite with an address, a to-do."""
    mail = [{"VALUE": "johnsmith@example.com"}]
    requisite = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "Main"}
    todo = {"ownerTypeId": 3, "ownerId": 1, "deadline": "2026-12-01T15:00:00"}
    for method, params in (
        ("crm.company.add", {"fields": {"TITLE": "Crossroads", "PHONE": PHONE}}),
        ("crm.contact.add", {"fields": {"NAME": "John", "COMPANY_ID": 1, "PHONE": PHONE, "EMAIL": mail}}),
        ("crm.deal.add", {"fields": {"TITLE": "New Deal #1", "COMPANY_ID": 1, "CONTACT_ID": 1}}),
        ("crm.lead.add", {"fields": {"TITLE": "Lead", "PHONE": PHONE, "IM": [{"VALUE": "imol|livechat|1|67|21"}]}}),
        ("crm.requisite.add", {"fields": requisite}),
        ("crm.address.add", {"fields": {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": 1, "CITY": "Los Angeles"}}),
        ("crm.activity.todo.add", todo),
    ):
        assert (await caller.call(method, params)).status == 200
    return caller


@pytest.mark.parametrize(("number", "keys"), CASES)
async def test_keys_of_items(filled: Caller, number: int, keys: str) -> None:
    """object-fields.md: what the page of crm.item.get shows for leads only."""
    item = (await filled.call("crm.item.get", {"entityTypeId": number, "id": 1})).result["item"]
    assert set(keys.split()) - set(item) == set()


@pytest.mark.parametrize(
    "method", ["crm.company.get", "crm.contact.get", "crm.deal.get", "crm.lead.get", "crm.requisite.get"]
)
async def test_old_answers_are_texts(filled: Caller, method: str) -> None:
    row = (await filled.call(method, {"id": 1})).result
    odd = {name: value for name, value in row.items() if not isinstance(value, str | list) and value is not None}
    assert odd == {}


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_items_describe_what_they_give(filled: Caller, number: int) -> None:
    """crm-item-fields.md: every described field is in the item."""
    described = (await filled.call("crm.item.fields", {"entityTypeId": number})).result["fields"]
    item = (await filled.call("crm.item.get", {"entityTypeId": number, "id": 1})).result["item"]
    assert set(described) <= set(item)
    assert all({"type", "isRequired", "isReadOnly", "title", "upperName"} <= set(row) for row in described.values())


async def test_the_documented_list_example(filled: Caller) -> None:
    """crm-company-list.md: upper-case parameter names, type and date in the filter, PHONE brings ID along."""
    params = {
        "ORDER": {"DATE_CREATE": "ASC"},
        "FILTER": {"COMPANY_TYPE": "CUSTOMER", ">=DATE_CREATE": "2025-01-01"},
        "SELECT": ["TITLE", "ASSIGNED_BY_ID", "PHONE"],
    }
    assert (await filled.call("crm.company.list", params)).result == []
    await filled.call("crm.company.update", {"id": 1, "fields": {"COMPANY_TYPE": "CUSTOMER"}})
    answer = await filled.call("crm.company.list", params)
    row = answer.result[0]
    assert {name: row[name] for name in ("TITLE", "ASSIGNED_BY_ID", "ID")} == {
        "TITLE": "Crossroads",
        "ASSIGNED_BY_ID": "1",
        "ID": "1",
    }
    assert row["PHONE"] == [{"ID": "1", "VALUE_TYPE": "WORK", "VALUE": "+19998887766", "TYPE_ID": "PHONE"}]
    assert answer.body["total"] == 1


async def test_the_documented_date_example(filled: Caller) -> None:
    """crm-item-list.md: created in one of two ranges."""
    ranges = {
        "logic": "OR",
        "0": {">=createdTime": "2001-01-01T00:00:00+03:00", "<=createdTime": "2001-01-01T23:59:59+03:00"},
        "1": {">=createdTime": "2001-02-01T00:00:00+03:00", "<=createdTime": "2101-01-01T23:59:59+03:00"},
    }
    params = {"entityTypeId": 2, "filter": {"0": ranges}, "select": ["id", "title", "createdTime"]}
    answer = await filled.call("crm.item.list", params)
    assert [set(row) for row in answer.result["items"]] == [{"id", "title", "createdTime"}]
