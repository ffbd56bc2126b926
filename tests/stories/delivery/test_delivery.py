"""One webhook on its way out: signed, numbered, published once, in order, heard by its own portal only."""

from __future__ import annotations

from uuid import uuid4

from b24app.domain.delivery.schedule import DeliveryState
from tests.outside import Desk, verified


async def test_news_reaches_the_endpoint_signed_and_numbered(desk: Desk) -> None:
    shop = await desk.shop()
    event = desk.event(shop.portal)

    assert await desk.publish(shop.portal, event) == 1
    await desk.drain()

    ping, told = desk.receiver.heard
    assert verified(ping, shop.secret)["type"] == "endpoint.ping"
    assert ping.sequence is None
    assert verified(told, shop.secret)["data"]["new_state"] == "confirmed"
    assert (told.body, told.id, told.sequence) == (event.body, event.id, 1)
    (done,) = await desk.deliveries(shop)
    assert (done.state, done.last_status, done.attempts) == (DeliveryState.DELIVERED, 204, 1)
    assert await desk.waiting() == 0


async def test_the_same_news_is_published_once(desk: Desk) -> None:
    shop = await desk.shop()
    membership = uuid4()

    assert await desk.publish(shop.portal, desk.event(shop.portal, membership)) == 1
    assert await desk.publish(shop.portal, desk.event(shop.portal, membership)) == 0
    await desk.drain()

    assert len(desk.receiver.news()) == 1


async def test_news_of_one_object_keeps_its_order_for_a_minute(desk: Desk) -> None:
    shop = await desk.shop()
    membership, other = uuid4(), uuid4()
    desk.receiver.answers = [500]
    await desk.publish(shop.portal, *(desk.event(shop.portal, membership, version) for version in (2, 3)))
    await desk.drain()
    await desk.publish(shop.portal, desk.event(shop.portal, membership, 4), desk.event(shop.portal, other))
    await desk.drain()
    assert [one.sequence for one in desk.receiver.news()] == [1, 4]  # another object does not wait

    await desk.drain(seconds=6)
    await desk.drain(seconds=2)

    assert [one.sequence for one in desk.receiver.news()] == [1, 4, 1, 2, 3]


async def test_later_news_overtakes_what_keeps_failing_after_a_minute(desk: Desk) -> None:
    shop = await desk.shop()
    membership = uuid4()
    desk.receiver.answers = [500, 500]
    await desk.publish(shop.portal, *(desk.event(shop.portal, membership, version) for version in (2, 3)))
    await desk.drain()
    await desk.drain(seconds=6)  # the second try; the third is five minutes away
    await desk.drain(seconds=50)
    assert [one.sequence for one in desk.receiver.news()] == [1, 1]

    await desk.drain(seconds=5)

    assert [one.sequence for one in desk.receiver.news()] == [1, 1, 2]


async def test_portals_do_not_hear_each_other(desk: Desk) -> None:
    one = await desk.shop("one")
    other = await desk.shop("other", desk.receiver.url.replace("/hooks", "/other"))
    await desk.publish(one.portal, desk.event(one.portal))
    await desk.drain()

    assert [told.path for told in desk.receiver.news()] == ["/hooks"]
    assert await desk.deliveries(other) == []
