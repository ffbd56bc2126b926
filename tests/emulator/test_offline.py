"""Offline events: api-reference/events/offline-events.md and the pages of event.offline.*, on-offline-event.md."""

from typing import Any

import pytest

from emulator.crm.entities import Entity
from tests.emulator.aid import Caller, Listener

BIND = {"event": "ONCRMCONTACTUPDATE", "event_type": "offline"}


@pytest.fixture
async def queue(caller: Caller) -> Caller:
    """An app with an offline subscription, on a plan with everything; three contacts."""
    caller.portal.plan = "enterprise"
    for name in ("One", "Two", "Three"):
        caller.portal.crm.add(Entity.CONTACT, {"NAME": name}, None)
    assert (await caller.call("event.bind", BIND)).result is True
    return caller


def touch(queue: Caller, *ids: int) -> None:
    for number in ids:
        queue.portal.crm.update(Entity.CONTACT, number, {"POST": "Head"}, queue.user)


async def got(queue: Caller, **params: Any) -> list[int]:
    answer = (await queue.call("event.offline.get", params)).result
    return [int(row["EVENT_DATA"]["FIELDS"]["ID"]) for row in answer["events"]]


async def test_changes_of_one_record_are_one_row(queue: Caller) -> None:
    touch(queue, 1, 2, 1, 1)
    answer = (await queue.call("event.offline.get")).result
    assert answer["process_id"] is None
    assert [row["EVENT_DATA"] for row in answer["events"]] == [{"FIELDS": {"ID": "2"}}, {"FIELDS": {"ID": "1"}}]
    row = answer["events"][0]
    assert set(row) == {"ID", "TIMESTAMP_X", "EVENT_NAME", "EVENT_DATA", "EVENT_ADDITIONAL", "MESSAGE_ID"}
    assert (row["EVENT_NAME"], row["EVENT_ADDITIONAL"]) == ("ONCRMCONTACTUPDATE", {"user_id": 1})
    assert len(row["MESSAGE_ID"]) == 32
    assert (await queue.call("event.offline.get")).result == {"process_id": None, "events": []}


async def test_a_robots_change_names_nobody(queue: Caller) -> None:
    queue.portal.crm.robot_update(Entity.CONTACT, 1, {"POST": "Head"})
    assert (await queue.call("event.offline.get")).result["events"][0]["EVENT_ADDITIONAL"] is False


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"limit": 2}, [1, 2]),
        ({"order": {"ID": "DESC"}}, [3, 2, 1]),
        ({"filter": {">ID": 1}}, [2, 3]),
        ({"filter": {"EVENT_NAME": "ONCRMDEALADD"}}, []),
    ],
)
async def test_filter_order_limit(queue: Caller, params: dict[str, Any], found: list[int]) -> None:
    touch(queue, 1, 2, 3)
    assert await got(queue, **params) == found


@pytest.mark.parametrize("params", [{"limit": 0}, {"filter": {"APP_ID": 1}}, {"order": {"ERROR": "ASC"}}])
async def test_refused_parameters(queue: Caller, params: dict[str, Any]) -> None:
    assert (await queue.call("event.offline.get", params)).refusal == (400, "ERROR_ARGUMENT")


async def test_a_reserved_batch_is_hidden_until_it_is_cleared(queue: Caller) -> None:
    touch(queue, 1, 2)
    batch = (await queue.call("event.offline.get", {"clear": 0, "limit": 1})).result
    process_id = batch["process_id"]
    assert await got(queue, clear=0) == [2]
    touch(queue, 1)
    assert await got(queue, clear=0) == [1], "a change after the reservation is a row of its own"
    again = (await queue.call("event.offline.get", {"clear": 0, "process_id": process_id})).result
    assert again == batch
    listed = await queue.call("event.offline.list", {"filter": {"PROCESS_ID": process_id}})
    assert (listed.body["total"], listed.result[0]["ERROR"]) == (1, "0")
    assert (await queue.call("event.offline.clear", {"process_id": process_id})).result is True
    assert (await queue.call("event.offline.list")).body["total"] == 2


@pytest.mark.parametrize("by", ["id", "message_id"])
async def test_part_of_a_batch_is_cleared(queue: Caller, by: str) -> None:
    touch(queue, 1, 2)
    batch = (await queue.call("event.offline.get", {"clear": 0})).result
    params = {"process_id": batch["process_id"], by: [batch["events"][0][by.upper()]]}
    assert (await queue.call("event.offline.clear", params)).result is True
    (left,) = (await queue.call("event.offline.list")).result
    assert left["ID"] == batch["events"][1]["ID"]


async def test_failed_rows_are_kept_apart(queue: Caller) -> None:
    touch(queue, 1, 2)
    batch = (await queue.call("event.offline.get", {"clear": 0})).result
    failed = {"process_id": batch["process_id"], "message_id": [batch["events"][0]["MESSAGE_ID"]]}
    assert (await queue.call("event.offline.error", failed)).result is True
    rows = (await queue.call("event.offline.list")).result
    assert [(row["PROCESS_ID"] == "", row["ERROR"]) for row in rows] == [(True, "1"), (False, "0")]
    assert await got(queue) == []
    assert await got(queue, error=1) == [1]


async def test_a_forgotten_batch_goes_after_thirty_days(queue: Caller) -> None:
    touch(queue, 1)
    await queue.call("event.offline.get", {"clear": 0})
    queue.emulator.world.advance(days=31)
    assert (await queue.call("event.offline.list")).result == []


@pytest.mark.parametrize(
    ("plan", "extended", "connector"), [("free", "N", "N"), ("pro", "N", "Y"), ("enterprise", "Y", "Y")]
)
async def test_plans(caller: Caller, plan: str, extended: str, connector: str) -> None:
    caller.portal.plan = plan
    assert (await caller.call("feature.get", {"CODE": "rest_offline_extended"})).result == {"value": extended}
    assert (await caller.call("feature.get", {"CODE": "rest_auth_connector"})).result == {"value": connector}
    reserve = await caller.call("event.offline.get", {"clear": 0})
    assert reserve.refusal == ((200, None) if extended == "Y" else (403, "WRONG_LICENSE"))
    named = await caller.call("event.bind", BIND | {"auth_connector": "crm-sync"})
    assert named.refusal == ((200, None) if connector == "Y" else (403, "WRONG_LICENSE"))


async def test_administrators_only(queue: Caller) -> None:
    boris = queue.as_user(2)
    assert (await boris.call("event.bind", BIND)).refusal == (403, "ACCESS_DENIED")
    assert (await boris.call("event.unbind", BIND)).refusal == (403, "ACCESS_DENIED")
    for name in ("get", "list", "clear", "error"):
        assert (await boris.call(f"event.offline.{name}", {"process_id": "x"} if name in ("clear", "error") else {})
                ).refusal == (403, "ACCESS_DENIED")  # fmt: skip


async def test_an_app_is_spared_its_own_changes(queue: Caller) -> None:
    sync = {"auth_connector": "crm-sync"}
    assert (await queue.call("event.bind", BIND | sync)).result is True
    await queue.call("crm.contact.update", {"id": 1, "fields": {"POST": "x"}} | sync)
    await queue.call("crm.contact.update", {"id": 2, "fields": {"POST": "x"}})
    assert await got(queue, **sync) == [2]
    assert await got(queue) == [1, 2]
    rows = (await queue.call("event.get")).result
    assert rows == [
        {"event": "ONCRMCONTACTUPDATE", "connector_id": "", "offline": 1},
        {"event": "ONCRMCONTACTUPDATE", "connector_id": "crm-sync", "offline": 1},
    ]
    assert (await queue.call("event.unbind", BIND | sync)).result == {"count": 1}
    assert (await queue.call("event.unbind", BIND | sync)).result == {"count": 0}


async def test_the_queue_itself_cannot_be_offline(queue: Caller) -> None:
    answer = await queue.call("event.bind", {"event": "onOfflineEvent", "event_type": "offline"})
    assert answer.refusal == (400, "ERROR_ARGUMENT")
    assert (await queue.call("event.bind", BIND)).refusal == (400, "ERROR_CORE")


@pytest.mark.parametrize(("seconds", "pings"), [(0, [1, 2, 3]), (60, [1, 1, 2])])
async def test_the_ping(queue: Caller, listener: Listener, seconds: int, pings: list[int]) -> None:
    """At most one per request, and no oftener than minTimeout."""
    bind = {"event": "ONOFFLINEEVENT", "handler": f"{listener.url}/ping", "options": {"minTimeout": seconds}}
    assert (await queue.call("event.bind", bind)).result is True
    heard: list[int] = []
    for span in (1, 1, 61):
        queue.emulator.world.advance(seconds=span)
        update = [f"crm.contact.update?id={number}&fields[POST]=x{len(heard)}" for number in (1, 2)]
        await queue.call("batch", {"cmd": update})
        await queue.emulator.world.deliver()
        heard.append(len(listener.heard))
    assert heard == pings
    body = listener.events("ONOFFLINEEVENT")[0]
    assert "data" not in body
    assert "refresh_token" in body["auth"]


async def test_uninstalling_drops_the_queue(queue: Caller) -> None:
    from emulator.model.installs import finish, install, uninstall

    touch(queue, 1)
    uninstall(queue.installation, queue.user, clean=False)
    queue.installation = install(queue.portal, queue.installation.app, queue.user)
    finish(queue.installation, queue.user)
    assert (await queue.call("event.offline.list")).result == []
