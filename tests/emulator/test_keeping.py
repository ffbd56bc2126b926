"""A portal that is stopped and started again is as its people left it."""

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from b24app.settings import ROOT
from emulator.config import EmulatorConfig, PortalConfig
from emulator.crm.entities import Entity
from emulator.model.events import EventBinding
from emulator.run import serve
from tests.emulator.aid import Caller, Listener, installed, market_app

CONTACT = Entity.CONTACT
SPEAKS_AT_ONCE = {**os.environ, "PYTHONUNBUFFERED": "1"}


def free(address: str) -> str:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return f"{address}:{probe.getsockname()[1]}"


@pytest.fixture
def config(listener: Listener, tmp_path: Path) -> EmulatorConfig:
    return EmulatorConfig(
        portals=(PortalConfig("first", free("127.0.0.2"), "ru"),),
        auth_host=free("127.0.0.4"),
        apps=(market_app(listener.url),),
        state=tmp_path / "portals",
    )


async def test_cards_apps_and_tokens_outlive_a_stop(config: EmulatorConfig) -> None:
    async with serve(config) as emulator, aiohttp.ClientSession() as session:
        assert not emulator.world.restored
        caller = Caller(session, emulator, installed(emulator), emulator.portal("first").admin())
        contact = caller.portal.crm.add(CONTACT, {"NAME": "Вера"}, caller.user)
        token = caller.token()
        assert config.state and not config.state.exists()
    assert config.state.stat().st_mode & 0o077 == 0

    async with serve(config) as emulator, aiohttp.ClientSession() as session:
        assert emulator.world.restored
        assert not config.state.exists(), "a run that is killed must not leave an older world behind"
        portal = emulator.portal("first")
        (held,) = portal.installations.values()
        caller = Caller(session, emulator, held, portal.admin())
        found = await caller.call("crm.contact.get", {"id": contact}, token)
        assert found.result["NAME"] == "Вера"
        assert portal.crm.add(CONTACT, {"NAME": "Анна"}, caller.user) == contact + 1


async def test_events_of_a_restored_portal_are_delivered(config: EmulatorConfig, listener: Listener) -> None:
    config = replace(config, pump=True)
    async with serve(config) as emulator:
        installed(emulator).bindings.append(EventBinding(1, "ONCRMCONTACTADD", f"{listener.url}/events"))
    listener.arrived.clear()
    async with serve(config) as emulator:
        portal = emulator.portal("first")
        portal.crm.add(CONTACT, {"NAME": "Вера"}, portal.admin())
        await listener.arrived.wait()
    assert [one["event"] for one in listener.events("ONCRMCONTACTADD")] == ["ONCRMCONTACTADD"]


async def test_a_renamed_portal_answers_at_both_addresses(config: EmulatorConfig) -> None:
    old, new = config.portals[0].host, free("127.0.0.3")
    async with serve(config) as emulator:
        await emulator.world.rename(emulator.portal("first"), new)
    async with serve(config), aiohttp.ClientSession() as session:
        for host, status in ((old, 302), (new, 401)):
            async with session.post(f"http://{host}/rest/profile", allow_redirects=False) as answer:
                assert answer.status == status


async def test_another_configuration_begins_anew(config: EmulatorConfig) -> None:
    async with serve(config) as emulator:
        installed(emulator)
    other = replace(config, portals=(replace(config.portals[0], title="Другое название"),))
    async with serve(other) as emulator:
        assert not emulator.world.restored
        assert not emulator.portal("first").installations


async def test_a_world_made_of_older_code_is_not_taken_though_the_code_changed_under_it(tmp_path: Path) -> None:
    """A developer edits the emulator while it runs, then stops it and starts it again."""
    shutil.copytree(ROOT / "emulator", tmp_path / "emulator", ignore=shutil.ignore_patterns("__pycache__"))
    host = free("127.0.0.2")
    wanted = {"portals": [{"name": "first", "host": host}], "auth_host": free("127.0.0.4"), "apps": []}
    (tmp_path / "emulator.json").write_text(json.dumps(wanted))
    edited = partial((tmp_path / "emulator" / "new.py").write_text, "NEW = True")
    assert not await restored(tmp_path, host)
    assert await restored(tmp_path, host, meanwhile=edited)
    assert not await restored(tmp_path, host)


async def restored(folder: Path, host: str, meanwhile: Callable[[], object] = lambda: None) -> bool:
    """Run the emulator of a folder once; whether its world was one of an earlier run."""
    command = (sys.executable, "-m", "emulator", "--config", "emulator.json", "--state", "portals")
    running = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=SPEAKS_AT_ONCE, stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout
    try:
        while not (line := await running.stdout.readline()).startswith(b"auth server"):
            assert line, "the emulator ended"
        async with aiohttp.ClientSession() as session, session.get(f"http://{host}/_control/state") as answer:
            found = (await answer.json())["restored"]
        meanwhile()
    finally:
        running.terminate()
        await running.communicate()
    return bool(found)
