"""Documented answers, page by page: the emulator gives the keys the page shows, as the page types them.

Keys of user fields, parents of smart processes and FACE_ID (gone from the field lists) are left out of the tables.
"""

from typing import Any

import pytest

from tests.emulator.aid import Caller

COMPANY = """
ID COMPANY_TYPE TITLE LOGO LEAD_ID HAS_PHONE HAS_EMAIL HAS_IMOL ASSIGNED_BY_ID CREATED_BY_ID MODIFY_BY_ID
BANKING_DETAILS INDUSTRY REVENUE CURRENCY_ID EMPLOYEES COMMENTS DATE_CREATE DATE_MODIFY OPENED IS_MY_COMPANY
ORIGINATOR_ID ORIGIN_ID ORIGIN_VERSION ADDRESS ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION
ADDRESS_PROVINCE ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE ADDRESS_LOC_ADDR_ID ADDRESS_LEGAL REG_ADDRESS
REG_ADDRESS_2 REG_ADDRESS_CITY REG_ADDRESS_POSTAL_CODE REG_ADDRESS_REGION REG_ADDRESS_PROVINCE
REG_ADDRESS_COUNTRY REG_ADDRESS_COUNTRY_CODE REG_ADDRESS_LOC_ADDR_ID UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN
UTM_CONTENT UTM_TERM LAST_ACTIVITY_BY LAST_ACTIVITY_TIME LAST_COMMUNICATION_TIME
"""

CONTACT = """
ID POST COMMENTS HONORIFIC NAME SECOND_NAME LAST_NAME PHOTO LEAD_ID TYPE_ID SOURCE_ID SOURCE_DESCRIPTION
COMPANY_ID BIRTHDATE EXPORT HAS_PHONE HAS_EMAIL HAS_IMOL DATE_CREATE DATE_MODIFY ASSIGNED_BY_ID CREATED_BY_ID
MODIFY_BY_ID OPENED ORIGINATOR_ID ORIGIN_ID ORIGIN_VERSION LAST_ACTIVITY_TIME ADDRESS ADDRESS_2 ADDRESS_CITY
ADDRESS_POSTAL_CODE ADDRESS_REGION ADDRESS_PROVINCE ADDRESS_COUNTRY ADDRESS_LOC_ADDR_ID UTM_SOURCE UTM_MEDIUM
UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_BY PHONE EMAIL
"""

DEAL = """
ID TITLE TYPE_ID STAGE_ID PROBABILITY CURRENCY_ID OPPORTUNITY IS_MANUAL_OPPORTUNITY TAX_VALUE LEAD_ID COMPANY_ID
CONTACT_ID QUOTE_ID BEGINDATE CLOSEDATE ASSIGNED_BY_ID CREATED_BY_ID MODIFY_BY_ID DATE_CREATE DATE_MODIFY OPENED
CLOSED COMMENTS ADDITIONAL_INFO LOCATION_ID CATEGORY_ID STAGE_SEMANTIC_ID IS_NEW IS_RECURRING IS_RETURN_CUSTOMER
IS_REPEATED_APPROACH SOURCE_ID SOURCE_DESCRIPTION ORIGINATOR_ID ORIGIN_ID MOVED_BY_ID MOVED_TIME
LAST_ACTIVITY_TIME UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_BY
"""

LEAD = """
ID TITLE HONORIFIC NAME SECOND_NAME LAST_NAME COMPANY_TITLE COMPANY_ID CONTACT_ID IS_RETURN_CUSTOMER BIRTHDATE
SOURCE_ID SOURCE_DESCRIPTION STATUS_ID STATUS_DESCRIPTION POST COMMENTS CURRENCY_ID OPPORTUNITY
IS_MANUAL_OPPORTUNITY HAS_PHONE HAS_EMAIL HAS_IMOL ASSIGNED_BY_ID CREATED_BY_ID MODIFY_BY_ID DATE_CREATE
DATE_MODIFY DATE_CLOSED STATUS_SEMANTIC_ID OPENED ORIGINATOR_ID ORIGIN_ID MOVED_BY_ID MOVED_TIME ADDRESS
ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION ADDRESS_PROVINCE ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE
ADDRESS_LOC_ADDR_ID UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_BY LAST_ACTIVITY_TIME
PHONE IM
"""

COMPANY_FIELDS = """
ID TITLE COMPANY_TYPE LOGO ADDRESS ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION ADDRESS_PROVINCE
ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE ADDRESS_LOC_ADDR_ID ADDRESS_LEGAL REG_ADDRESS REG_ADDRESS_2
REG_ADDRESS_CITY REG_ADDRESS_POSTAL_CODE REG_ADDRESS_REGION REG_ADDRESS_PROVINCE REG_ADDRESS_COUNTRY
REG_ADDRESS_COUNTRY_CODE REG_ADDRESS_LOC_ADDR_ID BANKING_DETAILS INDUSTRY EMPLOYEES CURRENCY_ID REVENUE OPENED
COMMENTS HAS_PHONE HAS_EMAIL HAS_IMOL IS_MY_COMPANY ASSIGNED_BY_ID CREATED_BY_ID MODIFY_BY_ID DATE_CREATE
DATE_MODIFY CONTACT_ID LEAD_ID ORIGINATOR_ID ORIGIN_ID ORIGIN_VERSION UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN
UTM_CONTENT UTM_TERM LAST_ACTIVITY_TIME LAST_ACTIVITY_BY LAST_COMMUNICATION_TIME PHONE EMAIL WEB IM LINK
"""

CONTACT_FIELDS = """
ID HONORIFIC NAME SECOND_NAME LAST_NAME PHOTO BIRTHDATE TYPE_ID SOURCE_ID SOURCE_DESCRIPTION POST ADDRESS
ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION ADDRESS_PROVINCE ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE
ADDRESS_LOC_ADDR_ID COMMENTS OPENED EXPORT HAS_PHONE HAS_EMAIL HAS_IMOL ASSIGNED_BY_ID CREATED_BY_ID
MODIFY_BY_ID DATE_CREATE DATE_MODIFY COMPANY_ID COMPANY_IDS LEAD_ID ORIGINATOR_ID ORIGIN_ID ORIGIN_VERSION
UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_TIME LAST_ACTIVITY_BY PHONE EMAIL WEB IM
LINK
"""

DEAL_FIELDS = """
ID TITLE TYPE_ID CATEGORY_ID STAGE_ID STAGE_SEMANTIC_ID IS_NEW IS_RECURRING IS_RETURN_CUSTOMER
IS_REPEATED_APPROACH PROBABILITY CURRENCY_ID OPPORTUNITY IS_MANUAL_OPPORTUNITY TAX_VALUE COMPANY_ID CONTACT_ID
CONTACT_IDS QUOTE_ID BEGINDATE CLOSEDATE OPENED CLOSED COMMENTS ASSIGNED_BY_ID CREATED_BY_ID MODIFY_BY_ID
MOVED_BY_ID DATE_CREATE DATE_MODIFY MOVED_TIME SOURCE_ID SOURCE_DESCRIPTION LEAD_ID ADDITIONAL_INFO LOCATION_ID
ORIGINATOR_ID ORIGIN_ID UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_TIME
LAST_ACTIVITY_BY
"""

LEAD_FIELDS = """
ID TITLE HONORIFIC NAME SECOND_NAME LAST_NAME BIRTHDATE COMPANY_TITLE SOURCE_ID SOURCE_DESCRIPTION STATUS_ID
STATUS_DESCRIPTION STATUS_SEMANTIC_ID POST ADDRESS ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION
ADDRESS_PROVINCE ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE ADDRESS_LOC_ADDR_ID CURRENCY_ID OPPORTUNITY
IS_MANUAL_OPPORTUNITY OPENED COMMENTS HAS_PHONE HAS_EMAIL HAS_IMOL ASSIGNED_BY_ID CREATED_BY_ID MODIFY_BY_ID
MOVED_BY_ID DATE_CREATE DATE_MODIFY MOVED_TIME COMPANY_ID CONTACT_ID CONTACT_IDS IS_RETURN_CUSTOMER DATE_CLOSED
ORIGINATOR_ID ORIGIN_ID UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM LAST_ACTIVITY_TIME
LAST_ACTIVITY_BY PHONE EMAIL WEB IM LINK
"""

REQUISITE = """
ID ENTITY_TYPE_ID ENTITY_ID PRESET_ID DATE_CREATE DATE_MODIFY CREATED_BY_ID MODIFY_BY_ID NAME CODE XML_ID
ORIGINATOR_ID ACTIVE ADDRESS_ONLY SORT RQ_NAME RQ_FIRST_NAME RQ_LAST_NAME RQ_SECOND_NAME RQ_COMPANY_ID
RQ_COMPANY_NAME RQ_COMPANY_FULL_NAME RQ_COMPANY_REG_DATE RQ_DIRECTOR RQ_ACCOUNTANT RQ_CEO_NAME RQ_CEO_WORK_POS
RQ_CONTACT RQ_EMAIL RQ_PHONE RQ_FAX RQ_IDENT_TYPE RQ_IDENT_DOC RQ_IDENT_DOC_SER RQ_IDENT_DOC_NUM
RQ_IDENT_DOC_PERS_NUM RQ_IDENT_DOC_DATE RQ_IDENT_DOC_ISSUED_BY RQ_IDENT_DOC_DEP_CODE RQ_INN RQ_KPP RQ_USRLE
RQ_IFNS RQ_OGRN RQ_OGRNIP RQ_OKPO RQ_OKTMO RQ_OKVED RQ_EDRPOU RQ_DRFO RQ_KBE RQ_IIN RQ_BIN RQ_ST_CERT_SER
RQ_ST_CERT_NUM RQ_ST_CERT_DATE RQ_VAT_PAYER RQ_VAT_ID RQ_VAT_CERT_SER RQ_VAT_CERT_NUM RQ_VAT_CERT_DATE
RQ_RESIDENCE_COUNTRY RQ_BASE_DOC RQ_REGON RQ_KRS RQ_PESEL RQ_LEGAL_FORM RQ_SIRET RQ_SIREN RQ_CAPITAL RQ_RCS
RQ_CNPJ RQ_STATE_REG RQ_MNPL_REG RQ_CPF
"""

ADDRESS = """
TYPE_ID ENTITY_TYPE_ID ENTITY_ID ADDRESS_1 ADDRESS_2 CITY POSTAL_CODE REGION PROVINCE COUNTRY COUNTRY_CODE
LOC_ADDR_ID ANCHOR_TYPE_ID ANCHOR_ID
"""

PRESET = """
ID ENTITY_TYPE_ID COUNTRY_ID DATE_CREATE DATE_MODIFY CREATED_BY_ID MODIFY_BY_ID NAME XML_ID ACTIVE SORT
"""

ACTIVITY = """
ID OWNER_ID OWNER_TYPE_ID TYPE_ID PROVIDER_ID PROVIDER_TYPE_ID PROVIDER_GROUP_ID ASSOCIATED_ENTITY_ID SUBJECT
CREATED LAST_UPDATED START_TIME END_TIME DEADLINE COMPLETED STATUS RESPONSIBLE_ID PRIORITY NOTIFY_TYPE
NOTIFY_VALUE DESCRIPTION DESCRIPTION_TYPE DIRECTION LOCATION SETTINGS ORIGINATOR_ID ORIGIN_ID AUTHOR_ID
EDITOR_ID PROVIDER_PARAMS PROVIDER_DATA RESULT_MARK RESULT_VALUE RESULT_SUM RESULT_CURRENCY_ID RESULT_STATUS
RESULT_STREAM RESULT_SOURCE_ID AUTOCOMPLETE_RULE
"""

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
CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("crm/companies/crm-company-get.md", "crm.company.get", {"id": 1}, COMPANY),
    ("crm/contacts/crm-contact-get.md", "crm.contact.get", {"id": 1}, CONTACT),
    ("crm/deals/crm-deal-get.md", "crm.deal.get", {"id": 1}, DEAL),
    ("crm/leads/crm-lead-get.md", "crm.lead.get", {"id": 1}, LEAD),
    ("crm/companies/crm-company-fields.md", "crm.company.fields", {}, COMPANY_FIELDS),
    ("crm/contacts/crm-contact-fields.md", "crm.contact.fields", {}, CONTACT_FIELDS),
    ("crm/deals/crm-deal-fields.md", "crm.deal.fields", {}, DEAL_FIELDS),
    ("crm/leads/crm-lead-fields.md", "crm.lead.fields", {}, LEAD_FIELDS),
    ("crm/requisites/universal/crm-requisite-get.md", "crm.requisite.get", {"id": 1}, REQUISITE),
    ("crm/requisites/addresses/crm-address-list.md", "crm.address.list", {"filter": {"TYPE_ID": 1}}, ADDRESS),
    ("crm/requisites/presets/crm-requisite-preset-get.md", "crm.requisite.preset.get", {"id": 1}, PRESET),
    ("crm/timeline/activities/activity-base/crm-activity-get.md", "crm.activity.get", {"id": 1}, ACTIVITY),
    ("crm/universal/object-fields.md", "crm.item.get", {"entityTypeId": 3, "id": 1}, ITEM_CONTACT),
    ("crm/universal/object-fields.md", "crm.item.get", {"entityTypeId": 4, "id": 1}, ITEM_COMPANY),
]


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


@pytest.mark.parametrize(("page", "method", "params", "keys"), CASES, ids=[f"{case[1]} {case[0]}" for case in CASES])
async def test_documented_keys(filled: Caller, page: str, method: str, params: dict[str, Any], keys: str) -> None:
    result = (await filled.call(method, params)).result
    row = result[0] if isinstance(result, list) else result.get("item", result)
    extra = {"PHONE", "EMAIL", "ADDRESS_COUNTRY_CODE"} if method.endswith(".get") else set()
    assert set(keys.split()) - set(row) == set(), page
    if "item" not in method:
        assert set(row) - set(keys.split()) - extra == set(), page


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
