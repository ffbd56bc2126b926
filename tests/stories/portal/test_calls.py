"""What was asked of a portal can be read: by people with its codes, in the metrics as counts; never with a secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from b24app.bitrix24.client import Command
from b24app.bitrix24.wire import CallOutcome, CallRecord
from b24app.cli.calls import span, told
from b24app.errors import PortalError
from b24app.lanes import Lane
from b24app.portal import call_log
from b24app.portal.journeys.tokens import StoredTokens, admin_client
from b24app.portal.store.tables import portal_calls
from emulator.crm.entities import Entity
from emulator.model.faults import FOREVER, Break
from tests.chores import tidy_all
from tests.world import World

HOUR = timedelta(hours=1)


async def lines(world: World, *, errors: bool = False) -> list[str]:
    """What `b24app calls` prints."""
    await world.resources.calls.flush(world.resources)
    return await told(world.resources, await world.row(), HOUR, errors=errors)


async def metrics(world: World) -> dict[str, str]:
    async with world.http.get(world.app_url + "/metrics") as answer:
        said = await answer.text()
    assert world.portal.host not in said
    return dict(line.rsplit(" ", 1) for line in said.splitlines() if not line.startswith("#"))


def record(portal: int, code: str = "") -> CallRecord:
    return CallRecord(portal, "profile", CallOutcome.REFUSED if code else CallOutcome.OK, code, 200, 1, Lane.BULK)


@pytest.mark.parametrize(
    ("kind", "told_"),
    [
        (Break.BUSY, ["503", "busy", "QUERY_LIMIT_EXCEEDED"]),
        (Break.OPERATING, ["429", "parked", "OPERATION_TIME_LIMIT"]),
        (Break.HTML, ["502", "down", "NOT_JSON"]),
        (Break.CLOSE, ["—", "down", "CONNECTION_LOST"]),
        (Break.ERROR_200, ["200", "refused", "ERROR_CORE"]),
        (Break.EMPTY_ERROR, ["400", "refused", "AccessDenied"]),
        (Break.PLAN, ["403", "closed", "ACCESS_DENIED"]),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_a_portal_that_misbehaves_leaves_lines_with_its_codes(
    world: World, kind: Break, told_: list[str]
) -> None:
    contact = world.add_contact(last_name="Соколов-Тайный")
    await world.install()
    world.emulator.world.faults.add(kind, 1, host=world.portal.host, method="batch")
    world.tick(Entity.CONTACT, contact)
    await world.settle()
    world.emulator.world.faults.clear()
    world.leftovers_explained = "the card waits for its next try"

    (line,) = [line for line in await lines(world, errors=True) if not line.startswith("operating time")]
    words = line.split()
    assert [word for word in words if word in told_] == told_
    assert words[2] == "interactive"
    assert "batch crm.item.list" in line


async def test_no_line_holds_a_token_or_a_name(world: World) -> None:
    company = world.add_company("ООО «Тайное»")
    contact = world.add_contact(company, last_name="Соколов-Тайный")
    await world.install()
    token = await StoredTokens(world.resources, await world.row()).current()
    world.tick(Entity.CONTACT, contact)
    await world.settle()

    found = await lines(world)
    assert any("crm.contact.update" in line for line in found)
    async with world.resources.tenant((await world.row()).id) as db:
        rows = "\n".join(str(tuple(row)) for row in await db.execute(select(portal_calls)))
    for secret in (token, "Тайн", "UF_CRM", world.portal.host, world.installation().application_token):
        assert secret not in rows
    assert len(rows.splitlines()) == len(found)


async def test_a_batch_names_the_codes_of_its_commands(world: World) -> None:
    await world.install()
    portal = admin_client(world.resources, await world.row(), Lane.BULK)
    await portal.batch([Command("crm.company.get", {"id": 404}), Command("profile")])
    (line,) = await lines(world, errors=True)
    assert line.endswith("ok         batch crm.company.get profile  NotFound")


async def test_operating_time_is_shown_beside_the_calls(world: World) -> None:
    await world.install()
    world.emulator.world.faults.operating_cost["profile"] = 100
    await admin_client(world.resources, await world.row(), Lane.BULK).call("profile")
    assert "operating time  100 of 480 s  profile" in await lines(world)


async def test_metrics_count_the_requests_of_all_processes(world: World) -> None:
    await world.install()
    await world.resources.calls.flush(world.resources)
    before = await metrics(world)
    elsewhere = call_log.CallLog(world.resources.now)
    for one in (world.resources.calls, elsewhere):
        one.note(record(1))
        one.note(record(1, "ERROR_CORE"))
        await one.flush(world.resources)
    after = await metrics(world)

    def grown(outcome: str) -> float:
        name = f'b24app_portal_requests_total{{lane="bulk",outcome="{outcome}"}}'
        return float(after[name]) - float(before.get(name, 0))

    assert (grown("ok"), grown("refused")) == (2, 2)
    assert after["b24app_portal_calls_lost_total"] == "0.0"


async def test_the_metrics_do_without_redis(world: World, redis_url: str) -> None:
    gone = Redis.from_url("redis://127.0.0.1:1/0")
    calls = call_log.CallLog(world.resources.now)
    calls.note(record(0))
    await calls.flush(replace(world.resources, redis=gone))
    await gone.aclose()


async def test_a_log_that_cannot_be_written_keeps_no_call_waiting(world: World) -> None:
    """A portal that was erased meanwhile, and more lines than there is room for."""
    await world.install()
    portal, calls = await world.row(), call_log.CallLog(world.resources.now)
    calls.note(record(404_404))
    for _ in range(call_log.MOST + 10):
        calls.note(record(portal.id))
    await calls.flush(world.resources)
    _, lost = await call_log.counted(world.resources.redis)
    assert lost == 1 + 11
    assert len(await told(world.resources, portal, HOUR, errors=False)) == 1_000 + 1


async def test_the_last_lines_are_written_when_a_process_ends(world: World) -> None:
    await world.install()
    portal, calls = await world.row(), call_log.CallLog(world.resources.now)
    await lines(world)
    async with calls.kept(world.resources):
        calls.note(record(portal.id, "LAST_WORDS"))
    assert [line for line in await lines(world, errors=True) if line.endswith("LAST_WORDS")]


async def test_lines_are_kept_for_a_week_and_go_with_their_portal(world: World) -> None:
    await world.install()
    count = len(await lines(world))
    assert count
    portal = await world.row()
    world.pass_time(days=6)
    await tidy_all(world.resources)
    assert len(await told(world.resources, portal, span("7d"), errors=False)) == count
    world.pass_time(days=2)
    await tidy_all(world.resources)
    assert await told(world.resources, portal, span("30d"), errors=False) == []


async def test_another_portals_lines_are_not_shown(world: World) -> None:
    await world.install()
    await world.install(world.other_portal)
    world.emulator.world.faults.add(Break.ERROR_200, FOREVER, host=world.other_portal.host)
    with pytest.raises(PortalError):
        await admin_client(world.resources, await world.row(world.other_portal), Lane.BULK).call("profile")
    assert await lines(world, errors=True) == []
