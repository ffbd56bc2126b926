"""Robots: api-reference/bizproc/bizproc-robot/*, the handler's body by bizproc/classes/general/restactivity.php."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model import robots
from emulator.model.installs import finish, install, uninstall, update
from emulator.model.robots import Robot
from tests.emulator.aid import Caller, Listener

PROPERTIES = {
    "docType": {
        "Name": {"de": "Dokumenttyp", "en": "Document type"},
        "Required": "Y",
        "Multiple": "N",
        "Default": "pdf",
        "Type": "select",
        "Options": {"pdf": "PDF", "docx": "DOCX"},
    },
    "saveDoc": {"Name": {"en": "Save document"}, "Type": "bool", "Required": "Y", "Multiple": "N", "Default": "Y"},
    "who": {"Name": "Who", "Type": "user", "Multiple": "Y"},
    "day": {"Name": "Day", "Type": "date"},
    "note": {"Name": "Note", "Type": "string"},
}
"""Examples of bizproc-robot-add.md and one property of each other encoding."""
RESULTS = {"points": {"Name": "Points", "Type": "int"}, "grade": {"Name": "Grade", "Type": "string", "Default": "C"}}


@pytest.fixture
async def shop(caller: Caller) -> Caller:
    """An app with the scope, and one deal."""
    caller.installation.scope |= {"bizproc"}
    caller.portal.crm.add(Entity.DEAL, {"TITLE": "One"}, caller.user)
    return caller


def wanted(listener: Listener, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"CODE": "loyalty.points", "HANDLER": f"{listener.url}/robot", "NAME": "Points"}
    return made | {"PROPERTIES": PROPERTIES, "RETURN_PROPERTIES": RESULTS, "AUTH_USER_ID": 1} | more


async def registered(shop: Caller, listener: Listener, **more: Any) -> None:
    assert (await shop.call("bizproc.robot.add", wanted(listener, **more))).result is True


async def test_what_the_handler_gets(shop: Caller, listener: Listener) -> None:
    await registered(shop, listener)
    given = {"who": [1, "user_2"], "day": "2026-12-01T10:00:00+03:00"}
    run = robots.run(shop.installation, "loyalty.points", (Entity.DEAL, 1), given, timeout=60)
    await shop.emulator.world.deliver()
    body = listener.heard[0].body
    assert listener.heard[0].path == "/robot"
    assert set(body) == {
        *("workflow_id", "code", "document_id", "document_type", "event_token", "properties"),
        *("use_subscription", "timeout_duration", "ts", "auth"),
    }
    assert (body["code"], body["event_token"]) == ("loyalty.points", run.token)
    assert body["document_id"] == ["crm", "CCrmDocumentDeal", "DEAL_1"]
    assert body["document_type"] == ["crm", "CCrmDocumentDeal", "DEAL"]
    assert (body["use_subscription"], body["timeout_duration"]) == ("Y", "60")
    expected = {"docType": "pdf", "saveDoc": "Y", "who": ["user_1", "user_2"], "day": "01.12.2026", "note": ""}
    assert body["properties"] == expected
    assert body["auth"]["user_id"] == "1"
    assert {"access_token", "refresh_token", "application_token"} <= set(body["auth"])
    assert (await shop.call("profile", token=body["auth"]["access_token"])).result["ID"] == "1"


async def test_without_a_user_there_are_no_tokens(shop: Caller, listener: Listener) -> None:
    await registered(shop, listener, AUTH_USER_ID=0, PROPERTIES={})
    robots.run(shop.installation, "loyalty.points", (Entity.DEAL, 1))
    await shop.emulator.world.deliver()
    body = listener.heard[0].body
    assert "properties" not in body
    assert set(body["auth"]) == {"domain", "client_endpoint", "server_endpoint", "member_id", "application_token"}


async def test_the_answer_ends_the_wait(shop: Caller, listener: Listener) -> None:
    await registered(shop, listener)
    run, now = robots.run(shop.installation, "loyalty.points", (Entity.DEAL, 1)), shop.emulator.world.now
    log = {"EVENT_TOKEN": run.token, "LOG_MESSAGE": "counting"}
    assert (await shop.call("bizproc.activity.log", log)).result is True
    assert (await shop.call("bizproc.activity.log", log | {"LOG_MESSAGE": ""})).refusal == (
        400,
        "ERROR_EMPTY_LOG_MESSAGE",
    )
    assert run.waiting(now())
    answer = {"EVENT_TOKEN": run.token, "RETURN_VALUES": {"POINTS": 120, "secret": 1}, "LOG_MESSAGE": "done"}
    assert (await shop.as_user(2).call("bizproc.event.send", answer)).result is True
    assert run.results(now()) == {"points": 120, "grade": "C", "IsTimeout": 0}
    assert run.log == ["counting", "done"]
    again = await shop.call("bizproc.event.send", answer)
    assert (again.refusal, again.body["error_description"]) == ((403, "ACCESS_DENIED"), "Access denied!")


async def test_the_wait_times_out(shop: Caller, listener: Listener) -> None:
    await registered(shop, listener)
    run = robots.run(shop.installation, "loyalty.points", (Entity.DEAL, 1), timeout=60)
    shop.emulator.world.advance(seconds=61)
    answer = {"EVENT_TOKEN": run.token, "RETURN_VALUES": {"points": 1}}
    assert (await shop.call("bizproc.event.send", answer)).refusal == (403, "ACCESS_DENIED")
    assert run.results(shop.emulator.world.now()) == {"points": None, "grade": "C", "IsTimeout": 1}


@pytest.mark.parametrize("token", ["", "made up"])
async def test_a_robot_that_does_not_wait(shop: Caller, listener: Listener, token: str) -> None:
    await registered(shop, listener, USE_SUBSCRIPTION="N")
    run = robots.run(shop.installation, "loyalty.points", (Entity.DEAL, 1))
    for one in (run.token, token):
        assert (await shop.call("bizproc.event.send", {"EVENT_TOKEN": one})).refusal == (403, "ACCESS_DENIED")
        log = {"EVENT_TOKEN": one, "LOG_MESSAGE": "x"}
        assert (await shop.call("bizproc.activity.log", log)).refusal == (403, "ACCESS_DENIED")


async def test_on_a_stage(shop: Caller, listener: Listener) -> None:
    await registered(shop, listener)
    portal = shop.portal
    portal.automation.place_robot(shop.installation, "loyalty.points", Entity.DEAL, "WON", {"note": "won"}, timeout=5)
    portal.crm.update(Entity.DEAL, 1, {"STAGE_ID": "EXECUTING"}, shop.user)
    portal.crm.update(Entity.DEAL, 1, {"STAGE_ID": "WON"}, shop.user)
    portal.crm.update(Entity.DEAL, 1, {"TITLE": "still won"}, shop.user)
    portal.crm.add(Entity.DEAL, {"TITLE": "Born won", "STAGE_ID": "WON"}, shop.user)
    await shop.emulator.world.deliver()
    assert [one.body["document_id"][2] for one in listener.heard] == ["DEAL_1", "DEAL_2"]
    assert listener.heard[0].body["properties"]["note"] == "won"


async def test_a_removed_app_runs_nothing_until_it_is_back(shop: Caller, listener: Listener) -> None:
    await registered(shop, listener)
    shop.portal.automation.place_robot(shop.installation, "loyalty.points", Entity.DEAL, "WON")
    update(shop.installation, shop.installation.app, shop.user)
    finish(shop.installation, shop.user)
    shop.portal.crm.add(Entity.DEAL, {"STAGE_ID": "WON"}, shop.user)
    uninstall(shop.installation, shop.user, clean=False)
    shop.portal.crm.add(Entity.DEAL, {"STAGE_ID": "WON"}, shop.user)
    await shop.emulator.world.deliver()
    assert listener.heard == []
    shop.installation = install(shop.portal, shop.installation.app, shop.user)
    finish(shop.installation, shop.user)
    shop.installation.scope |= {"bizproc"}
    await registered(shop, listener)
    shop.portal.crm.add(Entity.DEAL, {"STAGE_ID": "WON"}, shop.user)
    assert await shop.emulator.world.deliver() == 1


@pytest.mark.parametrize(
    ("changes", "refusal", "text"),
    [
        ({"CODE": ""}, (400, "ERROR_ACTIVITY_VALIDATION_FAILURE"), "Empty activity code!"),
        ({"CODE": "a b"}, (400, "ERROR_ACTIVITY_VALIDATION_FAILURE"), "Wrong activity code!"),
        ({"HANDLER": "ftp://example.com/x"}, (400, "ERROR_UNSUPPORTED_PROTOCOL"), "Unsupported handler protocol"),
        ({"HANDLER": ""}, (400, "ERROR_WRONG_HANDLER_URL"), "Wrong handler URL"),
        ({"NAME": ""}, (400, "ERROR_ACTIVITY_VALIDATION_FAILURE"), "Empty activity NAME!"),
        ({"PROPERTIES": "x"}, (400, "ERROR_ACTIVITY_VALIDATION_FAILURE"), "Wrong properties array!"),
        ({"PROPERTIES": {"1a": {"Name": "x"}}}, (400, "ERROR_ACTIVITY_VALIDATION_FAILURE"), "Wrong property key (1a)!"),
        ({"RETURN_PROPERTIES": {"a": {"Type": "int"}}}, (400, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
         "Empty property NAME (a)!"),
        ({"FILTER": "b24"}, (400, "ERROR_ACTIVITY_VALIDATION_FAILURE"), "Wrong activity FILTER!"),
        ({"DOCUMENT_TYPE": ["crm"]}, (400, "ERROR_ACTIVITY_VALIDATION_FAILURE"), "Wrong activity DOCUMENT_TYPE!"),
        ({"USE_PLACEMENT": "Y"}, (400, "ERROR_WRONG_HANDLER_URL"), "Wrong handler URL"),
    ],
)  # fmt: skip
async def test_refused_robots(
    shop: Caller, listener: Listener, changes: dict[str, Any], refusal: tuple[int, str], text: str
) -> None:
    answer = await shop.call("bizproc.robot.add", wanted(listener, **changes))
    assert (answer.refusal, answer.body["error_description"]) == (refusal, text)
    assert shop.installation.robots == {}


async def test_the_life_of_a_robot(shop: Caller, listener: Listener) -> None:
    await registered(shop, listener)
    assert (await shop.call("bizproc.robot.add", wanted(listener))).refusal == (400, "ERROR_ACTIVITY_ALREADY_INSTALLED")
    assert (await shop.call("bizproc.robot.list")).result == ["loyalty.points"]
    code = {"CODE": "loyalty.points"}
    nothing = await shop.call("bizproc.robot.update", code | {"FIELDS": {}})
    assert nothing.body["error_description"] == "No fields to update"
    fields = {"NAME": {"en": "Bonus"}, "USE_SUBSCRIPTION": "N", "FILTER": {"INCLUDE": [["crm", "CCrmDocumentLead"]]}}
    assert (await shop.call("bizproc.robot.update", code | {"FIELDS": fields})).result is True
    changed = shop.installation.robots["loyalty.points"]
    assert (changed.name, changed.waits, changed.handler) == ({"EN": "Bonus"}, False, f"{listener.url}/robot")
    assert [changed.fits(one, box=False) for one in (Entity.LEAD, Entity.DEAL)] == [True, False]
    assert (await shop.call("bizproc.robot.delete", code)).result is True
    for name, params in (("delete", code), ("update", code | {"FIELDS": fields})):
        assert (await shop.call(f"bizproc.robot.{name}", params)).refusal == (400, "ERROR_ACTIVITY_NOT_FOUND")


@pytest.mark.parametrize(
    ("filter_", "cloud", "box"),
    [
        ({}, True, True),
        ({"EXCLUDE": ["box"]}, True, False),
        ({"INCLUDE": ["box"]}, False, True),
        ({"INCLUDE": [["crm", "CCrmDocumentDeal"], ["crm", "CCrmDocumentLead"]]}, True, True),
        ({"EXCLUDE": [["crm"]]}, False, False),
        ({"INCLUDE": [["crm", "CCrmDocumentDeal", "DEAL"]], "EXCLUDE": ["b24"]}, False, True),
    ],
)
def test_filters(filter_: dict[str, Any], cloud: bool, box: bool) -> None:
    robot = Robot("x", "https://example.com/", "x", filter=filter_)
    assert (robot.fits(Entity.DEAL, box=False), robot.fits(Entity.DEAL, box=True)) == (cloud, box)


async def test_who_may(shop: Caller, listener: Listener) -> None:
    assert (await shop.as_user(2).call("bizproc.robot.list")).refusal == (400, "ACCESS_DENIED")
    shop.installation.scope -= {"bizproc"}
    assert (await shop.call("bizproc.robot.list")).refusal == (401, "insufficient_scope")
    shop.portal.plan = "free"
    assert (await shop.call("bizproc.robot.list")).refusal == (404, "ERROR_METHOD_NOT_FOUND")
    known = (await shop.call("method.get", {"name": "bizproc.robot.add"})).result
    assert known == {"isExisting": False, "isAvailable": False}
