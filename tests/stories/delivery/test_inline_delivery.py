"""What a worker has just published it sends itself: a few, of that portal only, by the rules of every drain."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from aiohttp import web

from b24app.delivery.journeys.drain import INLINE
from b24app.domain.delivery.schedule import DeliveryState
from tests.outside import Desk
from workers.inline_delivery import InlineDelivery


async def test_a_few_are_sent_at_once_and_only_this_portals(desk: Desk) -> None:
    shop, other, inline = await desk.shop("one"), await desk.shop("other"), InlineDelivery()
    await desk.publish(other.portal, desk.event(other.portal))
    rows = await desk.publish(shop.portal, *(desk.event(shop.portal) for _ in range(3)))

    assert await inline(desk.resources, shop.portal.id, rows)
    await inline.finish()

    assert sorted(one.sequence or 0 for one in desk.receiver.news()) == [1, 2, 3]
    assert {one.state for one in await desk.deliveries(shop)} == {DeliveryState.DELIVERED}
    assert [one.state for one in await desk.deliveries(other)] == [DeliveryState.WAITING]
    assert await desk.waiting() == 1


async def test_many_are_left_to_a_worker_of_the_outbox(desk: Desk) -> None:
    shop, inline = await desk.shop(), InlineDelivery()
    rows = await desk.publish(shop.portal, *(desk.event(shop.portal) for _ in range(INLINE + 1)))

    assert not await inline(desk.resources, shop.portal.id, rows)

    assert desk.receiver.news() == []
    assert await desk.waiting() == INLINE + 1


async def test_the_order_of_an_object_is_kept_while_earlier_news_of_it_waits(desk: Desk) -> None:
    shop, inline, membership = await desk.shop(), InlineDelivery(), uuid4()
    desk.receiver.answers = [500]
    await desk.publish(shop.portal, desk.event(shop.portal, membership))
    await desk.drain()
    rows = await desk.publish(shop.portal, desk.event(shop.portal, membership, 3))

    assert await inline(desk.resources, shop.portal.id, rows)
    await inline.finish()

    assert [one.sequence for one in desk.receiver.news()] == [1]


async def test_a_portal_whose_news_is_on_its_way_gets_no_second_run(desk: Desk) -> None:
    shop, inline, go_on = await desk.shop(), InlineDelivery(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await go_on.wait()
        return web.Response(status=204)

    desk.receiver.answers = [slow]
    assert await inline(desk.resources, shop.portal.id, await desk.publish(shop.portal, desk.event(shop.portal)))
    assert not await inline(desk.resources, shop.portal.id, await desk.publish(shop.portal, desk.event(shop.portal)))
    go_on.set()
    await inline.finish()

    assert [one.sequence for one in desk.receiver.news()] == [1]
    await desk.drain()
    assert [one.sequence for one in desk.receiver.news()] == [1, 2]
