"""Every event an app may bind: its documented example, and what happens in the portal that sends it.

The examples are in `../payloads.json`; that each arrives in its form is checked there. Here the event is *caused* and
its body compared with the example.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.event_names import catalogue
from emulator.model.events import EventBinding
from emulator.model.installs import finish, next_version, pay, uninstall, update
from emulator.model.people import hire
from emulator.run import Emulator
from tests.emulator.aid import Caller, Listener, listening
from tests.emulator.documented.ground import Ground
from tests.emulator.documented.test_methods import SCOPES
from tests.emulator.test_payloads_core import PAYLOADS, change

ScanTrigger = Callable[[Caller], Awaitable[object]]
EXAMPLES: dict[str, Any] = {}
for _name in filter(re.compile(r"event\.[\w.]+[A-Za-z]$").match, PAYLOADS):
    EXAMPLES.setdefault(PAYLOADS[_name]["body"]["event"].upper(), PAYLOADS[_name])
WITHOUT = {
    "ONSUBSCRIPTIONRENEW": "no page; known from the portal's source",
    "ONAPPTEST": "test-handler.md shows the call only",
    "ONCRMTIMELINEITEMACTION": "action.md names the keys, shows no body",
    **{name: "outdated; its pages show no body" for name in catalogue() if name.startswith("ONCRMINVOICE")},
}
"""Events whose pages show no example."""
ELSEWHERE = (
    *("CATALOG.", "ONIMCONNECTOR", "ONOPENLINE", "ONSESSION", "ONCRMQUOTE", "ONCRMINVOICE", "ONCRMTYPE"),
    *("ONCRMDYNAMICITEM", "ONCRMCURRENCY", "ONCRMBANKDETAIL", "ONCRMDOCUMENTGENERATOR", "ONCRMDEALRECURRING"),
    *("ONCRMREQUISITEUSERFIELD", "ONCALENDARSECTION", "ONCALENDARENTRYUPDATE"),
)
NEVER = {name for name in catalogue() if name.startswith(ELSEWHERE)}
NEVER |= {"ONAPPMETHODCONFIRM", "ONSUBSCRIPTIONRENEW"}
"""May be bound, but the portal has nothing of the kind: only the control door raises them."""


async def card(caller: Caller) -> None:
    """A company with a requisite and its address, an activity, a comment; all gone again."""
    company = (await caller.call("crm.company.add", {"fields": {"TITLE": "A"}})).result
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1, "NAME": "Main"}
    requisite = (await caller.call("crm.requisite.add", {"fields": fields})).result
    await caller.call("crm.requisite.update", {"id": requisite, "fields": {"RQ_INN": "7717586110"}})
    address = {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": requisite}
    await caller.call("crm.address.add", {"fields": address | {"CITY": "Moscow"}})
    await caller.call("crm.address.delete", {"fields": address})
    await caller.call("crm.requisite.delete", {"id": requisite})
    todo = {"ownerTypeId": 4, "ownerId": company, "deadline": "2026-12-01T15:00:00"}
    activity = (await caller.call("crm.activity.todo.add", todo)).result["id"]
    caller.portal.crm.timeline.touch_activity(activity, caller.user, completed=True)
    await caller.call("crm.activity.delete", {"id": activity})
    words = {"ENTITY_TYPE": "company", "ENTITY_ID": company, "COMMENT": "A"}
    comment = (await caller.call("crm.timeline.comment.add", {"fields": words})).result
    await caller.call("crm.timeline.comment.update", {"id": comment, "fields": {"COMMENT": "B"}})
    await caller.call("crm.timeline.comment.delete", {"id": comment})


async def records(caller: Caller) -> None:
    """One record of each kind, its user field too, from beginning to end."""
    for entity in Entity:
        await change(caller, entity)


async def pipeline(caller: Caller) -> None:
    ground = Ground(caller.installation)
    ground.category(2)
    ground.record(Entity.DEAL, 1)
    await caller.call("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"categoryId": 2}})


async def people(caller: Caller) -> None:
    """Somebody is hired; their calendar gets an entry and loses it."""
    user = hire(caller.portal, caller.user, name="Klaus", last_name="Weber", email="k@example.com", departments=[1])
    now = caller.emulator.world.now()
    entry = caller.portal.presence.plan(user, "Holiday", now, now)
    caller.portal.presence.cancel(entry, user)


async def offline(caller: Caller) -> None:
    caller.installation.bindings.append(EventBinding(9, "ONCRMLEADADD", ""))
    await caller.call("crm.lead.add", {"fields": {"TITLE": "A"}})


async def life(caller: Caller) -> None:
    """A paid period, another version, the end. What update drops is bound anew in `bound`."""
    pay(caller.installation, expired=False, days=28)


CAUSES: dict[str, ScanTrigger] = {
    **{name: card for name in catalogue() if name.startswith(("ONCRMREQUISITE", "ONCRMADDRESS", "ONCRMACTIVITY"))},
    **{name: card for name in catalogue() if name.startswith("ONCRMTIMELINECOMMENT")},
    **{name: records for name in catalogue() if name.startswith(tuple(f"ONCRM{one.upper()}" for one in Entity))},
    **dict.fromkeys(("ONUSERADD", "ONCALENDARENTRYADD", "ONCALENDARENTRYDELETE"), people),
    "ONCRMDEALMOVETOCATEGORY": pipeline,
    "ONOFFLINEEVENT": offline,
    "ONAPPPAYMENT": life,
}
APP_LIFE = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL")
PRESSED = ("ONAPPTEST", "ONCRMTIMELINEITEMACTION")


def test_no_event_is_left_out() -> None:
    assert {name for name in catalogue() if name not in EXAMPLES} == set(WITHOUT)
    caused = {name for name in CAUSES if name not in NEVER}
    assert caused | NEVER | {*APP_LIFE, *PRESSED} == set(catalogue())


@pytest.mark.parametrize("name", [name for name in CAUSES if name not in NEVER])
async def test_what_happens_sends_the_documented_event(running: Emulator, caller: Caller, name: str) -> None:
    async with listening() as listener:
        bind(caller, listener, name)
        await CAUSES[name](caller)
        await running.world.deliver()
    sent, documented = listener.events(name)[0], EXAMPLES[name]["body"]
    assert keys(sent.get("data", [])) == keys(documented["data"]), EXAMPLES[name]["page"]
    assert {"event", "ts", "auth"} <= set(sent)
    usual = {"expires", "user_id", "refresh_token", "application_token"}
    assert set(sent["auth"]) - usual == {fixed(key) for key in documented["auth"]} - usual, EXAMPLES[name]["page"]


@pytest.mark.parametrize("name", APP_LIFE)
async def test_the_apps_own_life(running: Emulator, caller: Caller, name: str) -> None:
    async with listening() as listener:
        caller.installation.installed = name != "ONAPPINSTALL"
        bind(caller, listener, name)
        if name == "ONAPPINSTALL":
            finish(caller.installation, caller.user)
        elif name == "ONAPPUPDATE":
            update(caller.installation, next_version(caller.installation.app), caller.user)
        else:
            uninstall(caller.installation, caller.user, clean=True)
        await running.world.deliver()
    (sent,) = listener.events(name)
    assert keys(sent["data"]) == keys(EXAMPLES[name]["body"]["data"])


def bind(caller: Caller, listener: Listener, name: str) -> None:
    caller.installation.scope = frozenset({*SCOPES.split(), "catalog", "imopenlines"})
    caller.installation.bindings.append(EventBinding(735, name, f"{listener.url}/events"))


def fixed(key: str) -> str:
    return "server_endpoint" if key == "server_andpoint" else key  # a slip of the pen in one example


def keys(value: Any) -> Any:
    """Keys all the way down."""
    if isinstance(value, dict):
        return {key: keys(one) for key, one in value.items()}
    return [keys(one) for one in value[:1]] if isinstance(value, list) else ""
