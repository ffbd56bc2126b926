"""Comments, log records, to-dos: api-reference/crm/timeline/*."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from tests.emulator.aid import Caller, Listener

COMMENT: dict[str, Any] = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "New comment was added"}


@pytest.fixture
async def deal(caller: Caller) -> Caller:
    """Deal 1, the second user's."""
    caller.portal.crm.add(Entity.DEAL, {"TITLE": "Deal", "ASSIGNED_BY_ID": 2}, None)
    return caller


async def test_a_comment(deal: Caller) -> None:
    """comments/crm-timeline-comment-add.md, -get.md, -list.md, -update.md, -delete.md."""
    files = [["1.gif", "R0lGODlhAQABAIAAAP"]]
    number = (await deal.call("crm.timeline.comment.add", {"fields": {**COMMENT, "FILES": files}})).result
    read = (await deal.call("crm.timeline.comment.get", {"id": number})).result
    assert (read["ID"], read["ENTITY_ID"], read["ENTITY_TYPE"], read["AUTHOR_ID"]) == (str(number), "1", "deal", "1")
    assert read["COMMENT"] == "New comment was added"
    assert read["FILES"]["1"]["name"] == "1.gif"
    params = {"filter": {"ENTITY_ID": 1, "ENTITY_TYPE": "deal"}, "select": ["ID", "COMMENT"]}
    answer = await deal.call("crm.timeline.comment.list", params)
    assert answer.result == [{"ID": str(number), "COMMENT": "New comment was added"}]
    assert answer.body["total"] == 1
    update = {"id": number, "fields": {"COMMENT": "Changed"}}
    assert (await deal.call("crm.timeline.comment.update", update)).result == number
    assert (await deal.as_user(2).call("crm.timeline.comment.update", update)).refusal == (400, "ACCESS_DENIED")
    assert (await deal.as_user(2).call("crm.timeline.comment.delete", {"id": number})).refusal == (400, "ACCESS_DENIED")
    gone = await deal.call("crm.timeline.comment.delete", {"id": number})
    assert gone.status == 200
    assert gone.body["result"] is None
    assert (await deal.call("crm.timeline.comment.delete", {"id": number})).refusal == (400, "NOT_FOUND")


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"fields": {**COMMENT, "ENTITY_ID": 9}}, (400, "OWNER_NOT_FOUND")),
        ({"fields": {**COMMENT, "ENTITY_TYPE": "dynamic_1046"}}, (400, "OWNER_NOT_FOUND")),
        ({"fields": {**COMMENT, "COMMENT": " "}}, (400, "INVALID_ARG_VALUE")),
        ({}, (400, "100")),
        ({"FIELDS": COMMENT}, (400, "100")),
    ],
)
async def test_refused_comments(deal: Caller, params: dict[str, Any], refusal: tuple[int, object]) -> None:
    assert (await deal.call("crm.timeline.comment.add", params)).refusal == refusal


async def test_a_comment_of_two_records_wants_the_owner(deal: Caller) -> None:
    number = (await deal.call("crm.timeline.comment.add", {"fields": COMMENT})).result
    company = deal.portal.crm.add(Entity.COMPANY, {"TITLE": "A"}, None)
    deal.portal.crm.timeline.comments[number].owners.append((Entity.COMPANY, company))
    assert (await deal.call("crm.timeline.comment.delete", {"id": number})).refusal == (400, "MULTIPLE_BINDINGS")
    params = {"id": number, "ownerTypeId": 4, "ownerId": company}
    assert (await deal.call("crm.timeline.comment.delete", params)).status == 200


async def test_log_records(deal: Caller) -> None:
    """logmessage/crm-timeline-logmessage-add.md, -list.md, -delete.md."""
    fields = {"entityTypeId": 2, "entityId": 1, "title": "Test title", "text": "Test note", "iconCode": "info"}
    made = (await deal.call("crm.timeline.logmessage.add", {"fields": fields})).result["logMessage"]
    assert (made["title"], made["text"], made["iconCode"], made["authorId"]) == ("Test title", "Test note", "info", 1)
    for _ in range(11):
        await deal.call("crm.timeline.logmessage.add", {"fields": fields})
    page = await deal.call("crm.timeline.logmessage.list", {"entityTypeId": 2, "entityId": 1})
    assert (len(page.result), page.body["total"], page.body["next"]) == (10, 12, 10)
    assert page.result[0]["id"] > page.result[1]["id"]
    one = (await deal.call("crm.timeline.logmessage.get", {"id": made["id"]})).result
    assert one == {"logMessage": made}
    deal.portal.crm.timeline.logs[made["id"]].client_id = "another.app"
    answer = await deal.call("crm.timeline.logmessage.delete", {"id": made["id"]})
    assert answer.refusal == (400, "REMOVING_DISABLED")
    assert (await deal.call("crm.timeline.logmessage.delete", {"id": page.result[0]["id"]})).result is True
    lacking = await deal.call("crm.timeline.logmessage.add", {"fields": {**fields, "iconCode": ""}})
    assert lacking.refusal == (400, "100")
    second = deal.as_user(2)
    second.user.crm_access = CrmAccess.NONE
    assert (await second.call("crm.timeline.logmessage.add", {"fields": fields})).refusal == (400, "ACCESS_DENIED")


async def test_a_todo(deal: Caller) -> None:
    """activities/todo/crm-activity-todo-add.md, activity-base/crm-activity-list.md."""
    params = {"ownerTypeId": 2, "ownerId": 1, "deadline": "2026-12-01T15:00:00", "title": "Call", "responsibleId": 2}
    number = (await deal.call("crm.activity.todo.add", params)).result["id"]
    read = (await deal.call("crm.activity.get", {"id": number})).result
    assert (read["OWNER_ID"], read["OWNER_TYPE_ID"], read["PROVIDER_ID"]) == ("1", "2", "CRM_TODO")
    assert (read["SUBJECT"], read["COMPLETED"], read["RESPONSIBLE_ID"]) == ("Call", "N", "2")
    assert read["DEADLINE"] == "2026-12-01T15:00:00+03:00"
    found = await deal.call("crm.activity.list", {"filter": {"OWNER_ID": 1, "COMPLETED": "N"}, "select": ["ID"]})
    assert found.result == [{"ID": str(number)}]
    bound = await deal.call("crm.activity.list", {"filter": {"BINDINGS": [{"OWNER_TYPE_ID": 2, "OWNER_ID": 1}]}})
    assert bound.body["total"] == 1
    missing = await deal.call("crm.activity.get", {"id": 99})
    assert (missing.refusal, missing.body["error_description"]) == ((400, ""), "Activity is not found.")


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"ownerId": 9}, "OWNER_NOT_FOUND"), ({"deadline": "soon"}, "WRONG_DATETIME_FORMAT"), ({"deadline": None}, "100")],
)
async def test_refused_todos(deal: Caller, changed: dict[str, object], code: object) -> None:
    params: dict[str, object] = {"ownerTypeId": 2, "ownerId": 1, "deadline": "2026-12-01T15:00:00"}
    assert (await deal.call("crm.activity.todo.add", params | changed)).refusal == (400, code)


async def test_events(deal: Caller, listener: Listener) -> None:
    """comments/events/*, activities/events/*."""
    names = ["ONCRMTIMELINECOMMENTADD", "ONCRMTIMELINECOMMENTUPDATE", "ONCRMTIMELINECOMMENTDELETE", "ONCRMACTIVITYADD"]
    for name in names:
        assert (await deal.call("event.bind", {"event": name, "handler": f"{listener.url}/events"})).result is True
    number = (await deal.call("crm.timeline.comment.add", {"fields": COMMENT})).result
    await deal.call("crm.timeline.comment.update", {"id": number, "fields": {"COMMENT": "X"}})
    await deal.call("crm.timeline.comment.delete", {"id": number})
    params = {"ownerTypeId": 2, "ownerId": 1, "deadline": "2026-12-01T15:00:00"}
    todo = (await deal.call("crm.activity.todo.add", params)).result["id"]
    await deal.emulator.world.deliver()
    told = [(one["event"], one["data"].get("FIELDS", one["data"])["ID"]) for one in listener.events()]
    assert told == [*((name, str(number)) for name in names[:3]), ("ONCRMACTIVITYADD", str(todo))]
