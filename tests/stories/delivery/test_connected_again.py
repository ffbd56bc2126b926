"""A client app that was disconnected comes back within a week, with a new key and its endpoints as they were."""

from __future__ import annotations

from datetime import timedelta

import pytest

from b24app.delivery import webhooks
from b24app.delivery.journeys import client_apps, endpoints, registering
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.store import client_apps as rows
from b24app.delivery.store.client_apps import DisconnectedApp
from b24app.domain.delivery.schedule import EndpointState
from b24app.errors import Refused
from tests.chores import tidy_all
from tests.outside import Desk, Shop


async def test_it_comes_back_with_its_endpoints_and_their_secrets_but_no_old_key(desk: Desk) -> None:
    shop = await desk.shop()
    await client_apps.revoke(desk.resources, shop.portal.id, shop.app_id)
    await desk.drain(days=6)
    await tidy_all(desk.resources)
    await desk.publish(shop.portal, desk.event(shop.portal))

    back = await client_apps.reconnect(desk.resources, shop.portal, shop.app_id)
    assert await state(desk, shop) is EndpointState.CHECKING
    await desk.drain()

    assert await client_apps.caller(desk.resources, shop.key) is None
    assert (await desk.api("GET", "/endpoints", back.key)).json()["data"][0]["state"] == "active"
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    (told,) = desk.receiver.news()
    assert told.sequence == 1, "what happened meanwhile is not sent"
    assert webhooks.verified(told.headers, told.body, [webhooks.signing_key(shop.secret)], desk.clock())


async def test_what_was_switched_off_or_deleted_before_stays_so(desk: Desk) -> None:
    shop = await desk.shop()
    gone = await registering.register(desk.resources, shop.portal, shop.app_id, Wanted(desk.receiver.url))
    await endpoints.remove(desk.resources, shop.portal, shop.app_id, gone.endpoint.id)
    await registering.change(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, Wanted(enabled=False))
    await desk.drain()
    heard = len(desk.receiver.heard)
    await client_apps.revoke(desk.resources, shop.portal.id, shop.app_id)
    await client_apps.reconnect(desk.resources, shop.portal, shop.app_id)
    await desk.drain()

    (left,) = await endpoints.listing(desk.resources, shop.portal, shop.app_id)
    assert (left.id, left.state, left.state_reason) == (shop.endpoint_id, EndpointState.DISABLED, "owner")
    assert len(desk.receiver.heard) == heard, "nobody asks an endpoint that is switched off"


async def test_its_new_key_is_for_the_pages_of_the_old_one(desk: Desk) -> None:
    portal, page = await desk.portal("one"), "https://cabinet.example"
    app = await client_apps.create(desk.resources, portal.id, "Кабинет", (page,))
    await client_apps.revoke(desk.resources, portal.id, app.app.id)
    back = await client_apps.reconnect(desk.resources, portal, app.app.id)
    for origin, status in ((page, 200), ("https://elsewhere.example", 403)):
        assert (await desk.api("GET", "/endpoints", back.key, Origin=origin)).status == status


async def test_after_a_week_it_is_gone(desk: Desk) -> None:
    portal = await desk.portal("one")
    app = await client_apps.create(desk.resources, portal.id, "Кабинет")
    await client_apps.revoke(desk.resources, portal.id, app.app.id)
    desk.clock.move(days=7, seconds=1)

    with pytest.raises(Refused, match="not_found"):
        await client_apps.reconnect(desk.resources, portal, app.app.id)
    await tidy_all(desk.resources)
    assert await disconnected(desk, portal.id) == []


async def test_its_name_stays_as_long_as_the_history_of_what_it_was_told(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    await client_apps.revoke(desk.resources, shop.portal.id, shop.app_id)
    for days, left in ((30, 1), (70, 0)):
        desk.clock.move(days=days)
        while await tidy_all(desk.resources):
            pass
        assert len(await disconnected(desk, shop.portal.id)) == left


async def test_another_portal_cannot_bring_it_back(desk: Desk) -> None:
    shop, other = await desk.shop(), await desk.portal("other")
    await client_apps.revoke(desk.resources, shop.portal.id, shop.app_id)
    with pytest.raises(Refused, match="not_found"):
        await client_apps.reconnect(desk.resources, other, shop.app_id)
    await desk.drain()


async def state(desk: Desk, shop: Shop) -> EndpointState:
    return (await endpoints.find(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)).state


async def disconnected(desk: Desk, portal_id: int) -> list[DisconnectedApp]:
    """However long ago."""
    async with desk.resources.tenant(portal_id) as db:
        return await rows.disconnected(db, portal_id, desk.clock() - timedelta(days=400))
