"""The control door: what people and administrators do, and attacks in which nearly everything is true."""

from typing import Any

import pytest

from emulator.attacks import ATTACKS
from emulator.crm.entities import Entity
from emulator.model.robots import Robot
from tests.emulator.aid import Caller, Listener, asked


async def door(caller: Caller, action: str, **body: Any) -> tuple[int, dict[str, Any]]:
    url = f"{caller.portal.url}/_control/{action}"
    answer = await asked(caller.session, "POST", url, json={"portal": "first", "app": "vendor.app"} | body)
    return answer.status, answer.body


@pytest.fixture
async def shop(caller: Caller, listener: Listener) -> Caller:
    """A robot, a trigger and a deal."""
    caller.installation.robots["points"] = Robot("points", f"{listener.url}/robot", "Points")
    caller.installation.triggers["checked"] = "Checked"
    caller.portal.crm.add(Entity.DEAL, {"TITLE": "One"}, None)
    return caller


async def test_robots_and_triggers_are_placed(shop: Caller, listener: Listener) -> None:
    deal = {"entity": "deal", "stage": "WON"}
    assert await door(shop, "place", **deal, robot="points", timeout=60) == (200, {"code": "points"})
    assert await door(shop, "place", **deal, trigger="checked") == (200, {"code": "checked"})
    status, hook = await door(shop, "place", **deal)
    assert (status, len(hook["code"])) == (200, 5)
    assert (await door(shop, "place", **deal, robot="none"))[0] == 400
    assert (await door(shop, "place", entity="contact", stage="WON", robot="points"))[0] == 400
    params = {"target": "DEAL_1", "code": hook["code"]}
    assert (await shop.call("crm.automation.trigger", params)).result is True
    await shop.emulator.world.deliver()
    body = listener.heard[0].body
    assert (listener.heard[0].path, body["document_id"][2]) == ("/robot", "DEAL_1")
    ((run,),) = (await door(shop, "runs"))[1].values()
    expected = {"event_token": body["event_token"], "robot": "points", "document": "DEAL_1", "waiting": True}
    assert run == expected | {"results": {"IsTimeout": 0}, "log": []}


async def test_a_robot_is_run_by_hand(shop: Caller, listener: Listener) -> None:
    _, made = await door(shop, "run", robot="points", entity="deal", id=1)
    await shop.emulator.world.deliver()
    assert listener.heard[0].body["event_token"] == made["event_token"]


async def test_presence_is_set(caller: Caller) -> None:
    caller.installation.scope |= {"timeman"}
    leave = {"user": 2, "from": "2026-01-01", "to": "2099-01-01", "name": "Leave"}
    assert await door(caller, "calendar", **leave) == (200, {"id": 1})
    assert (await caller.call("im.user.get", {"ID": 2})).result["absent"].startswith("2099-01-01")
    assert await door(caller, "workday", user=2, act="open") == (200, {"status": "OPENED"})
    assert (await caller.call("timeman.status", {"USER_ID": 2})).result["STATUS"] == "OPENED"
    assert await door(caller, "seen", user=2, online=False) == (200, {"ok": True})
    (row,) = (await caller.call("user.get", {"FILTER": {"IS_ONLINE": "N"}})).result
    assert row["ID"] == "2"
    assert (await door(caller, "calendar", **(leave | {"to": "tomorrow"})))[0] == 400
    assert (await door(caller, "workday", user=1, act="close"))[0] == 400


async def test_the_plan_is_changed(caller: Caller) -> None:
    assert await door(caller, "plan", plan="enterprise") == (200, {"plan": "enterprise"})
    assert (await caller.call("feature.get", {"CODE": "rest_offline_extended"})).result == {"value": "Y"}
    assert (await door(caller, "plan", plan="golden"))[0] == 400


async def test_a_lost_refresh_race(caller: Caller) -> None:
    auth, app = caller.emulator.world.auth, caller.installation.app
    held = auth.issue(caller.installation, caller.user)
    assert (await door(caller, "race", user=1))[1]["rotated"] == 1
    query = {"client_id": app.client_id, "client_secret": app.client_secret, "grant_type": "refresh_token"}
    answer = await asked(
        caller.session, "GET", f"{auth.url}/oauth/token/", params=query | {"refresh_token": held.refresh_token}
    )
    assert answer.refusal == (400, "invalid_grant")
    assert (await caller.call("profile", token=held.access_token)).status == 200, "the access token lives on"
    assert [one.user_id for one in auth.refresh.values()] == [1]


@pytest.mark.parametrize("kind", ATTACKS)
async def test_attacks(caller: Caller, listener: Listener, kind: str) -> None:
    handler = f"{listener.url}/events"
    assert (await caller.call("event.bind", {"event": "ONCRMDEALADD", "handler": handler})).result is True
    former = caller.installation.application_token
    assert (await door(caller, "update"))[0] == 200
    await caller.call("event.bind", {"event": "ONCRMDEALADD", "handler": handler})
    caller.installation.installed = True
    caller.portal.crm.add(Entity.DEAL, {"TITLE": "One"}, caller.user)
    await caller.emulator.world.deliver()
    true_event = listener.events("ONCRMDEALADD")[-1]
    status, answer = await door(caller, "forge", kind=kind, url=handler)
    assert (status, answer["status"], bool(answer["why"])) == (200, 200, True)
    form, body = dict(listener.heard[-1].form), listener.heard[-1].body
    world, token = caller.emulator.world, body.get("auth", {}).get("application_token")
    match kind:
        case "open_expired":
            assert form["APPLICATION_TOKEN"] == caller.installation.application_token
            assert (await caller.call("profile", token=form["AUTH_ID"])).refusal == (401, "expired_token")
            assert form["REFRESH_ID"] not in world.auth.refresh
        case "open_non_admin":
            assert (await caller.call("user.admin", token=form["AUTH_ID"])).result is False
        case "event_replayed":
            assert body == true_event
        case "event_former_token":
            assert token == former != caller.installation.application_token
        case "event_by_another":
            assert (token, body["auth"]["user_id"]) == (caller.installation.application_token, "1")
            assert "access_token" not in body["auth"]
        case "uninstall_by_employee":
            assert (body["event"], token) == ("ONAPPUNINSTALL", caller.installation.application_token)
        case "payment_wrong_token":
            assert token not in (former, caller.installation.application_token)
        case "install_unknown":
            assert body["event"] == "ONAPPINSTALL"
            assert body["auth"]["member_id"] not in [one.member_id for one in world.portals.values()]
        case "robot_unsigned" | "robot_wrong_token":
            assert body["event_token"] not in caller.portal.automation.runs
            assert (token is None) is (kind == "robot_unsigned")
            assert token != caller.installation.application_token


async def test_nothing_to_replay(caller: Caller, listener: Listener) -> None:
    for kind in ("event_replayed", "event_former_token"):
        assert (await door(caller, "forge", kind=kind, url=f"{listener.url}/events"))[0] == 400


async def test_the_door_lists_its_attacks_and_faults(caller: Caller) -> None:
    _, known = await door(caller, "kinds")
    assert {"open_wrong_domain", "event_wrong_token", *ATTACKS} <= set(known["attacks"])
    assert {"slow", "html", "cut", "numeric_error", "error_200"} <= set(known["faults"])
