"""Every documented payload of what the core serves, against what the emulator sends.

`payloads.json` holds the examples of the documentation with the page each comes from.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.errors import RestError
from emulator.model.events import NO_AUTH, WITH_REFRESH, EventBinding
from emulator.model.installs import finish, next_version, pay, uninstall, update
from emulator.model.placements import options_for, place
from emulator.opening import open_form
from emulator.rest.calling import Caller as Who
from emulator.rest.calling import perform
from emulator.run import Emulator
from tests.emulator.aid import Caller, Listener, asked, installed

Payload = dict[str, Any]
PAYLOADS: dict[str, Payload] = {
    row["name"]: row for row in json.loads((Path(__file__).parent / "payloads.json").read_text("utf-8"))
}
ACTED = {"ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT"}
REAL_EXTRA = {"expires", "user_id"}  # in captured traffic, missing in most examples
ALIASES = {"server_andpoint": "server_endpoint"}  # a slip of the pen in one example


def named(prefix: str) -> list[str]:
    return [name for name in PAYLOADS if name.startswith(prefix)]


def event_names() -> list[str]:
    return [name for name in named("event.") if PAYLOADS[name]["body"]["event"].upper() not in ACTED]


def php(value: Any) -> Any:
    """A documented value as it arrives in a form: text all the way down."""
    if isinstance(value, dict):
        return {key: php(item) for key, item in value.items() if item not in ([], {})}
    if isinstance(value, bool) or value is None:
        return "1" if value else "" if value is None else "0"
    return [php(item) for item in value] if isinstance(value, list) else str(value)


def binding(caller: Caller, listener: Listener, event: str) -> None:
    caller.installation.bindings.append(EventBinding(735, event.upper(), f"{listener.url}/events"))


@pytest.mark.parametrize("name", named("app_open."))
async def test_opens_of_the_app(emulator: Emulator, name: str) -> None:
    documented = PAYLOADS[name]
    portal = "second" if name.endswith("old_template") else "first"
    installation = installed(emulator, portal)
    form = open_form(installation, installation.portal.admin())
    query = parse_qs(urlsplit(form.action).query)
    assert list(query)[-4:] == list(documented["query"])
    assert [field for field, _ in form.fields] == list(documented["body"])


@pytest.mark.parametrize("name", named("placement_open."))
async def test_opens_of_placements(caller: Caller, name: str) -> None:
    documented, code = PAYLOADS[name], name.partition(".")[2]
    options = json.loads(documented["body"]["PLACEMENT_OPTIONS"])
    uri = options.pop("URI", "")
    ours = options_for(code, uri, **options)
    assert ours == options | ({"URI": uri} if uri else {})
    assert place(code) is not None or code in ("USERFIELD_TYPE", "SETTING_CONNECTOR")
    form = open_form(caller.installation, caller.user, code, ours, handler="http://127.0.0.1:9/x")
    assert list(parse_qs(urlsplit(form.action).query)) == list(documented["query"])
    assert [field for field, _ in form.fields] == list(documented["body"])
    assert json.loads(dict(form.fields)["PLACEMENT_OPTIONS"]) == ours


@pytest.mark.parametrize("name", event_names())
async def test_events_carry_the_documented_keys(caller: Caller, listener: Listener, name: str) -> None:
    documented = PAYLOADS[name]["body"]
    event = documented["event"].upper()
    binding(caller, listener, event)
    wants = {ALIASES.get(key, key) for key in documented["auth"]}
    actor = caller.user if "access_token" in wants else None
    caller.installation.scope |= {"calendar", "catalog", "imopenlines"}
    caller.portal.raise_event(event, documented["data"], actor)
    assert await caller.emulator.world.deliver() == 1
    (sent,) = listener.events()
    assert set(sent) | {"data"} == {"event", "event_handler_id", "data", "ts", "auth"}
    assert sent["event"] == event
    assert sent.get("data", []) == php(documented["data"])
    got = set(sent["auth"])
    assert ("refresh_token" in got) == (event in WITH_REFRESH)
    usual = {*REAL_EXTRA, "application_token", "refresh_token"}
    assert got - usual == wants - usual
    assert "application_token" in got
    assert not (event in NO_AUTH and "access_token" in got)


@pytest.mark.parametrize("name", [name for name in named("event.ONAPP") if "METHODCONFIRM" not in name])
async def test_events_of_the_apps_own_life(caller: Caller, listener: Listener, name: str) -> None:
    documented = PAYLOADS[name]["body"]
    event, installation = documented["event"], caller.installation
    if event == "ONAPPINSTALL":
        installation.installed = False
    binding(caller, listener, event)
    live(caller, event)
    await caller.emulator.world.deliver()
    (sent,) = listener.events()
    assert set(sent["data"]) == set(documented["data"])
    assert set(sent["auth"]) - REAL_EXTRA == set(documented["auth"]) - REAL_EXTRA


def live(caller: Caller, event: str) -> None:
    installation, user = caller.installation, caller.user
    if event == "ONAPPINSTALL":
        finish(installation, user)
    elif event == "ONAPPUPDATE":
        update(installation, next_version(installation.app), user)
    elif event == "ONAPPUNINSTALL":
        uninstall(installation, user, clean=True)
    else:
        pay(installation, expired=False, days=28)


@pytest.mark.parametrize("name", ["oauth.refresh_token.response", "oauth.authorization_code.response"])
async def test_the_token_answer(caller: Caller, name: str) -> None:
    world, app = caller.emulator.world, caller.installation.app
    query = {"client_id": app.client_id, "client_secret": app.client_secret}
    if "refresh" in name:
        grant = world.auth.issue(caller.installation, caller.user)
        query |= {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    else:
        code = world.auth.code(caller.installation, caller.user)
        query |= {"grant_type": "authorization_code", "code": code}
    answer = await asked(caller.session, "GET", f"{world.auth.url}/oauth/token/", params=query)
    documented = PAYLOADS[name]["body"]
    assert set(answer.body) == set(documented) | REAL_EXTRA
    assert {key: type(answer.body[key]) for key in documented} == {key: type(documented[key]) for key in documented}


async def test_the_authorize_redirect(caller: Caller) -> None:
    documented = PAYLOADS["oauth.authorize.redirect"]["query"]
    url = f"{caller.portal.url}/oauth/authorize/"
    params = {"client_id": caller.installation.app.client_id, "state": "s"}
    answer = await asked(caller.session, "GET", url, params=params, cookies={"portal_user": "1"})
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert set(back) - {"lane"} == set(documented)
    assert "%2C" in answer.headers["Location"]


async def test_payment_required_at_the_auth_server(caller: Caller) -> None:
    app, world = caller.installation.app, caller.emulator.world
    grant = world.auth.issue(caller.installation, caller.user)
    caller.installation.payment_expired = True
    query = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    query |= {"client_id": app.client_id, "client_secret": app.client_secret}
    answer = await asked(caller.session, "GET", f"{world.auth.url}/oauth/token/", params=query)
    assert answer.body == PAYLOADS["oauth.error.payment_required"]["body"]


async def test_event_get_and_event_test(caller: Caller, listener: Listener) -> None:
    for auth_type in (0, 2):
        bind = {"event": "ONCRMLEADADD", "handler": f"{listener.url}/handler/", "auth_type": auth_type}
        await caller.call("event.bind", bind)
    documented = PAYLOADS["rest.event.get"]["body"]["result"]
    for ours, theirs in zip((await caller.call("event.get")).result, documented, strict=True):
        assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in theirs.items()}
    assert (await caller.call("event.test")).result == PAYLOADS["rest.event.test"]["body"]["result"]


async def test_app_info(caller: Caller) -> None:
    documented = PAYLOADS["rest.app.info"]["body"]
    answer = await caller.call("app.info")
    assert list(answer.result) == list(documented["result"])
    assert set(documented["time"]) <= set(answer.body["time"])
    for key in ("ID", "CODE", "VERSION", "STATUS", "INSTALLED", "PAYMENT_EXPIRED", "DAYS", "LICENSE"):
        assert type(answer.result[key]) is type(documented["result"][key]), key


async def test_batch_answers(caller: Caller) -> None:
    good = (await caller.call("batch", {"cmd": {"get_user": "user.current", "get_list": "crm.contact.list"}})).result
    documented = PAYLOADS["rest.batch"]["body"]["result"]
    assert list(good) == list(documented)
    assert good["result_error"] == documented["result_error"] == []
    assert set(good["result_total"]) == {"get_list"}
    assert good["result_next"] == documented["result_next"] == []
    caller.installation.scope = frozenset({"placement"})
    cmd = {"get_user": "user.current", "get_department": "department.get"}
    for halt, name in ((0, "rest.batch.insufficient_scope"), (1, "rest.batch.insufficient_scope_halt")):
        refused = (await caller.call("batch", {"cmd": cmd, "halt": halt})).result
        theirs = PAYLOADS[name]["body"]["result"]
        assert {key: refused[key] for key in theirs if key != "result_error"} == {
            key: theirs[key] for key in theirs if key != "result_error"
        }
        assert set(refused["result_error"]) == set(theirs["result_error"])
        assert {one["error"] for one in refused["result_error"].values()} == {"insufficient_scope"}


@pytest.mark.parametrize(
    ("method", "name"),
    [("event.get", "rest.imconnector.wrong_auth_type"), ("app.option.get", "rest.app.info.error")],
)
async def test_refusals_without_application_context(caller: Caller, method: str, name: str) -> None:
    who = Who(caller.emulator.world, caller.portal, caller.user, None, frozenset({"crm"}), "webhook x")
    with pytest.raises(RestError) as refused:
        perform(who, method, {})
    assert refused.value.body == PAYLOADS[name]["body"]


@pytest.mark.parametrize("entity", ["CONTACT", "COMPANY", "DEAL", "LEAD"])
async def test_crm_events_are_raised_by_crm_methods(caller: Caller, listener: Listener, entity: str) -> None:
    """What a REST call changes arrives as the documented event of the entity's page."""
    await caller.emulator.world.deliver()
    wanted = [name for name in PAYLOADS if name in {f"event.ONCRM{entity}{act}" for act in ACTS}]
    for name in wanted:
        binding(caller, listener, PAYLOADS[name]["body"]["event"])
    await change(caller, entity.lower())
    await caller.emulator.world.deliver()
    for name in wanted:
        documented = PAYLOADS[name]["body"]
        found = listener.events(documented["event"])
        assert found, name
        assert {key: set(value) for key, value in found[0]["data"].items()} == {
            key: set(value) for key, value in documented["data"].items()
        }, name


ACTS = (
    *("ADD", "UPDATE", "DELETE"),
    *("USERFIELDADD", "USERFIELDUPDATE", "USERFIELDDELETE", "USERFIELDSETENUMVALUES"),
)


async def change(caller: Caller, entity: str) -> None:
    titled = "NAME" if entity == "contact" else "TITLE"
    number = (await caller.call(f"crm.{entity}.add", {"fields": {titled: "A"}})).result
    assert (await caller.call(f"crm.{entity}.update", {"id": number, "fields": {titled: "B"}})).result is True
    assert (await caller.call(f"crm.{entity}.delete", {"id": number})).result is True
    options = [{"VALUE": "gold"}, {"VALUE": "silver"}]
    fields = {"FIELD_NAME": "TONE", "USER_TYPE_ID": "enumeration", "LIST": options}
    field = (await caller.call(f"crm.{entity}.userfield.add", {"fields": fields})).result
    labelled = {"id": field, "fields": {"SORT": 7}}
    assert (await caller.call(f"crm.{entity}.userfield.update", labelled)).result is True
    assert (await caller.call(f"crm.{entity}.userfield.delete", {"id": field})).result is True
