"""An app's own card in the timeline: api-reference/crm/timeline/activities/configurable/*."""

from copy import deepcopy
from typing import Any

import pytest

from emulator.crm.entities import Entity
from tests.emulator.aid import Caller, Listener

BUTTON = {
    "title": "Yes",
    "type": "primary",
    "action": {"type": "restEvent", "id": "yes", "actionParams": {"case": 991}},
}
LAYOUT: dict[str, Any] = {
    "icon": {"code": "attention"},
    "header": {"title": {"ru": "Проверка", "en": "Check"}, "tags": {"s": {"title": "waiting", "type": "warning"}}},
    "body": {
        "logo": {"code": "list-check"},
        "blocks": {
            "who": {
                "type": "withTitle",
                "properties": {"title": "Person", "block": {"type": "text", "properties": {"value": "Anna"}}},
            },
        },
    },
    "footer": {"buttons": {"yes": BUTTON}, "menu": {"showDeleteItem": False}},
}


@pytest.fixture
async def card(caller: Caller) -> Caller:
    caller.portal.crm.add(Entity.COMPANY, {"TITLE": "One"}, None)
    return caller


async def made(card: Caller, **fields: Any) -> int:
    params = {"ownerTypeId": 4, "ownerId": 1, "fields": fields, "layout": LAYOUT}
    answer = await card.call("crm.activity.configurable.add", params)
    return int(answer.result["activity"]["id"])


async def test_a_card_is_read_back(card: Caller) -> None:
    """crm-activity-configurable-get.md."""
    number = await made(
        card, deadline="2025-02-01T01:00:00+03:00", originatorId="our-app", originId="verify:1", completed="N"
    )
    read = (await card.call("crm.activity.configurable.get", {"id": number})).result["activity"]
    assert (read["ownerTypeId"], read["ownerId"], read["layout"]) == (4, 1, LAYOUT)
    assert read["fields"] == {
        "typeId": "CONFIGURABLE",
        "completed": False,
        "deadline": "2025-02-01T01:00:00+03:00",
        "pingOffsets": [],
        "isIncomingChannel": False,
        "responsibleId": 1,
        "badgeCode": "",
        "originatorId": "our-app",
        "originId": "verify:1",
    }
    filter_ = {"PROVIDER_ID": "CONFIGURABLE_REST_APP", "ORIGINATOR_ID": "our-app", "ORIGIN_ID": "verify:1"}
    found = await card.call("crm.activity.list", {"filter": filter_, "select": ["ID", "SUBJECT"]})
    assert found.result == [{"ID": str(number), "SUBJECT": "Проверка"}]


async def test_parts_are_updated_alone(card: Caller) -> None:
    number = await made(card, originId="x")
    assert (
        await card.call("crm.activity.configurable.update", {"id": number, "fields": {"completed": True}})
    ).status == 200
    layout = deepcopy(LAYOUT)
    del layout["footer"]
    assert (await card.call("crm.activity.configurable.update", {"id": number, "layout": layout})).status == 200
    read = (await card.call("crm.activity.configurable.get", {"id": number})).result["activity"]
    assert (read["fields"]["completed"], read["fields"]["originId"], "footer" in read["layout"]) == (True, "x", False)
    card.portal.crm.timeline.activities[number].client_id = "another.app"
    answer = await card.call("crm.activity.configurable.update", {"id": number, "fields": {"completed": False}})
    assert answer.refusal == (400, "ERROR_WRONG_APPLICATION")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ((), {}, "ERROR_EMPTY_LAYOUT"),
        (("body", "logo"), None, "FIELD_IS_REQUIRED"),
        (("header", "subtitle"), "x", "FIELD_IS_REDUNDANT"),
        (("header", "tags", "s", "type"), "purple", "ENUM_FIELD"),
        (("header", "tags", "s", "hideIfReadonly"), True, "FIELD_IS_REDUNDANT"),
        (("header", "title"), {"xx": "?"}, "WRONG_LANG"),
        (("footer", "buttons"), {"a": BUTTON, "b": BUTTON, "c": BUTTON}, "TOO_MANY_ITEMS"),
        (("footer", "buttons"), {"a b": BUTTON}, "KEY_CONTAIN_WRONG_SYMBOLS"),
        (("footer", "buttons", "yes", "action"), {"type": "jsEvent", "id": "x"}, "ENUM_FIELD"),
        (("footer", "buttons", "yes", "action"), {"type": "redirect"}, "FIELD_IS_REQUIRED"),
        (("body", "blocks", "who", "properties", "block"), {"type": "largeText"}, "ENUM_FIELD"),
    ],
)
async def test_refused_layouts(card: Caller, path: tuple[str, ...], value: Any, code: str) -> None:
    layout: Any = deepcopy(LAYOUT)
    part = layout
    for key in path[:-1]:
        part = part[key]
    if path:
        part[path[-1]] = value
    params = {"ownerTypeId": 4, "ownerId": 1, "fields": {}, "layout": layout if path else value}
    assert (await card.call("crm.activity.configurable.add", params)).refusal == (400, code)


async def test_a_card_without_content_blocks_says_so(card: Caller) -> None:
    """structure/body.md, "Example Object (without content blocks)"."""
    layout: dict[str, Any] = deepcopy(LAYOUT) | {"body": {"logo": {"code": "call-incoming"}, "blocks": {}}}
    params: dict[str, Any] = {"ownerTypeId": 4, "ownerId": 1, "fields": {}, "layout": layout}
    number = (await card.call("crm.activity.configurable.add", params)).result["activity"]["id"]
    read = (await card.call("crm.activity.configurable.get", {"id": number})).result["activity"]
    assert read["layout"]["body"]["blocks"] == []
    del layout["body"]["blocks"]
    assert (await card.call("crm.activity.configurable.add", params)).refusal == (400, "FIELD_IS_REQUIRED")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"completed": "maybe"}, "WRONG_FIELD_VALUE"),
        ({"badgeCode": "none"}, "WRONG_FIELD_VALUE"),
        ({"typeId": "NOBODYS"}, "WRONG_FIELD_VALUE"),
        ({"isIncomingChannel": "Y", "deadline": "2026-12-01"}, "INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE"),
    ],
)
async def test_refused_fields(card: Caller, fields: dict[str, Any], code: str) -> None:
    params = {"ownerTypeId": 4, "ownerId": 1, "fields": fields, "layout": LAYOUT}
    assert (await card.call("crm.activity.configurable.add", params)).refusal == (400, code)


async def test_a_pressed_button_is_told_to_the_app(card: Caller, listener: Listener) -> None:
    """structure/action.md: flat data, tokens of the person who pressed."""
    params = {"event": "onCrmTimelineItemAction", "handler": f"{listener.url}/events"}
    assert (await card.call("event.bind", params)).result is True
    number = await made(card)
    timeline, second = card.portal.crm.timeline, card.portal.users[2]
    assert timeline.press(number, "yes", (Entity.COMPANY, 1), second) is True
    assert timeline.press(number, "no", (Entity.COMPANY, 1), second) is False
    await card.emulator.world.deliver()
    (told,) = listener.events("ONCRMTIMELINEITEMACTION")
    expected = {"case": "991", "id": "yes", "entityTypeId": "4", "entityId": "1", "activityId": str(number)}
    assert told["data"] == expected
    assert told["auth"]["user_id"] == "2"


async def test_badges(card: Caller) -> None:
    """badges/crm-activity-badge-add.md."""
    badge = {"code": "app_wait", "title": "Check", "value": "Waiting", "type": "warning"}
    assert (await card.call("crm.activity.badge.add", badge)).result == {"badge": badge}
    assert (await card.call("crm.activity.badge.add", badge)).status == 400
    assert (await card.call("crm.activity.badge.list")).result == {"badges": [badge]}
    number = await made(card, badgeCode="app_wait")
    assert (await card.call("crm.activity.badge.delete", {"code": "app_wait"})).refusal == (
        400,
        "ENTITY_WITH_BADGE_EXISTS",
    )
    await card.call("crm.activity.configurable.update", {"id": number, "fields": {"badgeCode": ""}})
    assert (await card.as_user(2).call("crm.activity.badge.delete", {"code": "app_wait"})).refusal == (
        400,
        "ACCESS_DENIED",
    )
    assert (await card.call("crm.activity.badge.delete", {"code": "app_wait"})).result is True
    assert (await card.call("crm.activity.badge.get", {"code": "app_wait"})).refusal == (400, "NOT_FOUND")
