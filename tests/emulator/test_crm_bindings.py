"""Kinds of activities, activities in several cards, content blocks: api-reference/crm/timeline/activities/types/*,
activities/binding/*, layout-blocks/*, activities/layout-blocks/*."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.emulator.aid import Caller
from tests.emulator.test_crm_configurable import LAYOUT

BLOCKS = {
    "blocks": {
        "block_1": {
            "type": "text",
            "properties": {"value": "Hello!\nWe are starting.", "multiline": True, "bold": True, "color": "base_90"},
        },
        "block_2": {"type": "largeText", "properties": {"value": "Hello!\nWe are starting.\nGoodbye."}},
        "block_3": {
            "type": "link",
            "properties": {
                "text": "Open Deal",
                "bold": True,
                "action": {"type": "redirect", "uri": "/crm/deal/details/123/"},
            },
        },
        "block_4": {
            "type": "withTitle",
            "properties": {"title": "Title", "block": {"type": "text", "properties": {"value": "Some value"}}},
        },
    }
}
"""The answer of crm-timeline-layout-blocks-get.md."""


@pytest.fixture
async def cards(caller: Caller) -> Caller:
    """Two companies and a deal; activity 1 is a thing to do in company 1."""
    for title in ("One", "Two"):
        caller.portal.crm.add(Entity.COMPANY, {"TITLE": title}, caller.user)
    caller.portal.crm.add(Entity.DEAL, {"TITLE": "Deal"}, caller.user)
    todo = {"ownerTypeId": 4, "ownerId": 1, "deadline": "2026-12-01", "title": "Call"}
    assert (await caller.call("crm.activity.todo.add", todo)).result == {"id": 1}
    return caller


async def bind(cards: Caller, name: str, **params: Any) -> tuple[int, Any]:
    return (await cards.call(f"crm.activity.binding.{name}", {"activityId": 1} | params)).refusal


async def bindings(cards: Caller) -> list[tuple[int, int]]:
    rows = (await cards.call("crm.activity.binding.list", {"activityId": 1})).result
    return [(row["entityTypeId"], row["entityId"]) for row in rows]


async def test_one_activity_in_several_cards(cards: Caller) -> None:
    deal: dict[str, Any] = {"entityTypeId": 2, "entityId": 1}
    assert await bind(cards, "add", **deal) == (200, None)
    assert await bindings(cards) == [(4, 1), (2, 1)]
    assert [row.id for row in cards.portal.crm.timeline.of(Entity.DEAL, 1)] == [1]
    found = await cards.call(
        "crm.activity.list", {"filter": {"BINDINGS": [{"OWNER_TYPE_ID": 2, "OWNER_ID": 1}]}, "select": ["ID"]}
    )
    assert found.result == [{"ID": "1"}]
    assert await bind(cards, "add", **deal) == (400, "ACTIVITY_IS_ALREADY_BOUND")
    assert await bind(cards, "delete", entityTypeId=4, entityId=1) == (200, None)
    assert await bindings(cards) == [(2, 1)]
    assert await bind(cards, "delete", entityTypeId=4, entityId=1) == (400, "BINDING_NOT_FOUND")
    assert await bind(cards, "delete", **deal) == (400, "LAST_BINDING_CANNOT_BE_DELETED")


@pytest.mark.parametrize(
    ("source", "target", "refusal"),
    [
        ((4, 1), (4, 2), (200, None)),
        ((4, 1), (2, 1), (400, "SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR")),
        ((4, 1), (4, 1), (400, "SOURCE_AND_TARGET_ENTITY_ID_ARE_EQUAL_ERROR")),
        ((4, 2), (4, 1), (400, "BINDING_NOT_FOUND")),
        ((4, 1), (4, 9), (400, "OWNER_NOT_FOUND")),
    ],
)
async def test_moving(
    cards: Caller, source: tuple[int, int], target: tuple[int, int], refusal: tuple[int, str | None]
) -> None:
    params = {"sourceEntityTypeId": source[0], "sourceEntityId": source[1]}
    params |= {"targetEntityTypeId": target[0], "targetEntityId": target[1]}
    assert await bind(cards, "move", **params) == refusal
    assert await bindings(cards) == [target if refusal[0] == 200 else (4, 1)]


async def test_bindings_need_rights(cards: Caller) -> None:
    boris = cards.as_user(2)
    boris.user.crm_access = CrmAccess.OWN
    assert await bind(boris, "list") == (400, "ACCESS_DENIED")
    assert await bind(cards, "list", activityId=9) == (400, "NOT_FOUND")
    assert await bind(cards, "add", entityTypeId=2) == (400, "100")


async def test_merging_cards_merges_bindings(cards: Caller) -> None:
    await bind(cards, "add", entityTypeId=4, entityId=2)
    cards.portal.crm.merge(Entity.COMPANY, 1, 2, cards.user)
    assert await bindings(cards) == [(4, 1)]


async def test_kinds_of_activities(cards: Caller) -> None:
    fields = {"TYPE_ID": "1C", "NAME": "1C case", "IS_CONFIGURABLE_TYPE": "Y"}
    card = {"ownerTypeId": 4, "ownerId": 1, "fields": {"typeId": "1C"}, "layout": LAYOUT}
    assert (await cards.call("crm.activity.configurable.add", card)).refusal == (400, "WRONG_FIELD_VALUE")
    assert (await cards.call("crm.activity.type.add", {"fields": fields})).result is True
    assert (await cards.call("crm.activity.type.list")).result == [fields | {"ICON_ID": "0"}]
    made = (await cards.call("crm.activity.configurable.add", card)).result["activity"]["id"]
    read = (await cards.call("crm.activity.configurable.get", {"id": made})).result["activity"]
    assert read["fields"]["typeId"] == "1C"
    again = await cards.call("crm.activity.type.add", {"fields": fields})
    assert (again.refusal, again.body["error_description"]) == (
        (400, "INVALID_ARG_VALUE"),
        "Type is already registered",
    )
    reserved = await cards.call("crm.activity.type.add", {"fields": {"TYPE_ID": "CONFIGURABLE"}})
    assert reserved.refusal == (400, "INVALID_ARG_VALUE")
    assert (await cards.as_user(2).call("crm.activity.type.list")).refusal == (400, "ACCESS_DENIED")
    assert (await cards.call("crm.activity.type.delete", {"TYPE_ID": "1C"})).result is True
    assert (await cards.call("crm.activity.type.delete", {"TYPE_ID": "1C"})).refusal == (400, "INVALID_ARG_VALUE")


@pytest.mark.parametrize("what", ["timeline", "activity"])
async def test_content_blocks(cards: Caller, what: str) -> None:
    comment = {"ENTITY_ID": 1, "ENTITY_TYPE": "company", "COMMENT": "Hello"}
    number = (await cards.call("crm.timeline.comment.add", {"fields": comment})).result if what == "timeline" else 1
    where = {"entityTypeId": 4, "entityId": 1, f"{what}Id": number}

    async def blocks(name: str, **more: Any) -> Any:
        answer = await cards.call(f"crm.{what}.layout.blocks.{name}", where | more)
        return answer.body["result"] if answer.status == 200 else answer.refusal

    assert await blocks("delete") == (400, "NOT_FOUND")
    assert await blocks("set", layout=BLOCKS) == {"success": True}
    assert await blocks("get") == {"layout": BLOCKS}
    assert await blocks("set", layout={"blocks": {}}) == (400, "FIELD_IS_REQUIRED")
    assert await blocks("set", layout=BLOCKS, entityId=2) == (400, "NOT_FOUND")
    assert await blocks("set", layout=BLOCKS, entityId=9) == (400, "OWNER_NOT_FOUND")
    cards.as_user(2).user.crm_access = CrmAccess.READ
    read_only = await cards.as_user(2).call(f"crm.{what}.layout.blocks.set", where | {"layout": BLOCKS})
    assert read_only.refusal == (400, "ACCESS_DENIED")
    assert await blocks("delete") == {"success": True}
    assert await blocks("get") == {"layout": None}


async def test_what_takes_no_blocks(cards: Caller) -> None:
    fields = {"entityTypeId": 4, "entityId": 1, "title": "x", "text": "y", "iconCode": "info"}
    log = (await cards.call("crm.timeline.logmessage.add", {"fields": fields})).result["logMessage"]["id"]
    where = {"entityTypeId": 4, "entityId": 1, "layout": BLOCKS}
    refused = await cards.call("crm.timeline.layout.blocks.set", where | {"timelineId": log})
    assert refused.refusal == (400, "UNSUITABLE_TIMELINE_ITEM")
    card = {"ownerTypeId": 4, "ownerId": 1, "fields": {}, "layout": LAYOUT}
    made = (await cards.call("crm.activity.configurable.add", card)).result["activity"]["id"]
    refused = await cards.call("crm.activity.layout.blocks.set", where | {"activityId": made})
    assert refused.refusal == (400, "UNSUITABLE_ACTIVITY_TYPE_ERROR")
