"""Workers that drain: killed anywhere, overtaken, two at once, full of a slow tenant."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from b24app.delivery.journeys import registering, resending
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.journeys.run import SLICE
from b24app.domain.delivery.schedule import DeliveryState
from b24app.work.store import index
from tests.outside import Desk
from tests.world import Killed


@pytest.mark.parametrize("point", ["delivery.claimed", "delivery.sent", "delivery.settled"])
async def test_a_worker_killed_anywhere_loses_nothing(desk: Desk, point: str) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    desk.failpoints.armed = {point}

    with pytest.raises(Killed):
        await desk.drain()
    await desk.drain(seconds=index.LEASE.total_seconds() + 1)

    heard = desk.receiver.news()
    assert len({one.id for one in heard}) == 1  # at least once; the receiver drops the second by its id
    assert len(heard) == (2 if point == "delivery.sent" else 1)
    (done,) = await desk.deliveries(shop)
    assert done.state is DeliveryState.DELIVERED
    assert await desk.waiting() == 0


async def test_what_another_worker_took_over_is_not_stored_twice(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))

    async def slow(request: web.Request) -> web.Response:
        """While the first worker waits its claim runs out, and a second one sends and settles."""
        await desk.drain(seconds=index.LEASE.total_seconds() + 1)
        return web.Response(status=500)

    desk.receiver.answers = [slow]
    await desk.drain()

    (done,) = await desk.deliveries(shop)
    _, made = await resending.delivery(desk.resources, shop.portal, shop.app_id, done.id)
    assert (done.state, len(made), len(desk.receiver.news())) == (DeliveryState.DELIVERED, 1, 2)


async def test_two_workers_at_once_send_everything_once_in_gapless_numbers(desk: Desk) -> None:
    shop = await desk.shop()
    for _ in range(4):
        await desk.publish(shop.portal, *(desk.event(shop.portal) for _ in range(100)))

    await asyncio.gather(desk.drain(), desk.drain())

    assert sorted(one.sequence or 0 for one in desk.receiver.news()) == list(range(1, 401))
    assert {one.state for one in await desk.deliveries(shop)} == {DeliveryState.DELIVERED}
    assert await desk.waiting() == 0


async def test_a_quiet_tenants_news_joins_a_drain_that_is_full_of_a_slow_ones(desk: Desk) -> None:
    slow, quiet = await desk.shop("slow"), await desk.shop("quiet", desk.receiver.url.replace("/hooks", "/quiet"))
    for _ in range(5):  # with a quarter of the senders each, they hold them all
        await registering.register(desk.resources, slow.portal, slow.app_id, Wanted(desk.receiver.url))
    await desk.drain()
    full, heard, go_on, waiting = asyncio.Event(), asyncio.Event(), asyncio.Event(), 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal waiting
        if request.path == "/quiet":
            heard.set()
            return web.Response(status=204)
        waiting += 1
        if waiting == desk.resources.manifest.delivery.concurrency:
            full.set()
        await go_on.wait()
        return web.Response(status=204)

    desk.receiver.always = answer
    rows = desk.resources.manifest.delivery.concurrency * SLICE
    for _ in range(3):
        await desk.publish(slow.portal, *(desk.event(slow.portal) for _ in range(rows // 6)))
    draining = asyncio.create_task(desk.drain())
    await full.wait()
    await desk.publish(quiet.portal, desk.event(quiet.portal))
    try:
        async with asyncio.timeout(10):  # only ends a test that would hang
            await heard.wait()
    finally:
        go_on.set()
        await draining

    assert len(desk.receiver.news()) == 3 * (rows // 6) * 6 + 1
    assert await desk.waiting() == 0
