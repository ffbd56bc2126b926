"""Meetings, calls and activities of apps: crm/timeline/activities/activity-base/*."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.emulator.aid import Caller

CALL = {
    "OWNER_TYPE_ID": 2,
    "OWNER_ID": 1,
    "TYPE_ID": 2,
    "COMMUNICATIONS": [{"VALUE": "+499832322323", "ENTITY_ID": 134, "ENTITY_TYPE_ID": 3}],
    "SUBJECT": "New call",
    "START_TIME": "2023-12-31T12:00:00+00:00",
    "END_TIME": "2023-12-31T12:30:00+00:00",
    "COMPLETED": "N",
    "PRIORITY": 3,
    "RESPONSIBLE_ID": 1,
    "DESCRIPTION": "Important call",
    "DESCRIPTION_TYPE": 3,
    "DIRECTION": 2,
}
"""The example of crm-activity-add.md, in deal 1."""


UNBOUND = "Could not build binding. Please ensure that owner info and communications are defined correctly"


@pytest.fixture
async def deal(caller: Caller) -> Caller:
    caller.portal.crm.add(Entity.DEAL, {"TITLE": "One"}, caller.user)
    return caller


async def test_a_call_is_planned_and_done(deal: Caller) -> None:
    assert (await deal.call("crm.activity.add", {"fields": CALL})).result == 1
    row = (await deal.call("crm.activity.get", {"id": 1})).result
    expected = {"TYPE_ID": "2", "PROVIDER_ID": "CRM_CALL", "SUBJECT": "New call", "DIRECTION": "2", "PRIORITY": "3"}
    expected |= {"START_TIME": "2023-12-31T15:00:00+03:00", "END_TIME": "2023-12-31T15:30:00+03:00"}
    expected |= {"DEADLINE": "2023-12-31T15:00:00+03:00", "COMPLETED": "N", "DESCRIPTION": "Important call"}
    assert {name: row[name] for name in expected} == expected
    done = {"COMPLETED": "Y", "SUBJECT": "Called"}
    assert (await deal.call("crm.activity.update", {"id": 1, "fields": done})).result is True
    after = (await deal.call("crm.activity.get", {"id": 1})).result
    changed = {name: after[name] for name in row if after[name] != row[name] and name != "LAST_UPDATED"}
    assert changed == {"SUBJECT": "Called", "COMPLETED": "Y", "STATUS": "2"}


async def test_an_apps_own_activity(deal: Caller) -> None:
    fields = {name: CALL[name] for name in ("OWNER_TYPE_ID", "OWNER_ID", "SUBJECT", "RESPONSIBLE_ID")}
    fields |= {"TYPE_ID": 6, "PROVIDER_ID": "REST_APP", "PROVIDER_TYPE_ID": "1C", "ORIGIN_ID": "x"}
    assert (await deal.call("crm.activity.add", {"fields": fields})).result == 1
    found = await deal.call("crm.activity.list", {"filter": {"PROVIDER_TYPE_ID": "1C"}, "select": ["ID", "ORIGIN_ID"]})
    assert found.result == [{"ID": "1", "ORIGIN_ID": "x"}]


async def test_where_nobody_is_named_the_one_responsible_for_the_card_is(deal: Caller) -> None:
    deal.portal.crm.update(Entity.DEAL, 1, {"ASSIGNED_BY_ID": 2}, deal.user)
    fields = {name: value for name, value in CALL.items() if name != "RESPONSIBLE_ID"}
    for number, named in enumerate(({}, {"RESPONSIBLE_ID": ""}), start=1):
        assert (await deal.call("crm.activity.add", {"fields": fields | named})).result == number
        assert (await deal.call("crm.activity.get", {"id": number})).result["RESPONSIBLE_ID"] == "2"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"SUBJECT": ""}, "The field SUBJECT is not defined or empty"),
        ({"RESPONSIBLE_ID": 99}, "The field RESPONSIBLE_ID is not defined or invalid"),
        ({"TYPE_ID": 3}, "The field TYPE_ID is not defined or invalid"),
        ({"COMMUNICATIONS": []}, "The field COMMUNICATIONS is not defined or invalid"),
        ({"COMMUNICATIONS": [{}, {}]}, "The only one communication is allowed for activity of specified type"),
        ({"OWNER_ID": 9}, UNBOUND),
        ({"TYPE_ID": 6}, "The custom activity without provider is not supported in current context"),
        ({"PROVIDER_ID": "CONFIGURABLE_REST_APP"}, "Use crm.activity.configurable.add for this activity provider"),
    ],
)  # fmt: skip
async def test_refusals(deal: Caller, changes: dict[str, Any], text: str) -> None:
    answer = await deal.call("crm.activity.add", {"fields": CALL | changes})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_who_may(deal: Caller) -> None:
    await deal.call("crm.activity.add", {"fields": CALL})
    boris = deal.as_user(2)
    boris.user.crm_access = CrmAccess.READ
    assert (await boris.call("crm.activity.add", {"fields": CALL})).refusal == (400, "")
    assert (await boris.call("crm.activity.update", {"id": 1, "fields": {}})).refusal == (400, "")
    answer = await deal.call("crm.activity.update", {"id": 9, "fields": {}})
    assert answer.body["error_description"] == "Activity is not found"
