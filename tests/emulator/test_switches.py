"""The control page: every switch of the door and every fault is a button that says what it does."""

from dataclasses import fields
from typing import Any

import pytest

from emulator import attacks
from emulator.face.control import ACTIONS
from emulator.face.pages.switches import PROGRAMS, Switch, shelves
from emulator.face.pages.words import WORDS
from emulator.model.faults import Break, EventFaults
from emulator.model.installs import finish, install
from emulator.model.people import CrmAccess
from emulator.model.plans import PLANS
from tests.emulator.aid import Caller, Listener, asked

SWITCHES: list[Switch] = [one for shelf in shelves() for one in shelf.switches]


def bodies(action: str) -> list[dict[str, Any]]:
    return [one.body for one in SWITCHES if one.action == action]


def test_every_switch_and_every_fault_has_a_button() -> None:
    assert {one.action for one in SWITCHES} | set(PROGRAMS) | {"state"} == {*ACTIONS, "state"}
    assert not {one.action for one in SWITCHES} & set(PROGRAMS)
    assert {body["kind"] for body in bodies("faults") if "kind" in body} == set(Break)
    changed = {name for body in bodies("faults") for name in body.get("events", {})}
    assert changed == {one.name for one in fields(EventFaults)}
    assert [body["kind"] for body in bodies("forge")] == attacks.kinds()
    assert {body["plan"] for body in bodies("plan")} == set(PLANS)
    assert {body["crm_access"] for body in bodies("user") if "crm_access" in body} == set(CrmAccess)


def test_every_button_speaks_both_languages() -> None:
    heads = [f"sw_{one.word}{end}" for one in shelves() for end in ("", "_note")]
    keys = [*(f"sw_{one.word}" for one in SWITCHES), *heads]
    assert [key for key in keys if key not in WORDS] == []
    texts = [WORDS[key] for key in keys]
    assert [pair for pair in texts if not all(pair) or pair[0] == pair[1]] == []
    assert len({ru for ru, _ in texts}) == len({en for _, en in texts}) == len(texts)
    assert [en for _, en in texts if "_" in en] == []


@pytest.mark.parametrize("number", range(len(SWITCHES)), ids=[one.word for one in SWITCHES])
async def test_every_button_does_something(caller: Caller, listener: Listener, number: int) -> None:
    """Pressed as the page presses it, with the choices at its top."""
    one, world = SWITCHES[number], caller.emulator.world
    app, portal = caller.installation.app, caller.portal
    second = caller.emulator.portal("second")
    finish(install(second, app, second.admin()), second.admin())
    caller.installation.former_tokens.append("former")
    now = world.now().isoformat()
    given: dict[str, dict[str, Any]] = {
        "portal": {"portal": portal.name}, "app": {"app": app.code}, "user": {"user": 2}, "method": {"method": ""},
        "times": {"times": 1}, "cost": {"operating_cost": {"crm.item.list": 100}}, "host": {"host": "127.0.0.2:0"},
        "week": {"from": now, "to": now}, "other": {"other_portal": "second"}, "market": {"app": app.code},
    }  # fmt: skip
    body = dict(one.body)
    for need in one.needs:
        body |= {"url": f"{listener.url}/app"} if need.startswith("url:") else given[need]
    if one.word == "install":
        await press(caller, "uninstall", {"portal": portal.name, "app": app.code})
    if one.word == "attack_event_replayed":
        portal.raise_event("ONCRMLEADADD", {"FIELDS": {"ID": "1"}}, None)
        await caller.call("event.bind", {"event": "ONCRMLEADADD", "handler": f"{listener.url}/app"})
        await caller.call("crm.lead.add", {"fields": {"TITLE": "A"}})
        await world.deliver()
    if one.word in ("day_pause", "day_close"):
        portal.presence.open_day(portal.users[2])
    answer = await press(caller, one.action, body)
    assert answer == 200


async def press(caller: Caller, action: str, body: dict[str, Any]) -> int:
    url = f"{caller.portal.url}/_control/{action}"
    answer = await asked(caller.session, "POST", url, json=body)
    assert answer.status == 200, answer.text
    return answer.status
