"""Triggers: api-reference/crm/automation/triggers/*, crm-automation-trigger.md."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.emulator.aid import Caller, Listener

ADD = {"CODE": "verified", "NAME": "Person verified"}
FIRE = {"CODE": "verified", "OWNER_TYPE_ID": 2, "OWNER_ID": 1}


@pytest.fixture
async def deals(caller: Caller) -> Caller:
    caller.portal.crm.add(Entity.DEAL, {"TITLE": "One"}, caller.user)
    assert (await caller.call("crm.automation.trigger.add", ADD)).result is True
    return caller


def stage(deals: Caller, number: int = 1) -> str:
    return str(deals.portal.crm.tables[Entity.DEAL].rows[number]["STAGE_ID"])


async def fired(deals: Caller) -> str:
    assert (await deals.call("crm.automation.trigger.execute", FIRE)).result is True
    return stage(deals)


async def test_nobody_placed_it(deals: Caller) -> None:
    assert await fired(deals) == "NEW"


async def test_it_moves_the_record_to_where_it_was_placed(deals: Caller, listener: Listener) -> None:
    bind = {"event": "ONCRMDEALUPDATE", "handler": f"{listener.url}/events"}
    assert (await deals.call("event.bind", bind)).result is True
    deals.portal.automation.place_trigger(deals.installation, "verified", Entity.DEAL, "EXECUTING")
    assert await fired(deals) == "EXECUTING"
    await deals.emulator.world.deliver()
    (told,) = listener.events("ONCRMDEALUPDATE")
    assert "access_token" not in told["auth"], "a trigger acts for nobody"
    assert await fired(deals) == "EXECUTING"
    assert await deals.emulator.world.deliver() == 0


@pytest.mark.parametrize(
    ("placed", "at", "comes_to"),
    [
        ([("PREPARATION", False)], "EXECUTING", "EXECUTING"),
        ([("PREPARATION", True)], "EXECUTING", "PREPARATION"),
        ([("WON", False), ("PREPARATION", False)], "NEW", "PREPARATION"),
        ([("WON", False), ("PREPARATION", False)], "EXECUTING", "WON"),
    ],
)
async def test_the_earliest_allowed_stage(
    deals: Caller, placed: list[tuple[str, bool]], at: str, comes_to: str
) -> None:
    for target, backwards in placed:
        deals.portal.automation.place_trigger(deals.installation, "verified", Entity.DEAL, target, backwards)
    deals.portal.crm.update(Entity.DEAL, 1, {"STAGE_ID": at}, deals.user)
    assert await fired(deals) == comes_to


async def test_the_pipeline_counts(deals: Caller) -> None:
    deals.portal.crm.books.add_category("Second", [("NEW", "New", "", ""), ("WON", "Won", "", "S")])
    deals.portal.automation.place_trigger(deals.installation, "verified", Entity.DEAL, "C1:WON")
    assert await fired(deals) == "NEW"
    deals.portal.crm.update(Entity.DEAL, 1, {"CATEGORY_ID": 1}, deals.user)
    assert await fired(deals) == "C1:WON"


async def test_a_plan_without_automation(deals: Caller) -> None:
    deals.portal.automation.place_trigger(deals.installation, "verified", Entity.DEAL, "WON")
    deals.portal.plan = "free"
    assert await fired(deals) == "NEW"
    with pytest.raises(ValueError, match="no automation"):
        deals.portal.automation.place_trigger(deals.installation, "verified", Entity.DEAL, "WON")


async def test_list_rename_delete(deals: Caller) -> None:
    assert (await deals.call("crm.automation.trigger.add", ADD | {"NAME": "Checked"})).result is True
    assert (await deals.call("crm.automation.trigger.list")).result == [{"NAME": "Checked", "CODE": "verified"}]
    deals.portal.automation.place_trigger(deals.installation, "verified", Entity.DEAL, "WON")
    assert (await deals.call("crm.automation.trigger.delete", {"CODE": "verified"})).result is True
    assert deals.portal.automation.triggers == []
    again = await deals.call("crm.automation.trigger.delete", {"CODE": "verified"})
    assert (again.refusal, again.body["error_description"]) == ((400, ""), "Trigger not found")


@pytest.mark.parametrize(
    ("name", "params", "text"),
    [
        ("add", {"NAME": "x"}, "Empty trigger code!"),
        ("add", {"CODE": "a b", "NAME": "x"}, "Wrong trigger code!"),
        ("add", {"CODE": "x"}, "Empty trigger name!"),
        ("execute", FIRE | {"CODE": "x"}, "Trigger with code x is not registered."),
        ("execute", FIRE | {"OWNER_TYPE_ID": 99}, "Incorrect parameter OWNER_TYPE_ID."),
        ("execute", FIRE | {"OWNER_ID": 0}, "Incorrect parameter OWNER_ID."),
    ],
)
async def test_refusals(deals: Caller, name: str, params: dict[str, Any], text: str) -> None:
    answer = await deals.call(f"crm.automation.trigger.{name}", params)
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)


async def test_contacts_have_no_automation(deals: Caller) -> None:
    deals.portal.crm.add(Entity.CONTACT, {"NAME": "One"}, None)
    contact = FIRE | {"OWNER_TYPE_ID": 3}
    assert (await deals.call("crm.automation.trigger.execute", contact)).result is True


async def test_administrators_in_an_app_only(deals: Caller) -> None:
    answer = await deals.as_user(2).call("crm.automation.trigger.execute", FIRE)
    assert answer.refusal == (400, "ACCESS_DENIED")
    assert answer.body["error_description"] == "Access denied! Admin permissions required"


async def test_track_incoming_webhook(deals: Caller) -> None:
    placed = deals.portal.automation.place_webhook_trigger(Entity.DEAL, "WON")
    params = {"target": "DEAL_1", "code": placed.code}
    boris = deals.as_user(2)
    boris.user.crm_access = CrmAccess.OWN
    assert (await boris.call("crm.automation.trigger", params)).refusal == (400, "ACCESS_DENIED")
    assert (await deals.call("crm.automation.trigger", params | {"code": "verified"})).result is True
    assert stage(deals) == "NEW"
    assert (await deals.call("crm.automation.trigger", params)).result is True
    assert stage(deals) == "WON"


@pytest.mark.parametrize(
    ("target", "text"),
    [("", "Target is not set."), ("DEAL", "Incorrect target format."), ("CONTACT_1", "Target is not found.")],
)
async def test_wrong_targets(deals: Caller, target: str, text: str) -> None:
    answer = await deals.call("crm.automation.trigger", {"target": target})
    assert (answer.refusal, answer.body["error_description"]) == ((400, ""), text)
