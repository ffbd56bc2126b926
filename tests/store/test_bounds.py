"""What is bounded: one tenant's share of a claim, the time an erasure takes, how long old rows stay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from aiohttp import web
from sqlalchemy import func, insert, select, text

from b24app.demo import servers
from b24app.domain.portal.portal import Portal
from b24app.lanes import Lane
from b24app.manifest import Manifest
from b24app.store import kept
from b24app.work.store import index
from b24app.work.store.index import Claim, WorkKind
from b24app.work.store.tables import inbox
from tests.chores import tidy_all
from tests.outside import Desk, open_desk


@pytest.fixture
async def desk(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Desk]:
    async with open_desk(clean_database, redis_url, manifest) as opened:
        yield opened


async def due(desk: Desk, portal: Portal, rows: int, lane: Lane = Lane.INTERACTIVE, age: float = 0) -> None:
    async with desk.resources.transaction() as db:
        keys = [str(uuid4()) for _ in range(rows)]
        await index.arrive(db, portal.id, WorkKind.DELIVERY, keys, lane, desk.clock() - timedelta(seconds=age))


async def claim(desk: Desk, limit: int) -> list[Claim]:
    async with desk.resources.transaction() as db:
        return await index.claim(
            db, WorkKind.DELIVERY, worker="one", token=uuid4(), now=desk.clock(), limit=limit, lane=Lane.BULK
        )


async def test_a_tenant_with_very_many_rows_delays_nobody_elses(desk: Desk) -> None:
    noisy = [await desk.portal(f"noisy{number}") for number in range(3)]
    quiet, patient = await desk.portal("quiet"), await desk.portal("patient")
    for portal in noisy:
        await due(desk, portal, 500, age=3600)
    await due(desk, quiet, 1)
    await due(desk, patient, 1, Lane.BULK)

    taken = await claim(desk, 64)

    assert len(taken) == len({one.key for one in taken}) == 64
    assert {one.portal_id for one in taken} == {portal.id for portal in (*noisy, quiet, patient)}


async def test_a_slice_is_full_where_only_one_tenant_has_rows(desk: Desk) -> None:
    busy, idle = await desk.portal("busy"), await desk.portal("idle")
    await due(desk, busy, 100)
    await due(desk, idle, 1, age=-60)
    first, second = await claim(desk, 64), await claim(desk, 64)
    assert (len(first), len(second)) == (64, 36)
    assert {one.portal_id for one in first + second} == {busy.id}
    assert len({one.key for one in first + second}) == 100


async def test_erasing_events_looks_their_deliveries_up(desk: Desk) -> None:
    """Without an index led by it, each erased event reads the outbox from end to end."""
    async with desk.resources.transaction() as db:
        led = await db.execute(
            text(
                "SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
                " AND a.attnum = i.indkey[0] WHERE i.indrelid = 'outbox'::regclass AND a.attname = 'event_id'"
            )
        )
    assert led.scalar_one() == 1


async def test_more_than_a_slice_goes_in_one_chore(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SLICE", 10)
    portal = await desk.portal("one")
    old = desk.clock() - timedelta(days=100)
    row = {"portal_id": portal.id, "source": "event", "name": "X", "received_at": old, "handled_at": old}
    states = ["done"] * 25 + ["closed"] * 10 + ["failed"]
    async with desk.resources.tenant(portal.id) as db:
        rows = [{**row, "subject": f"contact:{n}", "state": state} for n, state in enumerate(states, 1)]
        await db.execute(insert(inbox), rows)
    assert await tidy_all(desk.resources) == 35
    async with desk.resources.tenant(portal.id) as db:
        assert (await db.execute(select(func.count()).select_from(inbox))).scalar_one() == 1


async def test_a_slow_endpoint_with_a_long_queue_keeps_no_other_tenant_waiting(desk: Desk) -> None:
    """The slow one answers nobody until the other's news has come; its queue is older and longer than a slice."""
    noisy = await desk.shop("noisy", f"{desk.receiver.url}/slow")
    quiet = await desk.shop("quiet")
    come = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/slow"):
            await come.wait()
        else:
            come.set()
        return web.Response(status=204)

    desk.receiver.always = answer
    await desk.publish(noisy.portal, *(desk.event(noisy.portal) for _ in range(700)))
    desk.clock.move(seconds=1)
    await desk.publish(quiet.portal, desk.event(quiet.portal))

    assert await desk.drain() == 701
    assert {one.last_error for one in await desk.deliveries(noisy)} == {None}
