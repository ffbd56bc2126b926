"""crm.item.* against api-reference/crm/universal/*: both generations look at the same records."""

import pytest

from emulator.crm.entities import Entity
from emulator.crm.names import camel, upper
from emulator.model.people import CrmAccess
from tests.emulator.aid import Caller

# crm-item-get.md, the lead of the example
LEAD_KEYS = """
id createdTime dateCreateShort updatedTime dateModifyShort createdBy updatedBy assignedById opened companyId contactId
stageId isConvert statusDescription stageSemanticId productId opportunity currencyId sourceId sourceDescription title
name lastName secondName shortName companyTitle post address comments webformId originatorId originId dateClosed
birthdate honorific hasPhone hasEmail hasImol login isReturnCustomer searchContent isManualOpportunity movedBy movedTime
lastActivityBy lastActivityTime phoneMobile phoneWork phoneMailing emailHome emailWork emailMailing skype icq imol email
phone fm utmSource utmMedium utmCampaign utmContent utmTerm observers contactIds entityTypeId
"""
# crm-item-add.md, the deal of the example (without its user and parent fields)
DEAL_KEYS = """
id createdTime dateCreateShort updatedTime dateModifyShort createdBy updatedBy assignedById opened leadId companyId
contactId quoteId title productId categoryId stageId stageSemanticId isNew isRecurring isReturnCustomer
isRepeatedApproach closed typeId opportunity isManualOpportunity taxValue currencyId probability comments begindate
begindateShort closedate closedateShort eventDate eventDateShort eventId eventDescription locationId webformId sourceId
sourceDescription originatorId originId additionalInfo searchContent orderStage movedBy movedTime lastActivityBy
lastActivityTime isWork isWon isLose receivedAmount lostAmount hasProducts utmSource utmMedium utmCampaign utmContent
utmTerm observers contactIds entityTypeId
"""


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("UF_CRM_1722000000", "ufCrm_1722000000"),
        ("UF_CRM_44_1722", "ufCrm44_1722"),
        ("UF_CRM_MANAGER_NOTE", "ufCrmManagerNote"),
        ("UF_CRM_B24_LEVEL", "ufCrm_B24_LEVEL"),
        ("UTM_SOURCE", "utmSource"),
        ("ADDRESS", "address"),
    ],
)
def test_names(name: str, item: str) -> None:
    """crm/lib/Service/Converter.php."""
    assert camel(name) == item


def test_upper_names() -> None:
    assert upper("createdTime") == "CREATED_TIME"


@pytest.mark.parametrize(("number", "keys"), [(1, LEAD_KEYS), (2, DEAL_KEYS)])
async def test_an_item_has_the_documented_keys(caller: Caller, number: int, keys: str) -> None:
    answer = await caller.call("crm.item.add", {"entityTypeId": number, "fields": {"title": "One"}})
    assert set(keys.split()) <= set(answer.result["item"])


async def test_types_are_real(caller: Caller) -> None:
    """crm-item-add.md."""
    company = (await caller.call("crm.item.add", {"entityTypeId": 4, "fields": {"title": "Firm"}})).result["item"]
    fields = {"title": "Deal", "opportunity": 999.99, "companyId": company["id"], "begindate": "2026-06-18"}
    item = (await caller.call("crm.item.add", {"entityTypeId": 2, "fields": fields})).result["item"]
    assert (item["id"], item["opportunity"], item["companyId"], item["contactId"]) == (1, 999.99, company["id"], 0)
    assert item["begindate"] == "2026-06-18T03:00:00+03:00"
    assert item["stageId"] == "NEW"
    assert (item["createdBy"], item["assignedById"]) == (1, 1)


async def test_both_generations_share_the_record(caller: Caller) -> None:
    fields = {"name": "Anna", "fm": [{"typeId": "PHONE", "valueType": "MOBILE", "value": "+7 900"}]}
    item = (await caller.call("crm.item.add", {"entityTypeId": 3, "fields": fields})).result["item"]
    assert item["fm"] == [{"id": item["fm"][0]["id"], "valueType": "MOBILE", "value": "+7 900", "typeId": "PHONE"}]
    assert (item["phoneMobile"], item["phone"], item["emailWork"]) == ("+7 900", "+7 900", "")
    legacy = (await caller.call("crm.contact.get", {"id": item["id"]})).result
    assert (legacy["NAME"], legacy["PHONE"][0]["VALUE"]) == ("Anna", "+7 900")
    await caller.call("crm.contact.update", {"id": item["id"], "fields": {"LAST_NAME": "Berg"}})
    again = (await caller.call("crm.item.get", {"entityTypeId": 3, "id": item["id"]})).result["item"]
    assert again["lastName"] == "Berg"


async def test_a_list_of_fm_rows_adds_whatever_ids_are_inside(caller: Caller) -> None:
    """The key of a map decides, nothing else: bitrix-tools/b24-rest-docs#264, #265."""
    fields = {"name": "Anna", "fm": [{"typeId": "PHONE", "value": "1"}]}
    item = (await caller.call("crm.item.add", {"entityTypeId": 3, "fields": fields})).result["item"]
    change = {"fm": [{"id": item["fm"][0]["id"], "typeId": "PHONE", "value": "2"}]}
    after = (await caller.call("crm.item.update", {"entityTypeId": 3, "id": item["id"], "fields": change})).result[
        "item"
    ]
    assert [row["value"] for row in after["fm"]] == ["1", "2"]


async def test_fm_rows_change_by_id(caller: Caller) -> None:
    """crm-item-update.md: the row id is the key."""
    fields = {"name": "Anna", "fm": [{"typeId": "PHONE", "value": "1"}, {"typeId": "EMAIL", "value": "a@example.com"}]}
    item = (await caller.call("crm.item.add", {"entityTypeId": 3, "fields": fields})).result["item"]
    phone = str(next(row["id"] for row in item["fm"] if row["typeId"] == "PHONE"))
    change = {"fm": {phone: {"typeId": "PHONE", "valueType": "WORK", "value": "2"}}}
    after = (await caller.call("crm.item.update", {"entityTypeId": 3, "id": 1, "fields": change})).result["item"]
    assert {(row["typeId"], row["value"]) for row in after["fm"]} == {("PHONE", "2"), ("EMAIL", "a@example.com")}


@pytest.mark.parametrize(
    ("given", "kept"),
    [(True, "Y"), ("true", "Y"), ("y", "Y"), ("Y", "Y"), (1, "N"), ("1", "N"), ("True", "N"), ("N", "N"), (False, "N")],
)
async def test_boolean_user_fields(caller: Caller, given: object, kept: str) -> None:
    """crm/lib/controller/item.php prepareBooleanFieldValue."""
    caller.portal.crm.userfields[Entity.COMPANY].add("UF_CRM_CHECK", "boolean")
    fields = {"title": "Firm", "ufCrmCheck": given}
    item = (await caller.call("crm.item.add", {"entityTypeId": 4, "fields": fields})).result["item"]
    assert item["ufCrmCheck"] == kept
    legacy = (await caller.call("crm.company.get", {"id": item["id"]})).result
    assert legacy["UF_CRM_CHECK"] == ("1" if kept == "Y" else "0")


async def test_original_uf_names(caller: Caller) -> None:
    caller.portal.crm.userfields[Entity.COMPANY].add("UF_CRM_1722", "string")
    params = {"entityTypeId": 4, "useOriginalUfNames": "Y", "fields": {"title": "A", "UF_CRM_1722": "x"}}
    item = (await caller.call("crm.item.add", params)).result["item"]
    assert item["UF_CRM_1722"] == "x"
    assert "ufCrm_1722" not in item
    plain = (await caller.call("crm.item.get", {"entityTypeId": 4, "id": item["id"]})).result["item"]
    assert plain["ufCrm_1722"] == "x"
    described = (await caller.call("crm.item.fields", {"entityTypeId": 4})).result["fields"]
    assert (described["ufCrm_1722"]["upperName"], described["ufCrm_1722"]["isDynamic"]) == ("UF_CRM_1722", True)
    assert described["createdTime"]["upperName"] == "CREATED_TIME"
    assert described["opened"]["type"] == "boolean"


async def test_nested_or(caller: Caller) -> None:
    """crm-item-list.md, the example with OR."""
    crm = caller.portal.crm
    for title, amount in (("A", 1), ("B", 2), ("C", 3), ("D", 4)):
        crm.add(Entity.DEAL, {"TITLE": title, "OPPORTUNITY": amount}, None)
    nested = {
        "0": {"logic": "OR", "0": {"=title": "A"}, "1": {">opportunity": 2, "<opportunity": 4}},
        "@stageId": ["NEW"],
    }
    params = {"entityTypeId": 2, "filter": nested, "select": ["title"], "order": {"ID": "desc"}}
    answer = await caller.call("crm.item.list", params)
    assert answer.result == {"items": [{"title": "C"}, {"title": "A"}]}
    assert answer.body["total"] == 2


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"filter": {"titel": 1}}, "INVALID_ARG_VALUE", "Invalid filter: field 'titel' is not allowed in filter"),
        ({"filter": {">ID": 1}}, "INVALID_ARG_VALUE", "Invalid filter: field 'ID' is not allowed in filter"),
        ({"filter": {"ufCrmCheck": "Y"}}, "INVALID_ARG_VALUE", "Invalid filter: field 'ufCrmCheck' has invalid value"),
        (
            {"filter": {">createdTime": "soon"}},
            "INVALID_ARG_VALUE",
            "Invalid filter: field 'createdTime' has invalid value",
        ),
        ({"order": {"nothing": "ASC"}}, "INVALID_ARG_VALUE", "Invalid order: field 'nothing' is not allowed in order"),
    ],
)
async def test_refused_lists(caller: Caller, params: dict[str, object], code: str, text: str) -> None:
    caller.portal.crm.userfields[Entity.COMPANY].add("UF_CRM_CHECK", "boolean")
    answer = await caller.call("crm.item.list", {"entityTypeId": 4, **params})
    assert (answer.refusal, answer.body["error_description"]) == ((400, code), text)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("get", {"entityTypeId": 1268, "id": 1}, "NOT_FOUND"),
        ("get", {"entityTypeId": 4, "id": 1}, "NOT_FOUND"),
        ("update", {"entityTypeId": 4, "id": 1, "fields": {}}, "NOT_FOUND"),
        ("delete", {"entityTypeId": 4, "id": 1}, "NOT_FOUND"),
        ("get", {"entityTypeId": 4}, "100"),
        ("list", {}, "100"),
        ("add", {"entityTypeId": 2, "fields": {"stageId": "NOPE"}}, "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        ("add", {"entityTypeId": 2, "fields": {"contactIds": 5}}, "100"),
        ("list", {"ENTITYTYPEID": 4}, "100"),
    ],
)
async def test_refused_calls(caller: Caller, method: str, params: dict[str, object], code: object) -> None:
    answer = await caller.call(f"crm.item.{method}", params)
    assert answer.refusal == (400, code)


async def test_rights(caller: Caller) -> None:
    crm = caller.portal.crm
    crm.add(Entity.COMPANY, {"TITLE": "Other", "ASSIGNED_BY_ID": 1}, None)
    second = caller.as_user(2)
    second.user.crm_access = CrmAccess.OWN
    for method, params in (("get", {}), ("update", {"fields": {"title": "X"}}), ("delete", {})):
        answer = await second.call(f"crm.item.{method}", {"entityTypeId": 4, "id": 1, **params})
        assert answer.refusal == (400, "ACCESS_DENIED")
    answer = await second.call("crm.item.list", {"entityTypeId": 4})
    assert (answer.result, answer.body["total"]) == ({"items": []}, 0)


async def test_delete_answers_an_empty_list(caller: Caller) -> None:
    caller.portal.crm.add(Entity.COMPANY, {"TITLE": "One"}, None)
    assert (await caller.call("crm.item.delete", {"entityTypeId": 4, "id": 1})).result == []


async def test_a_deal_moves_to_another_pipeline(caller: Caller) -> None:
    crm = caller.portal.crm
    crm.books.add_category("Second", [("NEW", "New", "#fff", ""), ("WON", "Won", "#fff", "S")])
    crm.add(Entity.DEAL, {"TITLE": "Deal"}, None)
    change = {"entityTypeId": 2, "id": 1, "fields": {"categoryId": 1}}
    item = (await caller.call("crm.item.update", change)).result["item"]
    assert (item["categoryId"], item["stageId"]) == (1, "C1:NEW")
    history = await caller.call("crm.stagehistory.list", {"entityTypeId": 2, "filter": {"OWNER_ID": 1}})
    assert [row["TYPE_ID"] for row in history.result["items"]] == [1, 5]
