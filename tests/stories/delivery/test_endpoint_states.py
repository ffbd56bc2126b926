"""Which endpoint gets news: not before it has answered a ping, not after it, its client app or its portal has gone."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import update

from b24app.delivery.journeys import client_apps, endpoints, registering, resending
from b24app.delivery.journeys.registering import Wanted
from b24app.domain.delivery.schedule import DeliveryState, EndpointState
from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from b24app.store import tables
from tests.outside import Desk, Shop


async def state(desk: Desk, shop: Shop) -> tuple[EndpointState, str]:
    found = await endpoints.find(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    return found.state, found.state_reason


async def test_an_endpoint_that_is_gone_is_switched_off_and_its_news_kept(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.answers = [410]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    assert await state(desk, shop) == (EndpointState.DISABLED, "gone")

    assert await desk.publish(shop.portal, desk.event(shop.portal)) == 0
    await desk.drain(hours=1)

    lost, skipped = await desk.deliveries(shop)
    assert (lost.state, skipped.state) == (DeliveryState.EXHAUSTED, DeliveryState.SKIPPED)
    missed = await resending.catch_up(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, 0, 10)
    assert [one.sequence for one in missed.found] == [1, 2]
    assert len(desk.receiver.news()) == 1


async def test_news_waits_for_an_endpoint_that_has_not_answered_its_ping(desk: Desk) -> None:
    desk.receiver.answers = [500]
    shop = await desk.shop()
    assert await state(desk, shop) == (EndpointState.CHECKING, "status_500")

    assert await desk.publish(shop.portal, desk.event(shop.portal)) == 1
    await desk.drain()
    assert desk.receiver.news() == []

    await desk.drain(seconds=6)
    assert await state(desk, shop) == (EndpointState.ACTIVE, "")
    assert [one.sequence for one in desk.receiver.news()] == [1]
    assert await desk.waiting() == 0


async def test_a_new_url_has_to_answer_first_and_takes_over_the_waiting_news(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.always = 500
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    wanted = Wanted(url=desk.receiver.url.replace("/hooks", "/new"))
    await registering.change(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, wanted)
    desk.receiver.always = 204

    await desk.drain()

    assert await state(desk, shop) == (EndpointState.ACTIVE, "")
    assert [(one.path, one.sequence) for one in desk.receiver.heard[-2:]] == [("/new", None), ("/new", 1)]
    assert await desk.waiting() == 0


async def test_an_answer_from_the_old_url_does_not_open_the_new_one(desk: Desk) -> None:
    desk.receiver.always = 500
    shop = await desk.shop()
    wanted = Wanted(url=desk.receiver.url.replace("/hooks", "/new"))

    async def meanwhile(request: web.Request) -> web.Response:
        """The owner changes the URL while the old one still thinks about its ping."""
        await registering.change(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, wanted)
        return web.Response(status=204)

    desk.receiver.answers = [meanwhile]
    await desk.drain(seconds=6)

    assert (await state(desk, shop))[0] is EndpointState.CHECKING
    assert desk.receiver.heard[-1].path == "/new"


async def test_gone_said_by_the_old_url_does_not_disable_the_new_one(desk: Desk) -> None:
    shop = await desk.shop()
    wanted = Wanted(url=desk.receiver.url.replace("/hooks", "/new"))

    async def gone(request: web.Request) -> web.Response:
        """The owner has just moved on."""
        await registering.change(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, wanted)
        return web.Response(status=410)

    desk.receiver.answers = [gone]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    assert await state(desk, shop) == (EndpointState.ACTIVE, "")
    assert [one.path for one in desk.receiver.heard] == ["/hooks", "/hooks", "/new"]


async def test_a_removed_portal_hears_nothing_more(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    async with desk.resources.transaction() as db:
        await portals.change(db, shop.portal.id, state=PortalState.REMOVED)

    await desk.drain()

    assert desk.receiver.news() == []
    assert (await desk.deliveries(shop))[0].state is DeliveryState.CLOSED
    assert await desk.waiting() == 0


async def test_a_revoked_client_app_hears_nothing_more(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    await client_apps.revoke(desk.resources, shop.portal.id, shop.app_id)

    await desk.drain()

    assert desk.receiver.news() == []
    assert await client_apps.caller(desk.resources, shop.key) is None
    assert await desk.waiting() == 0


async def test_a_delivery_whose_endpoint_is_erased_leaves_no_work(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    await endpoints.remove(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    await desk.drain()
    assert desk.receiver.news() == []
    assert await desk.waiting() == 0


async def test_an_unpaid_portal_still_delivers(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    async with desk.resources.transaction() as db:
        await db.execute(update(tables.portals).values(state=PortalState.UNPAID.value))

    await desk.drain()

    assert len(desk.receiver.news()) == 1
