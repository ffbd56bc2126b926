"""The switches of the emulator's control door, as codes, and who proves each of them.

A code is what the door is told: `faults busy`, `forge event_wrong_token`, `uninstall clean=1`, `rename`. Every one has
a story that carries its mark and throws the switch, and stands in docs/what-goes-wrong.md; `test_faults_all.py` looks
after both. A new action of the door is a switch (`LIFE`) or a tool (`TOOLS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pytest

from emulator.attacks import kinds
from emulator.model.differences import DIFFERENCES, PROFILES, TABLE
from emulator.model.faults import Break, EventFaults, Faults
from tests.world import World

LIFE = frozenset(
    {
        "access",
        "event",
        "expire",
        "payment",
        "plan",
        "race",
        "rename",
        "revoke",
        "uninstall clean=0",
        "uninstall clean=1",
        "update",
        "user active",
        "user admin",
        "user crm_access",
    }
)
TOOLS: Mapping[str, str] = {
    "app": "puts an app into the catalogue",
    "calendar": "an employee's absence: the app reads none yet",
    "clock": "moves the world's clock",
    "connector": "a channel in the contact centre: the app brings none yet",
    "deliver": "sends what is queued",
    "differences": "each of its names is a switch of its own",
    "faults": "each of its kinds is a switch of its own",
    "finish": "the usual end of an installation",
    "forge": "each of its kinds is a switch of its own",
    "grow": "more records",
    "hire": "somebody joins: the app is not told of employees yet",
    "install": "how every story begins",
    "kinds": "lists what the door takes",
    "open": "makes the form of an opening",
    "place": "puts a robot or trigger on a stage: the app has none yet",
    "reset": "empties counters",
    "robot": "posts a robot's call: the app has no robots yet; forged ones are attacks",
    "run": "runs a robot: the app has none yet",
    "runs": "lists robots at work",
    "seen": "an employee goes online or offline: the app reads it not yet",
    "webhook": "makes an incoming webhook, which the app does not use",
    "workday": "an employee's working day: the app reads it not yet",
}
_GROUPS = {"requests", "events", "random"}  # of `Faults`: their contents are the switches

PROVEN: set[str] = set()
THROWN: set[str] = set()  # in the running test


def every_switch() -> set[str]:
    """All codes there are."""
    requests = {f"faults {kind}" for kind in Break}
    events = {f"faults events.{one.name}" for one in fields(EventFaults)}
    others = {f"faults {one.name}" for one in fields(Faults) if one.name not in _GROUPS}
    return requests | events | others | {f"forge {kind}" for kind in kinds()} | LIFE


def every_difference() -> set[str]:
    """All codes of known differences: `differences time_absent`, `differences operating=zero`, `differences
    profile=old_box`."""
    words = {f"{one.name}={word}" for one in TABLE for word in one.words}
    plain = {one.name for one in TABLE if not one.words}
    return {f"differences {one}" for one in (*words, *plain, *(f"profile={name}" for name in PROFILES))}


def proves(*codes: str) -> pytest.MarkDecorator:
    """This story throws these switches, and all is well at its end (`conftest.py` looks whether that is true)."""
    PROVEN.update(codes)
    return pytest.mark.proves(*codes)


async def switch(world: World, action: str, **body: Any) -> Any:
    """Throw a switch from outside, at the door itself; the door's answer. The first portal unless said otherwise."""
    if action == "differences":
        body = {"portal": world.portal.name, **body}
    elif action != "faults":
        body = {"portal": world.portal.name, "app": world.market_app.code, **body}
    url = f"{world.emulator.url(world.emulator.world.auth_host)}/_control/{action}"
    async with world.http.post(url, json=body) as answer:
        told = await answer.json()
    assert answer.status == 200, told
    THROWN.update(_codes(action, body))
    return told


def _codes(action: str, body: Mapping[str, Any]) -> set[str]:
    match action:
        case "faults":
            return {f"faults {name}" for name in body} | {f"faults events.{name}" for name in body.get("events", {})}
        case "differences":
            return {_difference(name, value) for name, value in body.items() if name != "portal" and value}
        case "forge":
            return {f"forge {body['kind']}"}
        case "uninstall":
            return {f"uninstall clean={int(body['clean'])}"}
        case "user":
            return {f"user {name}" for name in body}
    return {action}


def _difference(name: str, value: Any) -> str:
    worded = name == "profile" or DIFFERENCES[name].words
    return f"differences {name}={value}" if worded else f"differences {name}"
