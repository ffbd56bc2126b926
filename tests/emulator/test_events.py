"""Subscriptions and delivery: api-reference/events/, with the checks of the portal's rest/lib/api/event.php."""

from typing import Any

import pytest

from emulator.forge import EVENTS, OPENS
from emulator.model.events import EventBinding
from tests.emulator.aid import Caller, Listener, asked, installed

CONTACT = {"FIELDS": {"ID": 7}}


async def bound(caller: Caller, listener: Listener, event: str = "ONCRMCONTACTUPDATE", **params: Any) -> None:
    answer = await caller.call("event.bind", {"event": event, "handler": f"{listener.url}/events", **params})
    assert answer.result is True


async def heard(caller: Caller, listener: Listener) -> list[dict[str, Any]]:
    await caller.emulator.world.deliver()
    return listener.events()


async def test_an_event_by_a_person_carries_that_persons_token(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener, "OnCrmContactUpdate")
    caller.portal.raise_event("onCrmContactUpdate", CONTACT, caller.portal.users[2])
    (body,) = await heard(caller, listener)
    assert (body["event"], body["data"]) == ("ONCRMCONTACTUPDATE", {"FIELDS": {"ID": "7"}})
    assert body["event_handler_id"] == str(caller.installation.bindings[0].id)
    assert abs(int(body["ts"]) - caller.emulator.world.now().timestamp()) < 60
    assert set(body["auth"]) == {
        *("access_token", "expires", "expires_in", "scope", "domain", "server_endpoint", "status"),
        *("client_endpoint", "member_id", "user_id", "application_token"),
    }
    assert body["auth"]["user_id"] == "2"
    assert (await caller.call("profile", token=body["auth"]["access_token"])).result["NAME"] == "Boris"


async def test_an_event_by_nobody_carries_no_tokens(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener)
    caller.portal.raise_event("ONCRMCONTACTUPDATE", CONTACT, None)
    (body,) = await heard(caller, listener)
    assert set(body["auth"]) == {"domain", "client_endpoint", "server_endpoint", "member_id", "application_token"}


async def test_auth_type_fixes_the_user(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener, auth_type=2)
    caller.portal.raise_event("ONCRMCONTACTUPDATE", CONTACT, caller.user)
    (body,) = await heard(caller, listener)
    assert body["auth"]["user_id"] == "2"


async def test_php_form_rules(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener, "ONAPPTEST")
    query = {"yes": True, "no": False, "none": None, "empty": [], "list": [1, "a"], "deep": {"x": {"y": 2}}}
    assert (await caller.call("event.test", query)).result == 1
    await caller.emulator.world.deliver()
    data = {name: value for name, value in listener.heard[0].form if name.startswith("data[QUERY]")}
    assert data == {
        "data[QUERY][yes]": "1",
        "data[QUERY][no]": "0",
        "data[QUERY][none]": "",
        "data[QUERY][list][0]": "1",
        "data[QUERY][list][1]": "a",
        "data[QUERY][deep][x][y]": "2",
    }
    assert "refresh_token" in listener.events()[0]["auth"]


async def test_errors_of_event_bind(caller: Caller, listener: Listener) -> None:
    good = {"event": "ONCRMCONTACTADD", "handler": f"{listener.url}/events"}
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"handler": good["handler"]}, (400, "ERROR_ARGUMENT")),
        ({"event": good["event"]}, (400, "ERROR_ARGUMENT")),
        (good | {"event_type": "sometimes"}, (400, "ERROR_ARGUMENT")),
        (good | {"event": "ONNOTHING"}, (400, "ERROR_EVENT_NOT_FOUND")),
        (good | {"event": "ONIMCONNECTORMESSAGEADD"}, (400, "ERROR_EVENT_NOT_FOUND")),
        (good | {"handler": "ftp://example.com/x"}, (400, "ERROR_UNSUPPORTED_PROTOCOL")),
        (good | {"handler": "http://localhost/x"}, (400, "ERROR_WRONG_HANDLER_URL")),
        (good | {"handler": "example"}, (400, "ERROR_WRONG_HANDLER_URL")),
    ]
    for params, refusal in cases:
        assert (await caller.call("event.bind", params)).refusal == refusal, params
    assert (await caller.call("event.bind", good)).result is True
    again = await caller.call("event.bind", good)
    assert again.refusal == (400, "ERROR_CORE")
    assert again.body["error_description"] == "Unable to set event handler: Handler already binded"
    assert (await caller.call("event.bind", good | {"auth_type": 1})).result is True


async def test_non_admins_bind_for_themselves(caller: Caller, listener: Listener) -> None:
    boris = caller.as_user(2)
    await bound(boris, listener)
    assert caller.installation.bindings[0].user_id == 2
    foreign = {"event": "ONCRMDEALADD", "handler": f"{listener.url}/e", "auth_type": 1}
    assert (await boris.call("event.bind", foreign)).refusal == (403, "ACCESS_DENIED")
    await bound(caller, listener, "ONCRMDEALADD")
    assert [row["event"] for row in (await boris.call("event.get")).result] == ["ONCRMCONTACTUPDATE"]
    assert len((await caller.call("event.get")).result) == 2


async def test_unbind_counts(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener)
    await bound(caller, listener, auth_type=2)
    gone = {"event": "ONCRMCONTACTUPDATE", "handler": f"{listener.url}/events"}
    assert (await caller.call("event.unbind", {"event": "ONCRMCONTACTUPDATE"})).refusal == (400, "ERROR_ARGUMENT")
    assert (await caller.call("event.unbind", gone | {"auth_type": 2})).result == {"count": 1}
    assert (await caller.call("event.unbind", gone)).result == {"count": 1}
    assert (await caller.call("event.unbind", gone)).result == {"count": 0}


async def test_the_list_of_events_follows_the_scopes(caller: Caller) -> None:
    mine = (await caller.call("events")).result
    assert {"ONCRMCONTACTADD", "ONAPPINSTALL", "ONUSERADD"} <= set(mine)
    assert "ONIMCONNECTORMESSAGEADD" not in mine
    assert "ONIMCONNECTORMESSAGEADD" in (await caller.call("events", {"FULL": True})).result
    assert set((await caller.call("events", {"SCOPE": "user"})).result) == {"ONUSERADD"}


async def test_identical_events_of_one_hit_go_out_once(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener, "ONAPPTEST")
    await caller.call("batch", {"cmd": {"a": "event.test?x=1", "b": "event.test?x=1", "c": "event.test?x=2"}})
    assert len(await heard(caller, listener)) == 2
    await caller.call("event.test", {"x": 1})
    assert len(await heard(caller, listener)) == 3


async def test_no_second_attempt_after_a_failure(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener)
    listener.status = 500
    caller.portal.raise_event("ONCRMCONTACTUPDATE", CONTACT, caller.user)
    assert await caller.emulator.world.deliver() == 1
    assert await caller.emulator.world.deliver() == 0
    assert [one.status for one in caller.emulator.world.events.log] == [500]


async def test_a_dead_handler_is_noted_and_forgotten(caller: Caller) -> None:
    caller.installation.bindings.append(EventBinding(1, "ONCRMCONTACTUPDATE", "http://127.0.0.9:9/"))
    caller.portal.raise_event("ONCRMCONTACTUPDATE", CONTACT, caller.user)
    await caller.emulator.world.deliver()
    (delivery,) = caller.emulator.world.events.log
    assert delivery.status == 0
    assert "Error" in delivery.error


async def test_dropped_when_unpaid_or_the_scope_is_lost(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener)
    caller.installation.payment_expired = True
    caller.portal.raise_event("ONCRMCONTACTUPDATE", CONTACT, caller.user)
    caller.installation.payment_expired = False
    caller.installation.scope = frozenset({"placement"})
    caller.portal.raise_event("ONCRMCONTACTUPDATE", CONTACT, caller.user)
    assert await heard(caller, listener) == []


async def test_an_unknown_event_is_a_bug_of_the_emulator(caller: Caller) -> None:
    with pytest.raises(ValueError, match="ONCRMSOMETHING"):
        caller.portal.raise_event("ONCRMSOMETHING", {}, None)


async def test_other_portals_hear_nothing(caller: Caller, listener: Listener) -> None:
    other = installed(caller.emulator, "second")
    other.bindings.append(EventBinding(1, "ONCRMCONTACTUPDATE", f"{listener.url}/second"))
    caller.portal.raise_event("ONCRMCONTACTUPDATE", CONTACT, caller.user)
    assert await heard(caller, listener) == []


async def test_faults_of_the_queue(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener)
    world, faults = caller.emulator.world, caller.emulator.world.faults.events
    faults.lose_next, faults.duplicate_next = 1, 1
    for number in range(3):
        caller.portal.raise_event("ONCRMCONTACTUPDATE", {"FIELDS": {"ID": number}}, caller.user)
    ids = [body["data"]["FIELDS"]["ID"] for body in await heard(caller, listener)]
    assert ids == ["1", "1", "2"]
    listener.heard.clear()
    faults.delay = 60
    caller.portal.raise_event("ONCRMCONTACTUPDATE", CONTACT, caller.user)
    assert await heard(caller, listener) == []
    world.advance(seconds=61)
    assert len(await heard(caller, listener)) == 1
    listener.heard.clear()
    faults.delay, faults.reorder = 0, True
    for number in range(9):
        caller.portal.raise_event("ONCRMCONTACTUPDATE", {"FIELDS": {"ID": number}}, caller.user)
    shuffled = [body["data"]["FIELDS"]["ID"] for body in await heard(caller, listener)]
    assert sorted(shuffled) == [str(number) for number in range(9)] != shuffled


async def test_a_loop_of_event_tokens_ends_after_seven_hops(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener, "ONAPPTEST")
    await caller.call("event.test", {"hop": 0})
    hops = 0
    while (sent := await caller.emulator.world.deliver()) and hops < 20:
        hops += sent
        token = listener.events()[-1]["auth"]["access_token"]
        await caller.call("event.test", {"hop": hops}, token=token)
    assert hops == 7


async def test_an_event_through_the_door_and_delivery_on_demand(caller: Caller, listener: Listener) -> None:
    await bound(caller, listener)
    door = f"{caller.portal.url}/_control"
    event = {"portal": "first", "name": "ONCRMCONTACTUPDATE", "data": CONTACT}
    assert (await asked(caller.session, "POST", f"{door}/event", json=event)).body == {"queued": 1}
    faults = {"events": {"duplicate_next": 1}}
    assert (await asked(caller.session, "POST", f"{door}/faults", json=faults)).status == 200
    assert (await asked(caller.session, "POST", f"{door}/deliver", json={})).body == {"sent": 2}
    assert "access_token" not in listener.events()[0]["auth"]
    assert (await asked(caller.session, "POST", f"{door}/faults", json={"events": {"x": 1}})).status == 400


@pytest.mark.parametrize("kind", [*OPENS, *EVENTS])
async def test_every_forgery_reaches_the_app_and_is_false_somewhere(
    caller: Caller, listener: Listener, kind: str
) -> None:
    other = installed(caller.emulator, "second")
    wanted = {
        "kind": kind,
        "portal": "first",
        "app": "vendor.app",
        "url": f"{listener.url}/t",
        "other_portal": "second",
    }
    answer = await asked(caller.session, "POST", f"{caller.portal.url}/_control/forge", json=wanted)
    assert answer.body["status"] == 200
    request = listener.heard[-1]
    if kind in OPENS:
        fields, home = dict(request.form), caller.portal
        grant = caller.emulator.world.auth.access.get(fields.get("AUTH_ID", ""))
        true = [
            grant is not None and grant.installation is caller.installation,
            request.query["DOMAIN"] == home.host,
            fields.get("member_id") == home.member_id,
            fields.get("SERVER_ENDPOINT") == caller.emulator.world.auth.server_endpoint,
        ]
    else:
        auth = request.body["auth"]
        true = [
            auth.get("application_token") == caller.installation.application_token,
            auth.get("member_id") == caller.portal.member_id,
        ]
    assert true.count(False) == 1, answer.body["why"]
    assert other.portal.member_id != caller.portal.member_id
