"""The emulator as a program: configuration, background delivery, TLS, the door for scripts."""

import asyncio
import json
import ssl
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from emulator.config import from_json
from emulator.model.events import EventBinding
from emulator.model.faults import Break
from emulator.run import Emulator, serve
from tests.emulator.aid import Caller, Listener, asked, installed, two_portals


def test_a_configuration_file(tmp_path: Path) -> None:
    app = {"code": "a", "client_id": "c", "client_secret": "s", "title": {"en": "A"}, "app_url": "http://127.0.0.1/"}
    written = {"portals": [{"name": "one", "host": "127.0.0.2:0", "old": True}], "apps": [app | {"scope": ["crm"]}]}
    path = tmp_path / "emulator.json"
    path.write_text(json.dumps(written | {"pump": True, "tls_dir": "x"}), "utf-8")
    config = from_json(path)
    assert (config.portals[0].old, config.apps[0].scope, config.pump) == (True, ("crm",), True)
    path.write_text(json.dumps({"portls": []}), "utf-8")
    with pytest.raises(ValueError, match="portls"):
        from_json(path)


async def test_background_delivery(listener: Listener) -> None:
    async with serve(two_portals(listener.url, pump=True)) as emulator:
        installation = installed(emulator)
        installation.bindings.append(EventBinding(1, "ONCRMDEALADD", f"{listener.url}/events"))
        installation.portal.raise_event("ONCRMDEALADD", {"FIELDS": {"ID": 1}}, None)
        await asyncio.wait_for(listener.arrived.wait(), 10)
        assert listener.events()[0]["event"] == "ONCRMDEALADD"


async def test_tls_with_a_throw_away_authority(listener: Listener, tmp_path: Path) -> None:
    config = replace(two_portals(listener.url), tls=True, tls_dir=tmp_path)
    async with serve(config) as emulator, aiohttp.ClientSession() as session:
        assert emulator.papers is not None
        trust = ssl.create_default_context(cafile=str(emulator.papers.ca))
        url = f"{emulator.portal('first').url}/rest/profile"
        assert url.startswith("https://")
        assert (await asked(session, "GET", url, ssl=trust)).refusal == (401, "NO_AUTH_FOUND")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await asked(session, "GET", url)
        assert emulator.papers.key.stat().st_mode & 0o077 == 0


async def test_identity_outlives_a_restart(listener: Listener) -> None:
    seen = []
    for _ in range(2):
        async with serve(two_portals(listener.url)) as emulator:
            seen.append([portal.member_id for portal in emulator.world.portals.values()])
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == 2


async def test_a_script_opens_an_app_it_put_into_the_catalogue(
    emulator: Emulator, listener: Listener, session: aiohttp.ClientSession
) -> None:
    door = f"{emulator.portal('first').url}/_control"
    app = {"code": "new.app", "client_id": "app.2", "client_secret": "s", "title": {"en": "New"}, "scope": ["crm"]}
    made = await asked(session, "POST", f"{door}/app", json=app | {"app_url": f"{listener.url}/app"})
    assert made.body == {"code": "new.app"}
    names = {"portal": "first", "app": "new.app"}
    assert (await asked(session, "POST", f"{door}/install", json=names)).body["installed"] is True
    form = (await asked(session, "POST", f"{door}/open", json=names | {"user": 2})).body
    await asked(session, "POST", form["action"], data=dict(form["fields"]))
    assert listener.heard[0].path == "/app"
    token = dict(listener.heard[0].form)["AUTH_ID"]
    url = f"{emulator.portal('first').url}/rest/profile"
    assert (await asked(session, "POST", url, json={"auth": token})).result["ID"] == "2"
    unbound = await asked(session, "POST", f"{door}/open", json=names | {"placement": "LEFT_MENU"})
    assert unbound.status == 400


async def test_a_cut_connection_is_no_answer_at_all(caller: Caller) -> None:
    caller.emulator.world.faults.add(Break.CLOSE)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await caller.call("profile")
    assert (await caller.call("profile")).status == 200


async def test_a_slow_portal_answers_in_the_end(caller: Caller) -> None:
    caller.emulator.world.faults.add(Break.SLOW, seconds=0.01)
    assert (await caller.call("profile")).status == 200


async def test_the_seeded_portals_serve(session: aiohttp.ClientSession, listener: Listener) -> None:
    config = two_portals(listener.url)
    portals = tuple(replace(one, seed=seed) for one, seed in zip(config.portals, ("rental", "acme"), strict=True))
    async with serve(replace(config, portals=portals)) as emulator:
        for name in ("first", "second"):
            installation = installed(emulator, name)
            caller = Caller(session, emulator, installation, installation.portal.admin())
            answer = await caller.call("crm.company.list", {"select": ["ID", "TITLE"]})
            assert len(answer.result) == min(answer.body["total"], 50) > 10
        assert emulator.world.crashes == []
