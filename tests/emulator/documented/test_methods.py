"""Every documented example of every method the emulator serves: answers, refusals, and that none is left out.

`methods.json`, by method: its page; `asks`, the parameters of the page's examples (long texts and files shortened);
`answers`, the examples' shapes (`shapes`); `refusals`, the errors shown, with `by`: how each is provoked: other
`params`, another caller (`as`: webhook, employee, nobody = no rights in the CRM), a smaller `scope`, `absent` = the
thing asked for is not there.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator.model.people import CrmAccess
from emulator.model.portal import Webhook
from emulator.rest.registry import load
from tests.emulator.aid import Answer, Caller, asked
from tests.emulator.documented.ground import Ground
from tests.emulator.documented.shapes import differences
from tests.emulator.documented.things import prepare

CORPUS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "methods.json").read_text("utf-8"))
SCOPES = "crm placement user im bizproc department calendar timeman userfieldconfig pull contact_center"
ASKS = [(method, number) for method, row in CORPUS.items() for number in range(len(row["asks"]))]
REFUSALS = [(method, number) for method, row in CORPUS.items() for number in range(len(row["refusals"]))]

USER = (
    *("XML_ID", "SECOND_NAME", "TIME_ZONE", "TIMESTAMP_X", "PERSONAL_WWW", "PERSONAL_MOBILE", "PERSONAL_PHONE"),
    *("PERSONAL_CITY", "WORK_PHONE", "USER_TYPE"),
)
_SMART = "there are no smart processes on this portal"
INSTEAD: dict[tuple[str, int], tuple[dict[str, Any], str]] = {
    ("crm.activity.configurable.update", 0): (
        {"fields": {"completed": False, "pingOffsets": [300], "isIncomingChannel": "Y", "responsibleId": 5}},
        "the example has a deadline and an incoming channel, which the page's own table of codes forbids",
    ),
    ("crm.address.delete", 0): ({"fields": {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": 1}}, "old address mode"),
    ("crm.address.update", 0): (
        {"fields": {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": 1, "CITY": "Text"}},
        "addresses of contacts are for portals in the old address mode",
    ),
    ("crm.address.list", 0): ({"limit": None}, "the page's own table of parameters has no limit"),
    ("crm.contact.userfield.update", 1): ({"id": 537}, "the example forgets the id it needs"),
    ("crm.item.add", 1): ({"entityTypeId": 2}, _SMART),
    ("crm.item.delete", 0): ({"entityTypeId": 2}, _SMART),
    ("crm.item.fields", 0): ({"entityTypeId": 1}, _SMART),
    ("crm.item.details.configuration.get", 1): ({"entityTypeId": 2, "extras": {"dealCategoryId": 9}}, _SMART),
    ("crm.item.list", 1): (
        {"select": CORPUS["crm.item.list"]["asks"][0]["select"], "entityTypeId": 1},
        "the answer shown is that of the page's first example",
    ),
    ("crm.requisite.list", 1): ({"select": ["ID"]}, "requisites have no user fields here"),
    ("crm.stagehistory.list", 0): ({"select": None}, "the answer shown has more than the example selects"),
    ("crm.stagehistory.list", 1): ({"select": None, "entityTypeId": 2}, _SMART),
    ("timeman.settings", 0): ({"USER_ID": 1}, "the example shows ADMIN, which is for whoever asks about themselves"),
    ("userfieldconfig.add", 0): (
        {
            "field": {
                "entityId": "CRM_DEAL",
                "fieldName": "UF_CRM_DEAL_TONE",
                "userTypeId": "enumeration",
                "multiple": "Y",
            }
        },
        _SMART,
    ),
}
"""Where the page's example cannot be had here as it is: other parameters (None = left out), and why."""
LENIENT: dict[str, tuple[tuple[str, ...], str]] = {
    "crm.contact.get": (("FACE_ID", "ADDRESS_COUNTRY_CODE"), "crm-contact-fields.md knows the second, not the first"),
    "im.user.get": (("work_phone", "inner_phone"), "only the phones a person has"),
    "placement.get": (("id",), "named by contact-center.md"),
    **dict.fromkeys(("user.get", "user.current", "user.search"), (USER, "listed by user-scope.md")),
}
"""Keys that the example shows and another page does not, or the other way round."""
TRANSLATED = frozenset({"ERROR_WRONG_CONTEXT"})
"""Codes whose text the pages put in several ways."""
_TEMPLATE = "the example is the template's: the page's table of codes has no such error"
_WEBHOOKS = "the portal's own source says otherwise: docs/decisions/0006-what-portals-answer.md"
UNPROVOKED: dict[tuple[str, str], str] = {
    ("app.info", "Access denied! Application context required"): _WEBHOOKS,
    ("app.option.get", "Application context required"): _WEBHOOKS,
    ("user.option.get", "Application context required"): _WEBHOOKS,
    ("crm.activity.badge.add", "Not found."): _TEMPLATE,
    ("crm.activity.badge.list", "Not found."): _TEMPLATE,
    ("crm.activity.todo.add", "Not found."): "the page's OWNER_NOT_FOUND stands for a missing record",
    ("crm.activity.type.add", "Not found."): _TEMPLATE,
    ("crm.activity.type.delete", "Not found."): _TEMPLATE,
    ("crm.activity.type.list", "Not found."): _TEMPLATE,
    ("crm.address.list", "error"): _TEMPLATE,
    ("crm.deal.get", "Parameter 'fields' must be array."): "the method has no fields",
    ("crm.item.get", "Element not found"): "the page's table says Item not found",
    ("crm.stagehistory.list", "SHIPMENT_DOCUMENT entity is not supported"): "about a type this portal has not",
    ("crm.status.list", "Incorrect parameters passed."): "the page does not say which parameters are",
    ("crm.timeline.bindings.fields", "error"): _TEMPLATE,
    ("crm.timeline.icon.list", "Could not find value"): _TEMPLATE,
    ("crm.timeline.logo.list", "Could not find value"): _TEMPLATE,
    ("crm.timeline.comment.add", "Not found."): "the page's OWNER_NOT_FOUND stands for a missing record",
}
"""Documented refusals that this portal does not come to give, and why."""


def named(cases: list[tuple[str, int]]) -> list[str]:
    return [f"{method}-{number}" for method, number in cases]


@pytest.mark.parametrize(("method", "number"), ASKS, ids=named(ASKS))
async def test_the_documented_answer(caller: Caller, method: str, number: int) -> None:
    row = CORPUS[method]
    params = asks(method, number)
    prepared(caller, method, params)
    answer = await caller.call(method, params)
    assert answer.status == 200, answer.text
    found = min((list(unlike(answer, shape, LENIENT.get(method, ((), ""))[0])) for shape in row["answers"]), key=len)
    assert found == [], row["page"]


@pytest.mark.parametrize(("method", "number"), REFUSALS, ids=named(REFUSALS))
async def test_the_documented_refusal(
    caller: Caller, method: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = CORPUS[method]
    refusal = row["refusals"][number]
    if (method, refusal["text"]) in UNPROVOKED:
        return
    by = refusal["by"]
    usual = asks(method, 0)
    if not by.get("absent"):
        prepared(caller, method, usual)
    caller.installation.scope = frozenset(by.get("scope", SCOPES.split()))
    params = by.get("params", usual)
    if by.get("twice"):
        await caller.call(method, params)
    if by.get("as") == "http":
        world = caller.emulator.world
        monkeypatch.setattr(world, "config", replace(world.config, webhooks_over_http=False))
    answer = await spoken(caller, by.get("as", "admin"), method, params)
    assert (answer.status, answer.body.get("error")) == (refusal["status"], refusal["error"]), row["page"]
    if refusal["error"] not in TRANSLATED:
        assert plain(answer.body["error_description"]) == plain(refusal["text"]), row["page"]
    assert set(refusal.get("beside", ())) <= set(answer.body)


def test_no_served_method_is_left_out() -> None:
    served = {method.name: method.page for method in load().values()}
    assert {name: row["page"] for name, row in CORPUS.items()} == served
    assert [name for name, row in CORPUS.items() if not row["asks"] or not row["answers"]] == []
    named_refusals = {(method, row["text"]) for method, rows in CORPUS.items() for row in rows["refusals"]}
    assert set(UNPROVOKED) <= named_refusals
    assert set(INSTEAD) <= set(ASKS)


def asks(method: str, number: int) -> dict[str, Any]:
    """The parameters of an example, as this portal can take them."""
    params = CORPUS[method]["asks"][number] | INSTEAD.get((method, number), ({}, ""))[0]
    return {name: value for name, value in params.items() if value is not None}


def prepared(caller: Caller, method: str, params: dict[str, Any]) -> None:
    caller.installation.scope = frozenset(SCOPES.split())
    prepare(Ground(caller.installation), method, params)


def plain(text: str) -> str:
    return text.rstrip(".").casefold()


def unlike(answer: Answer, shape: dict[str, Any], lenient: tuple[str, ...]) -> Iterator[str]:
    """What of the result and its envelope is not as documented."""
    for one in differences(answer.body["result"], shape["result"]):
        if not one.split(":")[0].endswith(tuple(f".{key}" for key in lenient)):
            yield one
    if "total" in shape and "total" not in answer.body:
        yield "total: missing"
    yield from (f"time.{key}: missing" for key in set(shape.get("time", ())) - set(answer.body["time"]))


async def spoken(caller: Caller, who: str, method: str, params: dict[str, Any]) -> Answer:
    """The same call by somebody else."""
    if who in ("webhook", "http"):
        hook = Webhook(caller.user.id, "secret", caller.installation.scope)
        caller.portal.webhooks[hook.user_id, hook.secret] = hook
        url = f"{caller.portal.url}/rest/{hook.user_id}/{hook.secret}/{method}"
        return await asked(caller.session, "POST", url, json=params)
    if who == "admin":
        return await caller.call(method, params)
    worker = caller.portal.users[2]
    worker.crm_access = CrmAccess.NONE if who == "nobody" else CrmAccess.ALL
    return await replace(caller, user=worker).call(method, params)
