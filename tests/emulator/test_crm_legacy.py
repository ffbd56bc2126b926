"""crm.company.* and its kin against their documentation pages."""

import pytest

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from emulator.run import Emulator
from tests.emulator.aid import Caller


@pytest.fixture
async def warned(emulator: Emulator) -> list[str]:
    return emulator.world.warnings


async def test_a_record_comes_back_as_text(caller: Caller) -> None:
    """api-reference/crm/companies/crm-company-add.md, crm-company-get.md."""
    fields = {
        "TITLE": "John Doe LLC",
        "COMPANY_TYPE": "CUSTOMER",
        "INDUSTRY": "MANUFACTURING",
        "EMPLOYEES": "EMPLOYEES_2",
        "CURRENCY_ID": "USD",
        "REVENUE": 3000000,
        "OPENED": "Y",
        "ASSIGNED_BY_ID": 2,
        "PHONE": [{"VALUE": "555888", "VALUE_TYPE": "WORK"}],
    }
    answer = await caller.call("crm.company.add", {"fields": fields, "params": {"REGISTER_SONET_EVENT": "Y"}})
    number = answer.result
    assert isinstance(number, int)
    read = (await caller.call("crm.company.get", {"ID": number})).result
    assert read["ID"] == str(number)
    assert read["ASSIGNED_BY_ID"] == "2"
    assert read["CREATED_BY_ID"] == read["MODIFY_BY_ID"] == "1"
    assert read["REVENUE"] == "3000000"
    assert read["HAS_PHONE"] == "Y"
    assert read["HAS_EMAIL"] == "N"
    assert read["LOGO"] is None
    assert read["DATE_CREATE"].endswith("+03:00")
    assert set(read["PHONE"][0]) == {"ID", "VALUE_TYPE", "VALUE", "TYPE_ID"}
    assert "EMAIL" not in read
    assert "CONTACT_ID" not in read


async def test_a_list_counts_pages_and_selects(caller: Caller) -> None:
    """settings/how-to-call-rest-api/list-methods-pecularities.md, crm-company-list.md."""
    crm = caller.portal.crm
    for number in range(120):
        crm.add(Entity.COMPANY, {"TITLE": f"Client {number:03}", "COMPANY_TYPE": "CUSTOMER"}, None)
    first = await caller.call("crm.company.list", {"order": {"TITLE": "DESC"}, "select": ["TITLE", "PHONE"]})
    assert (len(first.result), first.body["total"], first.body["next"]) == (50, 120, 50)
    assert first.result[0] == {"TITLE": "Client 119", "ID": "120"}
    last = await caller.call("crm.company.list", {"start": 100, "select": ["ID"]})
    assert (len(last.result), last.body["total"], "next" in last.body) == (20, 120, False)
    uncounted = await caller.call("crm.company.list", {"start": -1, "filter": {">ID": 30}, "order": {"ID": "ASC"}})
    assert [row["ID"] for row in uncounted.result[:2]] == ["31", "32"]
    assert "total" not in uncounted.body
    assert "next" not in uncounted.body


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"TITLE": "альфа"}, ["1"]),
        ({"%TITLE": "ф"}, ["1"]),
        ({"=%TITLE": "Б%"}, ["2"]),
        ({"!TITLE": "Альфа"}, ["2", "3"]),
        ({"@ID": [1, 3]}, ["1", "3"]),
        ({"!@ID": [1, 3]}, ["2"]),
        ({">=ID": 2, "<ID": 3}, ["2"]),
        ({"PHONE": "+79000000001"}, ["1"]),
        ({"%PHONE": "7900"}, ["1"]),
        ({"ASSIGNED_BY_ID": [2, 7]}, ["3"]),
        ({"ORIGIN_ID": ""}, ["1", "2"]),
        ({"!ORIGIN_ID": ""}, ["3"]),
        ({">REVENUE": 5}, ["2"]),
        ({">DATE_CREATE": "2001-01-01"}, ["1", "2", "3"]),
        ({"<DATE_CREATE": "2001-01-01T00:00:00+03:00"}, []),
    ],
)
async def test_filters(caller: Caller, filter_: dict[str, object], found: list[str]) -> None:
    crm = caller.portal.crm
    crm.add(Entity.COMPANY, {"TITLE": "Альфа", "PHONE": [{"VALUE": "+79000000001"}], "ASSIGNED_BY_ID": 1}, None)
    crm.add(Entity.COMPANY, {"TITLE": "Бета", "REVENUE": 7, "ASSIGNED_BY_ID": 1}, None)
    crm.add(Entity.COMPANY, {"TITLE": "Гамма", "ORIGIN_ID": "x1", "ASSIGNED_BY_ID": 2}, None)
    answer = await caller.call("crm.company.list", {"filter": filter_, "select": ["ID"]})
    assert [row["ID"] for row in answer.result] == found


async def test_an_unknown_filter_field_finds_everything(caller: Caller, warned: list[str]) -> None:
    """restservice.php internalizeFilterFields: the typo is dropped, the whole base comes back."""
    for title in ("One", "Two"):
        caller.portal.crm.add(Entity.COMPANY, {"TITLE": title}, None)
    answer = await caller.call("crm.company.list", {"filter": {"TITEL": "One"}})
    assert answer.body["total"] == 2
    assert warned == ["first: unknown filter field TITEL of company"]


async def test_an_unknown_field_is_ignored_on_write_and_noticed(caller: Caller, warned: list[str]) -> None:
    """crm-company-add.md: an incorrect field in `fields` will be ignored."""
    number = (await caller.call("crm.company.add", {"fields": {"TITLE": "One", "UF_CRM_NONE": 1, "ID": 77}})).result
    assert number == 1
    assert "UF_CRM_NONE" not in (await caller.call("crm.company.get", {"id": number})).result
    assert warned == ["first: unknown field UF_CRM_NONE of company"]


async def test_multi_fields_change_by_row(caller: Caller) -> None:
    """api-reference/crm/contacts/crm-contact-update.md."""
    phones = [{"VALUE": "+7 1"}, {"VALUE": "+7 2", "VALUE_TYPE": "HOME"}, {"VALUE": "+7 3"}]
    number = (await caller.call("crm.contact.add", {"fields": {"NAME": "Anna", "PHONE": phones}})).result
    rows = (await caller.call("crm.contact.get", {"id": number})).result["PHONE"]
    assert [row["VALUE_TYPE"] for row in rows] == ["WORK", "HOME", "WORK"]
    change = [{"ID": rows[0]["ID"], "VALUE": "+7 9"}, {"ID": rows[1]["ID"], "DELETE": "Y"}]
    change += [{"ID": rows[2]["ID"], "VALUE": ""}, {"VALUE": "+7 4"}]
    assert (await caller.call("crm.contact.update", {"id": number, "fields": {"PHONE": change}})).result is True
    after = (await caller.call("crm.contact.get", {"id": number})).result["PHONE"]
    assert [(row["ID"], row["VALUE"]) for row in after] == [(rows[0]["ID"], "+7 9"), (after[1]["ID"], "+7 4")]


@pytest.mark.parametrize(
    ("method", "params", "refused"),
    [
        ("crm.company.get", {"id": 0}, "ID is not defined or invalid."),
        ("crm.company.get", {}, "ID is not defined or invalid."),
        ("crm.company.get", {"id": 5}, "Not found"),
        ("crm.company.update", {"id": 5, "fields": {}}, "Company is not found"),
        ("crm.contact.update", {"id": 5, "fields": {}}, "Contact is not found"),
        ("crm.deal.update", {"id": 5, "fields": {}}, "Not found"),
        ("crm.deal.delete", {"id": "x"}, "ID is not defined or invalid."),
        ("crm.company.delete", {"id": 5}, "Company is not found"),
        ("crm.deal.add", {"fields": "text"}, "Parameter 'fields' must be array."),
        ("crm.deal.add", {"fields": {}, "params": "text"}, "Parameter 'params' must be array."),
        ("crm.company.list", {"order": "ID"}, "Parameter 'order' must be array."),
        ("crm.company.list", {"filter": "ID"}, "Parameter 'filter' must be array."),
    ],
)
async def test_refusals_have_an_empty_code(
    caller: Caller, method: str, params: dict[str, object], refused: str
) -> None:
    answer = await caller.call(method, params)
    assert answer.refusal == (400, "")
    assert answer.body["error_description"] == refused


async def test_rights(caller: Caller) -> None:
    crm = caller.portal.crm
    mine = crm.add(Entity.COMPANY, {"TITLE": "Mine", "ASSIGNED_BY_ID": 2}, None)
    other = crm.add(Entity.COMPANY, {"TITLE": "Other", "ASSIGNED_BY_ID": 1}, None)
    second = caller.as_user(2)
    second.user.crm_access = CrmAccess.OWN
    assert [row["ID"] for row in (await second.call("crm.company.list")).result] == [str(mine)]
    for method, params in (("get", {}), ("update", {"fields": {"TITLE": "X"}}), ("delete", {})):
        answer = await second.call(f"crm.company.{method}", {"id": other, **params})
        assert (answer.refusal, answer.body["error_description"]) == ((400, ""), "Access denied.")
    second.user.crm_access = CrmAccess.NONE
    calls: list[tuple[str, dict[str, object]]] = [("list", {}), ("add", {"fields": {}}), ("get", {"id": mine})]
    for method, given in calls:
        answer = await second.call(f"crm.company.{method}", given)
        assert (answer.refusal, answer.body["error_description"]) == ((400, ""), "Access denied.")


async def test_a_deal_follows_its_stage(caller: Caller) -> None:
    """api-reference/crm/deals/crm-deal-add.md, crm-deal-get.md."""
    deal = (await caller.call("crm.deal.add", {"fields": {"OPPORTUNITY": "1000000", "STAGE_ID": "nonsense"}})).result
    read = (await caller.call("crm.deal.get", {"id": deal})).result
    assert (read["STAGE_ID"], read["CATEGORY_ID"], read["STAGE_SEMANTIC_ID"], read["CLOSED"]) == ("NEW", "0", "P", "N")
    assert read["OPPORTUNITY"] == "1000000.00"
    assert read["TITLE"] == f"Сделка #{deal}"
    await caller.call("crm.deal.update", {"id": deal, "fields": {"STAGE_ID": "WON"}})
    read = (await caller.call("crm.deal.get", {"id": deal})).result
    assert (read["STAGE_SEMANTIC_ID"], read["CLOSED"]) == ("S", "Y")
    assert read["CLOSEDATE"] != ""


async def test_the_category_of_a_deal_cannot_be_changed_by_the_old_method(caller: Caller) -> None:
    """crm-deal-fields.md: CATEGORY_ID isImmutable."""
    crm = caller.portal.crm
    crm.books.add_category("Second", [("NEW", "New", "#fff", ""), ("WON", "Won", "#fff", "S")])
    deal = crm.add(Entity.DEAL, {"TITLE": "Deal"}, None)
    await caller.call("crm.deal.update", {"id": deal, "fields": {"CATEGORY_ID": 1}})
    assert crm.get(Entity.DEAL, deal)["CATEGORY_ID"] == 0  # type: ignore[index]


async def test_fields_are_described(caller: Caller) -> None:
    """crm-contact-fields.md: keys of a description; multi fields, statuses, parents."""
    described = (await caller.call("crm.contact.fields")).result
    assert described["NAME"] == {
        "type": "string",
        "isRequired": True,
        "isReadOnly": False,
        "isImmutable": False,
        "isMultiple": False,
        "isDynamic": False,
        "title": "Имя",
    }
    assert described["SOURCE_ID"]["statusType"] == "SOURCE"
    assert described["COMPANY_ID"]["isDeprecated"] is True
    assert described["LEAD_ID"]["settings"] == {"parentEntityTypeId": 1}
    assert described["PHONE"]["type"] == "crm_multifield"
    assert described["DATE_CREATE"]["isReadOnly"] is True


async def test_import_admits_dates(caller: Caller) -> None:
    """crm-company-add.md, IMPORT."""
    fields = {"TITLE": "Old", "DATE_CREATE": "2020-05-01T10:00:00+03:00", "CREATED_BY_ID": 2}
    plain = (await caller.call("crm.company.add", {"fields": fields})).result
    imported = (await caller.call("crm.company.add", {"fields": fields, "params": {"IMPORT": "Y"}})).result
    assert (await caller.call("crm.company.get", {"id": plain})).result["CREATED_BY_ID"] == "1"
    read = (await caller.call("crm.company.get", {"id": imported})).result
    assert (read["DATE_CREATE"], read["CREATED_BY_ID"]) == ("2020-05-01T10:00:00+03:00", "2")
