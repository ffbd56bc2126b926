"""The life of an installation: settings/app-installation/, settings/app-uninstallation.md, common/events/."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from emulator.errors import RestError
from emulator.model.events import EventBinding
from emulator.model.installs import (
    Installation,
    Opening,
    finish,
    install,
    next_version,
    opening,
    pay,
    uninstall,
    update,
)
from emulator.opening import open_form
from emulator.run import Emulator, serve
from tests.emulator.aid import Caller, Listener, asked, installed, market_app, two_portals


async def test_an_app_with_an_installer_waits_for_install_finish(emulator: Emulator) -> None:
    portal = emulator.portal("first")
    installation = install(portal, next(iter(emulator.world.catalogue.values())), portal.users[1])
    assert not installation.installed
    assert opening(installation, portal.users[1]) is Opening.INSTALLER
    assert opening(installation, portal.users[2]) is Opening.BLOCKED
    form = open_form(installation, portal.users[1])
    assert urlsplit(form.action).path == "/install"
    assert dict(form.fields)["PLACEMENT"] == "DEFAULT"
    with pytest.raises(RestError, match="ACCESS_DENIED"):
        finish(installation, portal.users[2])
    assert finish(installation, portal.users[1]) is True
    assert finish(installation, portal.users[1]) is False
    assert opening(installation, portal.users[2]) is Opening.APP
    installation.access = {1}
    assert opening(installation, portal.users[2]) is Opening.FORBIDDEN


async def test_only_admins_install_and_only_once(emulator: Emulator) -> None:
    portal, app = emulator.portal("first"), next(iter(emulator.world.catalogue.values()))
    with pytest.raises(RestError, match="ACCESS_DENIED"):
        install(portal, app, portal.users[2])
    install(portal, app, portal.users[1])
    with pytest.raises(ValueError, match="is installed"):
        install(portal, app, portal.users[1])


async def test_bound_before_install_finish_the_handler_hears_onappinstall(
    emulator: Emulator, listener: Listener
) -> None:
    portal, app = emulator.portal("first"), next(iter(emulator.world.catalogue.values()))
    installation = install(portal, app, portal.users[1])
    assert await emulator.world.deliver() == 0
    bind(installation, "ONAPPINSTALL", f"{listener.url}/events")
    finish(installation, portal.users[1])
    assert await emulator.world.deliver() == 1
    body = listener.events("ONAPPINSTALL")[0]
    assert body["data"] == {"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "ru"}
    assert body["auth"]["application_token"] == installation.application_token
    assert body["auth"]["refresh_token"] in emulator.world.auth.refresh
    assert body["auth"]["user_id"] == "1"


def bind(installation: Installation, event: str, handler: str) -> None:
    installation.bindings.append(EventBinding(installation.portal.next_id("event_handler"), event, handler))


async def test_an_unfinished_installation_hears_nothing(emulator: Emulator, listener: Listener) -> None:
    portal, app = emulator.portal("first"), next(iter(emulator.world.catalogue.values()))
    installation = install(portal, app, portal.users[1])
    bind(installation, "ONCRMCONTACTADD", f"{listener.url}/events")
    portal.raise_event("ONCRMCONTACTADD", {"FIELDS": {"ID": 1}}, portal.users[1])
    assert await emulator.world.deliver() == 0


async def test_a_callback_installer_is_called_by_the_portal(listener: Listener) -> None:
    app = market_app(listener.url, callback_install=True)
    async with serve(two_portals(listener.url, apps=(app,))) as emulator:
        portal = emulator.portal("first")
        installation = install(portal, app, portal.users[1])
        assert installation.installed
        await emulator.world.deliver()
        assert [one.path for one in listener.heard] == ["/install"]
        auth = listener.events("ONAPPINSTALL")[0]["auth"]
        assert auth["access_token"] in emulator.world.auth.access


async def test_an_app_without_installer_is_installed_at_once(listener: Listener) -> None:
    app = market_app(listener.url, install_url=None)
    async with serve(two_portals(listener.url, apps=(app,))) as emulator:
        portal = emulator.portal("first")
        assert install(portal, app, portal.users[1]).installed


@pytest.mark.parametrize("clean", [True, False])
async def test_uninstalling_kills_tokens_and_tells_without_any(caller: Caller, listener: Listener, clean: bool) -> None:
    installation = caller.installation
    bind(installation, "ONAPPUNINSTALL", f"{listener.url}/events")
    bind(installation, "ONCRMCONTACTADD", f"{listener.url}/events")
    await caller.call("placement.bind", {"PLACEMENT": "LEFT_MENU", "HANDLER": f"{listener.url}/p"})
    await caller.call("app.option.set", {"options": {"kept": "Y"}})
    token = caller.token()
    uninstall(installation, caller.user, clean=clean)
    await caller.emulator.world.deliver()
    body = listener.events()[0]
    assert body["event"] == "ONAPPUNINSTALL"
    assert body["data"] == {"LANGUAGE_ID": "ru", "CLEAN": "1" if clean else "0"}
    assert set(body["auth"]) == {"domain", "client_endpoint", "server_endpoint", "member_id", "application_token"}
    assert (await caller.call("profile", token=token)).refusal == (401, "ERROR_OAUTH")
    assert (installation.bindings, installation.placements) == ([], [])
    caller.portal.raise_event("ONCRMCONTACTADD", {"FIELDS": {"ID": 1}}, caller.user)
    assert await caller.emulator.world.deliver() == 0
    again = install(caller.portal, installation.app, caller.user)
    assert again.id == installation.id
    assert again.application_token != installation.application_token
    assert again.options == ({} if clean else {"kept": "Y"})


async def test_a_new_version_drops_handlers_and_asks_for_the_installer_again(
    caller: Caller, listener: Listener
) -> None:
    installation = caller.installation
    bind(installation, "ONAPPUPDATE", f"{listener.url}/events")
    await caller.call("placement.bind", {"PLACEMENT": "LEFT_MENU", "HANDLER": f"{listener.url}/p"})
    token, before = caller.token(), installation.application_token
    update(installation, replace(next_version(installation.app), scope=("crm", "placement")), caller.user)
    await caller.emulator.world.deliver()
    body = listener.events("ONAPPUPDATE")[0]
    assert body["data"] == {"VERSION": "2", "PREVIOUS_VERSION": "1", "LANGUAGE_ID": "ru"}
    assert body["auth"]["application_token"] == installation.application_token != before
    assert "refresh_token" in body["auth"]
    assert (installation.bindings, installation.placements, installation.installed) == ([], [], False)
    assert (await caller.call("user.access", {"ACCESS": ["AU"]}, token=token)).result is True
    assert (await caller.call("app.info", token=token)).result["INSTALLED"] is False
    assert opening(installation, caller.user) is Opening.INSTALLER


async def test_payment_is_told_when_it_runs_and_silence_when_it_ended(caller: Caller, listener: Listener) -> None:
    installation = caller.installation
    bind(installation, "ONAPPPAYMENT", f"{listener.url}/events")
    pay(installation, expired=True)
    assert await caller.emulator.world.deliver() == 0
    assert (await caller.call("profile")).refusal == (401, "PAYMENT_REQUIRED")
    pay(installation, expired=False, days=28)
    await caller.emulator.world.deliver()
    assert listener.events("ONAPPPAYMENT")[0]["data"]["DAYS"] == "28"
    assert (await caller.call("app.info")).result["STATUS"] == "S"


async def test_an_open_splits_query_and_body_as_documented(caller: Caller) -> None:
    options = {"ID": "8061", "URI": "/crm/deal/details/8061/"}
    form = open_form(
        caller.installation, caller.user, "CRM_DEAL_DETAIL_TAB", options, handler="http://127.0.0.1:9/t?x=1"
    )
    query = parse_qs(urlsplit(form.action).query)
    sid = query["APP_SID"][0]
    assert query == {"x": ["1"], "DOMAIN": [caller.portal.host], "PROTOCOL": ["0"], "LANG": ["ru"], "APP_SID": [sid]}
    assert form.frame == f"{caller.portal.host}|0|{sid}"
    assert len(sid) == 32
    fields = dict(form.fields)
    assert json.loads(fields["PLACEMENT_OPTIONS"]) == options
    assert r"\/crm\/deal" in fields["PLACEMENT_OPTIONS"]
    assert fields["APPLICATION_TOKEN"] == caller.installation.application_token
    assert fields["SERVER_ENDPOINT"] == caller.emulator.world.auth.server_endpoint
    assert (await caller.call("profile", token=fields["AUTH_ID"])).result["ID"] == "1"
    assert open_form(caller.installation, caller.user).sid != sid


async def test_an_old_box_sends_fewer_keys(emulator: Emulator) -> None:
    installation = installed(emulator, "second")
    form = open_form(installation, installation.portal.users[1])
    assert [name for name, _ in form.fields] == [
        *("AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID", "member_id", "status", "PLACEMENT"),
    ]


async def test_a_user_without_access_gets_an_empty_token(caller: Caller) -> None:
    caller.installation.access = {1}
    fields = dict(open_form(caller.installation, caller.portal.users[2], "USERFIELD_TYPE", {"MODE": "view"}).fields)
    assert (fields["AUTH_ID"], fields["REFRESH_ID"]) == ("", "")


async def test_the_door_installs_updates_and_uninstalls(
    emulator: Emulator, listener: Listener, session: aiohttp.ClientSession
) -> None:
    door, app = f"{emulator.portal('first').url}/_control", {"portal": "first", "app": "vendor.app"}
    made = await asked(session, "POST", f"{door}/install", json=app)
    assert made.body == {"id": 1, "installed": False}
    assert (await asked(session, "POST", f"{door}/finish", json=app)).body == {"changed": True}
    assert (await asked(session, "POST", f"{door}/update", json=app)).body == {"version": 2}
    paid = await asked(session, "POST", f"{door}/payment", json=app | {"expired": True})
    assert paid.status == 200
    assert (await asked(session, "POST", f"{door}/access", json=app | {"users": [1]})).status == 200
    assert emulator.portal("first").installations["app.5f0000000000a1.10000001"].access == {1}
    assert (await asked(session, "POST", f"{door}/uninstall", json=app | {"clean": True})).status == 200
    assert emulator.portal("first").installations == {}
