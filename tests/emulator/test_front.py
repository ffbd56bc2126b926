"""The REST front, as settings/how-to-call-rest-api/ and _includes/system-errors.md describe it."""

import secrets
from dataclasses import replace

import aiohttp
import pytest

from emulator.config import EmulatorConfig
from emulator.model.faults import Break
from emulator.model.people import CrmAccess
from emulator.model.portal import Webhook
from emulator.run import Emulator, serve
from tests.emulator.aid import Caller, Listener, asked, installed, two_portals


@pytest.mark.parametrize("suffix", ["", ".json", "/", ".json/"])
@pytest.mark.parametrize("name", ["profile", "PROFILE", "Profile"])
async def test_method_names_take_any_letters_and_suffixes(caller: Caller, name: str, suffix: str) -> None:
    answer = await caller.call(name + suffix)
    assert answer.result["ID"] == "1"


async def test_the_token_is_taken_from_four_places(caller: Caller, session: aiohttp.ClientSession) -> None:
    url, token = f"{caller.portal.url}/rest/profile", caller.token()
    ways = [
        await asked(session, "GET", f"{url}?auth={token}"),
        await asked(session, "GET", f"{url}?access_token={token}"),
        await asked(session, "POST", url, data={"auth": token}),
        await asked(session, "POST", url, headers={"Authorization": f"Bearer {token}"}),
        await asked(session, "POST", url, json={"access_token": token}),
    ]
    assert [way.result["NAME"] for way in ways] == ["Anna"] * 5


async def test_query_and_body_are_merged_and_the_body_wins(caller: Caller, session: aiohttp.ClientSession) -> None:
    url = f"{caller.portal.url}/rest/event.test?auth=x&only_query=1&both=query"
    form = {"auth": caller.token(), "both": "body", "deep[a][]": "1"}
    await asked(session, "POST", url, data=form)
    await caller.call("event.bind", {"event": "ONAPPTEST", "handler": "http://127.0.0.1:9/"})
    await asked(session, "POST", url, data=form)
    queued = caller.emulator.world.events.queued[-1]
    assert queued.data["QUERY"] == {"only_query": "1", "both": "body", "deep": {"a": ["1"]}}


async def test_raw_urlencoded_text_without_a_form_type_is_read(caller: Caller, session: aiohttp.ClientSession) -> None:
    headers = {"Content-Type": "text/plain"}
    url = f"{caller.portal.url}/rest/user.access"
    answer = await asked(session, "POST", url, data=f"ACCESS[]=U1&auth={caller.token()}", headers=headers)
    assert answer.result is True


async def test_envelope_headers_and_escapes(caller: Caller) -> None:
    caller.user.name, caller.user.last_name = "Анна <b>", 'O"Neil/Berg'
    answer = await caller.call("profile")
    time = answer.body["time"]
    assert set(time) == {
        *("start", "finish", "duration", "processing", "date_start", "date_finish"),
        *("operating", "operating_reset_at"),
    }
    assert isinstance(time["operating_reset_at"], int)
    assert r"\u0410\u043d\u043d\u0430 \u003Cb\u003E" in answer.text
    assert r"O\u0022Neil\/Berg" in answer.text
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_on_premise_box_has_no_operating_time(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    installation = installed(emulator, "second")
    answer = await Caller(session, emulator, installation, installation.portal.admin()).call("profile")
    assert "operating" not in answer.body["time"]


async def test_preflight_is_answered_to_a_browser(caller: Caller, session: aiohttp.ClientSession) -> None:
    answer = await asked(session, "OPTIONS", f"{caller.portal.url}/rest/profile")
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Headers"] == "origin, content-type, accept"


async def test_errors_of_the_system_table(caller: Caller, session: aiohttp.ClientSession) -> None:
    world, url = caller.emulator.world, f"{caller.portal.url}/rest/profile"
    assert (await caller.call("no.such.method")).refusal == (404, "ERROR_METHOD_NOT_FOUND")
    assert (await asked(session, "POST", url)).refusal == (401, "NO_AUTH_FOUND")
    assert (await caller.call("profile", token="f" * 70)).refusal == (401, "invalid_token")
    token = caller.token()
    world.auth.expire_access(caller.installation)
    assert (await caller.call("profile", token=token)).refusal == (401, "expired_token")
    caller.installation.payment_expired = True
    assert (await caller.call("profile")).refusal == (401, "PAYMENT_REQUIRED")


async def test_scope_is_checked_by_method(caller: Caller) -> None:
    caller.installation.scope = frozenset({"crm"})
    assert (await caller.call("placement.list")).refusal == (401, "insufficient_scope")
    assert (await caller.call("app.info")).status == 200


async def test_a_dismissed_user_and_one_without_access(caller: Caller) -> None:
    boris = caller.as_user(2)
    caller.installation.access = {1}
    assert (await boris.call("profile")).refusal == (403, "user_access_error")
    boris.user.active = False
    assert (await boris.call("profile")).refusal == (401, "authorization_error")


async def test_admin_and_application_context(caller: Caller, session: aiohttp.ClientSession) -> None:
    boris = caller.as_user(2)
    bind = {"PLACEMENT": "LEFT_MENU", "HANDLER": "http://127.0.0.1:9/x"}
    assert (await boris.call("placement.bind", bind)).refusal == (403, "ACCESS_DENIED")
    async with serve(
        EmulatorConfig(portals=two_portals("").portals, auth_host="127.0.0.4:0", webhooks_over_http=True)
    ) as one:
        portal = one.portal("first")
        portal.webhooks[1, "s3cret"] = Webhook(1, "s3cret", frozenset({"crm", "placement"}))
        base = f"{portal.url}/rest/1/s3cret"
        assert (await asked(session, "GET", f"{base}/profile.json")).result["ID"] == "1"
        assert (await asked(session, "POST", f"{base}/event.get")).refusal == (403, "WRONG_AUTH_TYPE")
        for method in ("app.option.get", "user.option.get"):
            answer = await asked(session, "POST", f"{base}/{method}")
            assert answer.refusal == (403, "ACCESS_DENIED")
            assert answer.body["error_description"] == "Access denied! Application context required"
        info = (await asked(session, "POST", f"{base}/app.info")).result
        assert info == {"SCOPE": ["crm", "placement"], "LICENSE": "ru_basic"}
        assert (await asked(session, "POST", f"{base}/user.get")).refusal == (401, "insufficient_scope")
        wrong = await asked(session, "POST", f"{portal.url}/rest/1/{secrets.token_hex(4)}/profile")
        assert wrong.refusal == (401, "INVALID_CREDENTIALS")


async def test_webhooks_want_https(caller: Caller, session: aiohttp.ClientSession) -> None:
    caller.portal.webhooks[1, "s3cret"] = Webhook(1, "s3cret", frozenset({"crm"}))
    answer = await asked(session, "GET", f"{caller.portal.url}/rest/1/s3cret/profile")
    assert answer.refusal == (400, "INVALID_REQUEST")


async def test_a_token_of_another_portal_is_no_token_here(emulator: Emulator, caller: Caller) -> None:
    foreign = installed(emulator, "second")
    token = emulator.world.auth.issue(foreign, foreign.portal.admin()).access_token
    assert (await caller.call("profile", token=token)).refusal == (401, "invalid_token")


async def test_an_undocumented_parameter_is_a_warning_and_sdk_additions_are_not(caller: Caller) -> None:
    assert (await caller.call("user.access", {"access": ["U1"], "bx24_request_id": "1"})).result is True
    assert caller.emulator.world.warnings == []
    assert (await caller.call("profile", {"ACCES": ["U1"]})).result["ID"] == "1"
    assert caller.emulator.world.warnings == ["first: unknown parameter ACCES of profile"]


async def test_several_slashes_in_an_address_are_one(caller: Caller, session: aiohttp.ClientSession) -> None:
    """Clients join a webhook that ends with a slash, as portals show it, and a method by another one."""
    webhook = Webhook(1, "s3cret", frozenset({"crm"}))
    caller.portal.webhooks[1, webhook.secret] = webhook
    caller.emulator.world.config = replace(caller.emulator.world.config, webhooks_over_http=True)
    for path in ("rest/1/s3cret//profile", "rest//1/s3cret/profile/", f"rest//profile?auth={caller.token()}"):
        assert (await asked(session, "GET", f"{caller.portal.url}/{path}")).result["ID"] == "1"


async def test_the_full_list_of_scopes_is_the_portals(caller: Caller, session: aiohttp.ClientSession) -> None:
    """common/system/scope.md: in a form the text `false` asks for all, `0` does not."""
    everything = (await caller.call("scope", {"full": True})).result
    assert {"booking", "disk", "sign.b2e", "crm", "vote"} <= set(everything)
    assert {one.scope for one in caller.emulator.world.methods.values() if one.scope} <= set(everything)
    url, own = f"{caller.portal.url}/rest/scope", ["crm", "placement", "user", "im"]
    for said, expected in (("false", everything), ("0", own), ("", own)):
        form = {"full": said, "auth": caller.token()}
        assert (await asked(session, "POST", url, data=form)).result == expected
    assert (await caller.call("scope", {"full": False})).result == own


async def test_a_request_to_another_host_finds_no_portal(caller: Caller, session: aiohttp.ClientSession) -> None:
    answer = await asked(session, "GET", f"{caller.portal.url}/rest/profile", headers={"Host": "elsewhere"})
    assert answer.status == 404


async def test_system_methods(caller: Caller) -> None:
    assert (await caller.call("scope")).result == ["crm", "placement", "user", "im"]
    assert (await caller.call("method.get", {"name": "placement.bind"})).result == {
        "isExisting": True,
        "isAvailable": True,
    }
    for unknown in ("x", "Placement.Bind"):
        assert not any((await caller.call("method.get", {"name": unknown})).result.values())
    assert (await caller.call("feature.get", {"CODE": "rest_offline_extended"})).result == {"value": "N"}
    assert (await caller.call("feature.get")).refusal == (400, "CODE_EMPTY")
    assert (await caller.call("user.admin")).result is True
    assert (await caller.as_user(2).call("user.admin")).result is False
    assert "placement.bind" in (await caller.call("methods")).result
    assert (await caller.call("server.time")).result.startswith(caller.emulator.world.now().date().isoformat())


async def test_options_of_app_and_user(caller: Caller) -> None:
    assert (await caller.call("app.option.get")).result == []
    assert (await caller.call("app.option.set", {"options": {"a": {"b": 1}}})).result is True
    assert (await caller.call("app.option.get", {"option": "a"})).result == {"b": 1}
    boris = caller.as_user(2)
    assert (await boris.call("app.option.set", {"options": {"a": 2}})).refusal == (403, "ACCESS_DENIED")
    assert (await boris.call("user.option.set", {"seen": "Y", "START": "Z"})).result is True
    assert (await boris.call("user.option.get")).result == {"seen": "Y", "START": "Z"}
    assert (await caller.call("user.option.get")).result == []


async def test_the_bucket_is_observed_and_enforced_on_demand(caller: Caller) -> None:
    world, token = caller.emulator.world, caller.token()
    for _ in range(60):
        await caller.call("profile", token=token)
    assert world.meters.peak("first") > 50
    assert world.meters.requests["first", "profile"] == 60
    world.faults.enforce_limit = True
    assert (await caller.call("profile", token=token)).refusal == (503, "QUERY_LIMIT_EXCEEDED")
    world.advance(seconds=30)
    assert (await caller.call("profile", token=token)).status == 200


async def test_operating_time_blocks_one_method_for_a_while(caller: Caller) -> None:
    world = caller.emulator.world
    world.faults.operating_cost["profile"] = 300.0
    first = await caller.call("profile")
    second = await caller.call("profile")
    assert first.body["time"]["operating"] >= 300
    assert second.body["time"]["operating"] >= 600
    assert (await caller.call("profile")).refusal == (429, "OPERATION_TIME_LIMIT")
    assert (await caller.call("server.time")).status == 200
    world.advance(minutes=11)
    assert (await caller.call("profile")).status == 200


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        (Break.BUSY, 503, "QUERY_LIMIT_EXCEEDED"),
        (Break.OVERLOAD, 503, "OVERLOAD_LIMIT"),
        (Break.OPERATING, 429, "OPERATION_TIME_LIMIT"),
        (Break.ERROR_500, 500, "INTERNAL_SERVER_ERROR"),
        (Break.ERROR_200, 200, "ERROR_CORE"),
        (Break.DELETED, 403, "PORTAL_DELETED"),
        (Break.PLAN, 403, "ACCESS_DENIED"),
        (Break.CONFIRM, 401, "METHOD_CONFIRM_WAITING"),
        (Break.EMPTY_ERROR, 400, ""),
        (Break.NUMERIC_ERROR, 400, 200040300010),
    ],
)
async def test_faults_with_a_body(caller: Caller, kind: Break, status: int, error: object) -> None:
    caller.emulator.world.faults.add(kind, times=1, method="profile")
    assert (await caller.call("server.time")).status == 200
    assert (await caller.call("profile")).refusal == (status, error)
    assert (await caller.call("profile")).status == 200


async def test_faults_without_a_usable_body(caller: Caller) -> None:
    faults = caller.emulator.world.faults
    faults.add(Break.HTML)
    page = await caller.call("profile")
    assert (page.status, page.body) == (502, {})
    faults.add(Break.CUT)
    with pytest.raises(ValueError, match="Unterminated"):
        await caller.call("profile")
    faults.add(Break.CLOSE)
    with pytest.raises(aiohttp.ClientError):
        await caller.call("profile")


async def test_an_answer_lost_after_the_work_was_done(caller: Caller) -> None:
    caller.emulator.world.faults.add(Break.LOST_AFTER, method="app.option.set")
    with pytest.raises(aiohttp.ClientError):
        await caller.call("app.option.set", {"options": {"done": "Y"}})
    assert caller.installation.options == {"done": "Y"}


async def test_a_renamed_portal_answers_302_at_the_old_address(caller: Caller, session: aiohttp.ClientSession) -> None:
    before = caller.portal.url
    await caller.emulator.world.rename(caller.portal, "127.0.0.6:0")
    answer = await asked(session, "POST", f"{before}/rest/profile?a=1", data={"auth": caller.token()})
    assert answer.status == 302
    assert answer.headers["Location"] == f"{caller.portal.url}/rest/profile?a=1"
    assert (await caller.call("profile")).result["ID"] == "1"
    await caller.emulator.world.rename(caller.portal, "127.0.0.7:0")
    again = await asked(session, "GET", f"{before}/rest/profile")
    assert again.headers["Location"] == f"{caller.portal.url}/rest/profile"


async def test_the_control_door_from_outside(
    caller: Caller, session: aiohttp.ClientSession, listener: Listener
) -> None:
    door = f"{caller.portal.url}/_control"
    assert (await asked(session, "POST", f"{door}/faults", json={"kind": "busy", "times": 1})).status == 200
    assert (await caller.call("profile")).status == 503
    state = (await asked(session, "GET", f"{door}/state")).body
    assert [one["name"] for one in state["portals"]] == ["first", "second"]
    assert state["requests"]["first profile"] == 1
    changed = {"portal": "first", "user": 2, "admin": True, "crm_access": "own"}
    await asked(session, "POST", f"{door}/user", json=changed)
    assert (caller.portal.users[2].admin, caller.portal.users[2].crm_access) == (True, CrmAccess.OWN)
    token = caller.token()
    expired = await asked(session, "POST", f"{door}/expire", json={"portal": "first"})
    assert expired.body["expired"] >= 1
    assert (await caller.call("profile", token=token)).refusal == (401, "expired_token")
    assert (await asked(session, "POST", f"{door}/expire", json={"portal": "none"})).status == 400
    assert (await asked(session, "POST", f"{door}/nonsense", json={})).status == 404
    robot = {"url": f"{listener.url}/robot", "form": {"workflow_id": "w1", "properties": {"a": None, "b": True}}}
    assert (await asked(session, "POST", f"{door}/robot", json=robot)).body["status"] == 200
    assert listener.heard[-1].form == [("workflow_id", "w1"), ("properties[a]", ""), ("properties[b]", "1")]
