"""Reference books, pipelines, stage history, mode, duplicates."""

from typing import Any

import pytest

from emulator.crm.communications import normalize
from emulator.crm.entities import Entity
from tests.emulator.aid import Caller


async def test_statuses(caller: Caller) -> None:
    """api-reference/crm/status/crm-status-list.md."""
    params = {"filter": {"ENTITY_ID": "DEAL_STAGE"}, "order": {"SORT": "ASC"}}
    answer = await caller.call("crm.status.list", params)
    first, won = answer.result[0], answer.result[-2]
    keys = "ID ENTITY_ID STATUS_ID NAME NAME_INIT SORT SYSTEM CATEGORY_ID COLOR SEMANTICS EXTRA"
    assert set(first) == set(keys.split())
    assert (first["STATUS_ID"], first["SORT"], first["SYSTEM"], first["SEMANTICS"]) == ("NEW", "10", "Y", None)
    assert first["EXTRA"] == {"SEMANTICS": "process", "COLOR": "#39A8EF"}
    assert (won["STATUS_ID"], won["SEMANTICS"], won["EXTRA"]["SEMANTICS"]) == ("WON", "S", "success")
    assert answer.body["total"] == len(answer.result) == 7
    source = (await caller.call("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE", "STATUS_ID": "WEB"}})).result
    assert [row["NAME"] for row in source] == ["Веб-сайт"]
    assert "EXTRA" not in source[0]


async def test_categories(caller: Caller) -> None:
    """api-reference/crm/universal/category/crm-category-list.md."""
    caller.portal.crm.books.add_category("Rental", [("NEW", "New", "#fff", "")])
    answer = await caller.call("crm.category.list", {"entityTypeId": 2})
    rows = answer.result["categories"]
    assert [(row["id"], row["isDefault"], row["entityTypeId"]) for row in rows] == [(0, "Y", 2), (1, "N", 2)]
    assert rows[1]["originId"] == ""
    assert answer.body["total"] == 2
    stages = (await caller.call("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE_1"}})).result
    assert [(row["STATUS_ID"], row["CATEGORY_ID"]) for row in stages] == [("C1:NEW", "1")]
    assert (await caller.call("crm.category.list", {"entityTypeId": 1})).refusal == (400, "ENTITY_TYPE_NOT_SUPPORTED")
    assert (await caller.call("crm.category.list", {"entityTypeId": 1268})).refusal == (400, "NOT_FOUND")


async def test_stage_history(caller: Caller) -> None:
    """api-reference/crm/crm-stage-history-list.md."""
    crm = caller.portal.crm
    deal = crm.add(Entity.DEAL, {"TITLE": "A"}, None)
    for stage in ("EXECUTING", "EXECUTING", "WON"):
        crm.update(Entity.DEAL, deal, {"STAGE_ID": stage}, None)
    params = {"entityTypeId": 2, "filter": {"OWNER_ID": deal}, "order": {"ID": "ASC"}}
    answer = await caller.call("crm.stagehistory.list", params)
    rows = answer.result["items"]
    assert [(row["TYPE_ID"], row["STAGE_ID"], row["STAGE_SEMANTIC_ID"]) for row in rows] == [
        (1, "NEW", "P"),
        (2, "EXECUTING", "P"),
        (3, "WON", "S"),
    ]
    assert set(rows[0]) == {
        "ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME", "CATEGORY_ID", "STAGE_SEMANTIC_ID", "STAGE_ID",
    }  # fmt: skip
    assert answer.body["total"] == 3
    bad = await caller.call("crm.stagehistory.list", {"entityTypeId": 2, "filter": {"WHO": 1}})
    assert bad.refusal == (400, "INVALID_ARG_VALUE")
    assert (await caller.call("crm.stagehistory.list", {"entityTypeId": 4})).refusal == (
        400,
        "ENTITY_TYPE_NOT_SUPPORTED",
    )


async def test_the_stage_history_of_leads_has_names_of_its_own(caller: Caller) -> None:
    """crm-stage-history-list.md, tab "for leads and old invoices"."""
    crm = caller.portal.crm
    lead = crm.add(Entity.LEAD, {"TITLE": "A"}, None)
    crm.update(Entity.LEAD, lead, {"STATUS_ID": "IN_PROCESS"}, None)
    params: dict[str, Any] = {"entityTypeId": 1, "order": {"ID": "ASC"}}
    (first, second) = (await caller.call("crm.stagehistory.list", params)).result["items"]
    assert set(first) == {"ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME", "STATUS_SEMANTIC_ID", "STATUS_ID"}
    assert (second["STATUS_ID"], second["STATUS_SEMANTIC_ID"]) == ("IN_PROCESS", "P")
    new = params | {"filter": {"STATUS_ID": "NEW"}, "select": ["STATUS_ID"]}
    assert (await caller.call("crm.stagehistory.list", new)).result["items"] == [{"STATUS_ID": "NEW"}]
    for wrong in ({"filter": {"STAGE_ID": "NEW"}}, {"order": {"CATEGORY_ID": "ASC"}}):
        assert (await caller.call("crm.stagehistory.list", params | wrong)).refusal == (400, "INVALID_ARG_VALUE")


async def test_mode(caller: Caller) -> None:
    """api-reference/crm/crm-settings-mode-get.md."""
    assert (await caller.call("crm.settings.mode.get")).result == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("8 (900) 000-00-01", "79000000001"),
        ("+7 900 000 00 01;12", "79000000001"),
        ("+79000000001#12", "79000000001"),
        ("8-812-000-00-01", "78120000001"),
        ("810 49 30 000000", "8104930000000"),
        ("+81 3 0000 0000", "81300000000"),
        ("0049 30 000000", "4930000000"),
        ("555888", "555888"),
    ],
)
def test_phones_are_normalized(given: str, kept: str) -> None:
    """main/tools.php NormalizePhone, duplicatecommunicationcriterion.php."""
    assert normalize("PHONE", given) == kept


@pytest.fixture
async def clients(caller: Caller) -> Caller:
    crm = caller.portal.crm
    crm.add(Entity.LEAD, {"TITLE": "L", "PHONE": [{"VALUE": "8 (900) 000-00-01"}]}, None)
    crm.add(Entity.CONTACT, {"NAME": "C", "PHONE": [{"VALUE": "+79000000001;12"}]}, None)
    mails = [{"VALUE": "Info@Example.com"}]
    crm.add(Entity.COMPANY, {"TITLE": "F", "PHONE": [{"VALUE": "+7-900-000-00-02"}], "EMAIL": mails}, None)
    return caller


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"type": "PHONE", "values": ["79000000001"]}, {"LEAD": [1], "CONTACT": [1]}),
        ({"type": "phone", "values": ["+7 900 000 00 01", "89000000002"], "entity_type": "COMPANY"}, {"COMPANY": [1]}),
        ({"type": "EMAIL", "values": ["info@example.COM"]}, {"COMPANY": [1]}),
        ({"type": "EMAIL", "values": ["none@example.com"]}, []),
        ({"type": "PHONE", "values": [f"1{number:09}" for number in range(20)] + ["79000000001"]}, []),
    ],
)
async def test_duplicates(clients: Caller, params: dict[str, Any], found: Any) -> None:
    """api-reference/crm/duplicates/crm-duplicate-find-by-comm.md: ids are numbers, nothing found prints []."""
    assert (await clients.call("crm.duplicate.findbycomm", params)).result == found


async def test_twenty_hits_in_one_type_silence_the_next(caller: Caller) -> None:
    for _ in range(20):
        caller.portal.crm.add(Entity.LEAD, {"PHONE": [{"VALUE": "79000000001"}]}, None)
    caller.portal.crm.add(Entity.CONTACT, {"PHONE": [{"VALUE": "79000000001"}]}, None)
    params = {"type": "PHONE", "values": ["79000000001"]}
    assert set((await caller.call("crm.duplicate.findbycomm", params)).result) == {"LEAD"}


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"type": "FAX", "values": ["1"]}, "Communication type 'FAX' is not supported in current context."),
        ({"type": "PHONE"}, "Communication values is not defined."),
        ({"type": "PHONE", "values": ["1"], "entity_type": "DEAL"}, "Deal is not supported in current context."),
    ],
)
async def test_refused_searches(caller: Caller, params: dict[str, object], text: str) -> None:
    answer = await caller.call("crm.duplicate.findbycomm", params)
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_the_index_follows_changes(clients: Caller) -> None:
    search = {"type": "PHONE", "values": ["79000000001"], "entity_type": "CONTACT"}
    assert (await clients.call("crm.duplicate.findbycomm", search)).result == {"CONTACT": [1]}
    row = (await clients.call("crm.contact.get", {"id": 1})).result["PHONE"][0]
    await clients.call(
        "crm.contact.update", {"id": 1, "fields": {"PHONE": [{"ID": row["ID"], "VALUE": "79000000009"}]}}
    )
    assert (await clients.call("crm.duplicate.findbycomm", search)).result == []
    search["values"] = ["79000000009"]
    assert (await clients.call("crm.duplicate.findbycomm", search)).result == {"CONTACT": [1]}
