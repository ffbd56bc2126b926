"""What the settings say of an address: since when it fails, when we try again, how much was delivered; and of a key."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web

from b24app.delivery.journeys import client_apps, pinging, registering
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.journeys.settings_view import ConnectedEndpoint, settings_view
from b24app.domain.delivery.health import EndpointHealth
from tests.outside import Desk, Shop


async def shown(desk: Desk, shop: Shop) -> ConnectedEndpoint:
    async with desk.resources.tenant(shop.portal.id) as db:
        (app,) = (await settings_view(db, desk.resources, shop.portal)).connected
    (endpoint,) = app.endpoints
    return endpoint


async def news(desk: Desk, shop: Shop, *answers: int, **span: float) -> ConnectedEndpoint:
    """News happens after this while, and is answered so."""
    desk.clock.move(**span)
    desk.receiver.answers = list(answers)
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    return await shown(desk, shop)


async def test_an_address_that_stops_answering_says_since_when_and_when_we_try_again(desk: Desk) -> None:
    shop = await desk.shop()
    assert (await shown(desk, shop)).health is EndpointHealth.QUIET
    well = await news(desk, shop, 204)
    assert (well.health, well.recent.delivered, well.recent.failed) == (EndpointHealth.WORKING, 1, 0)

    failing = await news(desk, shop, 500, minutes=3)
    began = desk.clock()
    assert (failing.health, failing.endpoint.failing_since) == (EndpointHealth.FAILING, began)
    assert (failing.recent.status, failing.recent.error) == (500, "status")
    assert failing.recent.next_at and timedelta(seconds=5) <= failing.recent.next_at - began < timedelta(seconds=6)

    worse = await news(desk, shop, 500, 500, minutes=1)
    assert (worse.endpoint.failing_since, worse.recent.delivered, worse.recent.failed) == (began, 1, 2)

    await desk.drain(minutes=6)
    again = await shown(desk, shop)
    assert (again.health, again.endpoint.failing_since) == (EndpointHealth.WORKING, None)
    assert (again.recent.delivered, again.recent.failed, again.recent.delivered_at) == (3, 0, desk.clock())


async def test_an_address_that_says_it_is_gone_is_off_until_somebody_switches_it_on(desk: Desk) -> None:
    shop = await desk.shop()
    off = await news(desk, shop, 410)
    assert (off.health, off.endpoint.failing_since, off.recent.failed) == (EndpointHealth.GONE, desk.clock(), 1)

    await registering.change(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, Wanted(enabled=True))
    on = await shown(desk, shop)
    assert (on.health, on.testing) == (EndpointHealth.CHECKING, True)
    desk.receiver.answers = [503]
    await desk.drain()
    unanswered = await shown(desk, shop)
    assert (unanswered.health, unanswered.recent.status) == (EndpointHealth.UNANSWERED, 503)
    assert unanswered.recent.next_at and unanswered.recent.next_at > desk.clock()
    await desk.drain(seconds=6)
    assert (await shown(desk, shop)).endpoint.failing_since is None


async def test_what_was_told_a_day_ago_is_not_counted_and_the_numbers_have_a_bound(desk: Desk) -> None:
    shop = await desk.shop()
    await news(desk, shop, 204)
    await desk.publish(shop.portal, *(desk.event(shop.portal) for _ in range(1_100)))
    await desk.drain(hours=23)
    full = (await shown(desk, shop)).recent
    assert (full.delivered, full.failed, full.more) == (1_000, 0, True)
    later = await news(desk, shop, 204, hours=25)
    assert (later.recent.delivered, later.recent.more) == (1, False)


async def test_a_worker_that_heard_a_failure_late_does_not_make_it_younger(desk: Desk) -> None:
    """Two workers have loaded the endpoint while it was well; the one that began first settles last."""
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    began = desk.clock()

    async def slow(request: web.Request) -> web.Response:
        """Meanwhile another worker has the next news refused."""
        desk.receiver.answers = [500]
        await desk.publish(shop.portal, desk.event(shop.portal))
        await desk.drain(seconds=2)
        return web.Response(status=500)

    desk.receiver.answers = [slow]
    await desk.drain()
    assert (await shown(desk, shop)).endpoint.failing_since == began + timedelta(seconds=2)


async def test_how_the_newest_test_ended_is_shown(desk: Desk) -> None:
    shop = await desk.shop()
    for answer, ended in ((500, "exhausted"), (204, "delivered")):
        desk.receiver.answers = [answer]
        await pinging.send_test(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
        assert (await shown(desk, shop)).testing
        await desk.drain(seconds=1)
        test = (await shown(desk, shop)).recent.test
        assert test and (test.delivery, test.status, test.finished_at) == (ended, answer, desk.clock())
        assert not (await shown(desk, shop)).testing
    assert (await shown(desk, shop)).recent.delivered == 0, "a test is no news"


async def used_at(desk: Desk, shop: Shop) -> datetime | None:
    (app,) = await client_apps.listing(desk.resources, shop.portal.id)
    return app.last_used_at


async def test_when_a_key_was_used_is_noted_once_a_minute(desk: Desk) -> None:
    shop = await desk.shop()
    assert await used_at(desk, shop) is None
    await desk.api("GET", "/endpoints", shop.key)
    first = desk.clock()
    desk.clock.move(seconds=59)
    await desk.api("GET", "/endpoints", shop.key)
    assert await used_at(desk, shop) == first
    desk.clock.move(seconds=2)
    await desk.api("GET", "/endpoints", shop.key)
    assert await used_at(desk, shop) == desk.clock()
    await desk.api("GET", "/endpoints", shop.key + "x")
    assert await used_at(desk, shop) == desk.clock()
