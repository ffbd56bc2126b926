"""Routes of deliveries: listed, read, caught up with."""

from __future__ import annotations

from tests.outside import Desk


async def test_a_receiver_catches_up_by_itself(desk: Desk) -> None:
    shop = await desk.shop()
    path = f"/endpoints/{shop.endpoint_id}/events"
    empty = (await desk.api("GET", path, shop.key)).json()
    assert empty == {"data": [], "first_available": 0, "last": 0, "has_more": False}
    published = [desk.event(shop.portal) for _ in range(3)]
    await desk.publish(shop.portal, *published)

    page = (await desk.api("GET", f"{path}?after=0&limit=2", shop.key)).json()
    rest = (await desk.api("GET", f"{path}?after=2", shop.key)).json()

    assert [(one["sequence"], one["webhook_id"]) for one in page["data"] + rest["data"]] == [
        (number, event.id) for number, event in enumerate(published, 1)
    ]
    assert (page["first_available"], page["last"], page["has_more"], rest["has_more"]) == (1, 3, True, False)
    assert page["data"][0]["event"]["type"] == "membership.verification_changed"
    await desk.drain()
    assert sorted(one.sequence or 0 for one in desk.receiver.news()) == [1, 2, 3]


async def test_deliveries_are_listed_and_read(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.answers = [500]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    listed = (await desk.api("GET", f"/endpoints/{shop.endpoint_id}/deliveries?limit=1", shop.key)).json()
    (waits,) = listed["data"]
    older = await desk.api("GET", f"/endpoints/{shop.endpoint_id}/deliveries?cursor={listed['next']}", shop.key)
    one = (await desk.api("GET", f"/deliveries/{waits['id']}", shop.key)).json()

    assert (waits["state"], waits["last_status"], waits["tries"]) == ("waiting", 500, 1)
    assert [one["type"] for one in older.json()["data"]] == ["endpoint.ping"]
    assert [(made["number"], made["trigger"], made["status"]) for made in one["made"]] == [(1, "scheduled", 500)]
    assert (await desk.api("POST", f"/deliveries/{waits['id']}/resend", shop.key)).status == 202
    await desk.drain()
    only = await desk.api("GET", f"/endpoints/{shop.endpoint_id}/deliveries?state=delivered&limit=1", shop.key)
    assert only.json()["data"][0]["id"] == waits["id"]
