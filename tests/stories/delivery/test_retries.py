"""What follows a failed attempt: the schedule, a resend by hand, an attempt at once, a rest for the endpoint."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from b24app.delivery.journeys import resending
from b24app.domain.delivery.schedule import DeliveryState, Trigger
from tests.outside import Desk


async def test_a_failure_is_retried_with_the_same_bytes_and_a_new_timestamp(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.answers = [500, 302]
    await desk.publish(shop.portal, desk.event(shop.portal))

    await desk.drain()
    await desk.drain(seconds=4)
    assert len(desk.receiver.news()) == 1
    await desk.drain(seconds=2)
    await desk.drain(seconds=299)
    assert len(desk.receiver.news()) == 2
    await desk.drain(seconds=60)

    first, second, third = desk.receiver.news()
    assert first.id == second.id == third.id
    assert first.body == second.body == third.body
    assert first.sequence == third.sequence == 1
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 6
    assert [one.headers["webhook-attempt"] for one in (first, second, third)] == ["1", "2", "3"]
    (done,) = await desk.deliveries(shop)
    assert (done.state, done.tries) == (DeliveryState.DELIVERED, 3)


async def test_a_redirect_is_not_followed(desk: Desk) -> None:
    shop = await desk.shop()

    async def away(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": desk.receiver.url.replace("/hooks", "/elsewhere")})

    desk.receiver.answers = [away]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    assert [one.path for one in desk.receiver.news()] == ["/hooks"]
    (waits,) = await desk.deliveries(shop)
    assert (waits.state, waits.last_status, waits.last_error) == (DeliveryState.WAITING, 307, "redirect")


async def test_after_the_last_try_it_is_given_up_and_can_still_be_resent(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.always = 503
    await desk.publish(shop.portal, desk.event(shop.portal))
    for _ in range(12):
        await desk.drain(hours=30)

    (lost,) = await desk.deliveries(shop)
    assert (lost.state, lost.tries, len(desk.receiver.news())) == (DeliveryState.EXHAUSTED, 10, 10)
    assert await desk.waiting() == 0

    await resending.resend(desk.resources, shop.portal, shop.app_id, lost.id)
    await desk.drain()
    (lost,) = await desk.deliveries(shop)
    assert (lost.state, lost.tries, lost.attempts) == (DeliveryState.EXHAUSTED, 10, 11)
    assert await desk.waiting() == 0

    desk.receiver.always = 200
    await resending.resend(desk.resources, shop.portal, shop.app_id, lost.id)
    await desk.drain()
    found, made = await resending.delivery(desk.resources, shop.portal, shop.app_id, lost.id)
    assert (found.state, found.tries) == (DeliveryState.DELIVERED, 10)
    assert [one.trigger for one in made] == [Trigger.SCHEDULED] * 10 + [Trigger.MANUAL] * 2
    assert [one.number for one in made] == list(range(1, 13))


async def test_a_manual_resend_that_fails_leaves_the_plan_as_it_was(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.always = 500
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    (before,) = await desk.deliveries(shop)

    await resending.resend(desk.resources, shop.portal, shop.app_id, before.id)
    await desk.drain(seconds=1)
    (after,) = await desk.deliveries(shop)

    assert (after.next_at, after.tries, after.attempts) == (before.next_at, 1, 2)
    desk.receiver.always = 200
    await desk.drain(seconds=6)
    assert (await desk.deliveries(shop))[0].state is DeliveryState.DELIVERED


async def test_a_dropped_connection_is_tried_again_at_once_and_not_counted(desk: Desk) -> None:
    shop = await desk.shop()

    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        return web.Response()

    desk.receiver.answers = [hang_up]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    (done,) = await desk.deliveries(shop)
    _, made = await resending.delivery(desk.resources, shop.portal, shop.app_id, done.id)
    assert (done.state, done.tries) == (DeliveryState.DELIVERED, 1)
    assert [(one.trigger, one.error) for one in made] == [(Trigger.SCHEDULED, "connection"), (Trigger.INSTANT, None)]


async def test_429_slows_the_endpoint_and_asks_are_honoured_within_bounds(desk: Desk) -> None:
    shop = await desk.shop()

    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "604800"})

    desk.receiver.answers = [busy]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    (waits,) = await desk.deliveries(shop)
    assert waits.next_at
    wait = waits.next_at - desk.clock()
    assert timedelta(seconds=60) <= wait <= timedelta(seconds=66)
