"""A test event: what news looks like, sent to one endpoint once, and nothing else changes by it."""

from __future__ import annotations

import json

import pytest

from b24app.delivery.journeys import endpoints, pinging
from b24app.delivery.journeys.registering import Wanted, change
from b24app.domain.delivery.schedule import DeliveryState, EndpointState
from b24app.errors import Refused
from tests.outside import Desk, verified


async def test_a_test_looks_like_news_and_says_that_it_is_none(desk: Desk) -> None:
    shop = await desk.shop()
    sent = await desk.api("POST", f"/endpoints/{shop.endpoint_id}/test", shop.key)
    assert sent.status == 202
    await desk.drain()

    told = desk.receiver.news()[-1]
    body = verified(told, shop.secret)
    assert (body["type"], body["test"]) == ("membership.verification_changed", True)
    assert body["data"]["new_state"] == "pending"
    assert told.sequence is None
    made = (await desk.api("GET", f"/deliveries/{sent.json()['delivery_id']}", shop.key)).json()
    assert (made["state"], [one["trigger"] for one in made["made"]]) == ("delivered", ["test"])

    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    real = json.loads(desk.receiver.news()[-1].body)
    assert "test" not in real and desk.receiver.news()[-1].sequence == 1


async def test_a_test_that_fails_is_not_sent_again(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.always = 500
    await pinging.send_test(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    await desk.drain()
    await desk.drain(hours=1)

    (test,) = await desk.deliveries(shop)
    assert (test.state, test.last_status, test.next_at) == (DeliveryState.EXHAUSTED, 500, None)
    assert len(desk.receiver.news()) == 1
    assert await desk.waiting() == 0


async def test_a_test_is_of_a_type_that_the_endpoint_asks_for(desk: Desk) -> None:
    shop = await desk.shop("one", None, "membership.moved")
    await pinging.send_test(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    await desk.drain()
    assert json.loads(desk.receiver.news()[-1].body)["type"] == "membership.moved"


async def test_each_test_is_a_delivery_of_its_own(desk: Desk) -> None:
    shop = await desk.shop()
    for _ in range(2):
        await pinging.send_test(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    await desk.drain()
    assert len({one.id for one in desk.receiver.news()}) == 2


async def test_an_endpoint_that_is_off_or_has_not_answered_gets_no_test(desk: Desk) -> None:
    desk.receiver.answers = [500]
    shop = await desk.shop()
    refused = await desk.api("POST", f"/endpoints/{shop.endpoint_id}/test", shop.key)
    assert (refused.status, refused.json()["code"]) == (409, "endpoint_not_answered")

    await change(desk.resources, shop.portal, shop.app_id, shop.endpoint_id, Wanted(enabled=False))
    with pytest.raises(Refused, match="endpoint_disabled"):
        await pinging.send_test(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    await desk.drain()
    assert desk.receiver.news() == []


async def test_an_endpoint_that_answers_a_test_with_410_is_switched_off(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.answers = [410]
    await pinging.send_test(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    await desk.drain()
    found = await endpoints.find(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    assert (found.state, found.state_reason) == (EndpointState.DISABLED, "gone")
