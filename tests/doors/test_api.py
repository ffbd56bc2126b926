"""The client API's doors: wrong keys, other people's ids, broken bodies, web pages; what holds for every route."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from b24app.delivery.journeys import client_apps
from b24app.domain.portal.installation import PortalState
from b24app.portal.store import portals
from tests.outside import Desk, Shop, remember

SOMEBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("key", ["", "nonsense", "b24_" + "A" * 43])
async def test_without_a_good_key_there_is_nothing(desk: Desk, key: str) -> None:
    answer = await desk.api("GET", "/endpoints", key)

    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "key_missing_or_wrong"


async def test_a_revoked_key_and_a_removed_portal_look_like_a_wrong_key(desk: Desk) -> None:
    one, other = await desk.shop("one"), await desk.shop("other")
    await client_apps.revoke(desk.resources, one.portal.id, one.app_id)
    async with desk.resources.transaction() as db:
        await portals.change(db, other.portal.id, state=PortalState.REMOVED)

    wrong = (await desk.api("GET", "/me", "b24_wrong")).text
    assert (await desk.api("GET", "/me", one.key)).text == wrong
    assert (await desk.api("GET", "/me", other.key)).text == wrong


async def test_refusals_speak_the_readers_language(desk: Desk) -> None:
    russian = await desk.api("GET", "/me", Accept_Language="ru-RU,ru;q=0.9,en;q=0.5")
    english = await desk.api("GET", "/me", Accept_Language="de, en-GB;q=0.7, ru;q=0.3")
    assert (russian.json()["title"], english.json()["title"]) == ("Нет доступа", "Not signed in")
    assert russian.headers["content-language"] == "ru"


def _routes(shop: Shop, delivery_id: str) -> list[tuple[str, str, Any]]:
    endpoint = f"/endpoints/{shop.endpoint_id}"
    return [
        ("GET", endpoint, None),
        ("PATCH", endpoint, {"enabled": False}),
        ("DELETE", endpoint, None),
        ("POST", f"{endpoint}/ping", None),
        ("POST", f"{endpoint}/rotate-secret", None),
        ("GET", f"{endpoint}/events", None),
        ("GET", f"{endpoint}/deliveries", None),
        ("GET", f"/deliveries/{delivery_id}", None),
        ("POST", f"/deliveries/{delivery_id}/resend", None),
    ]


async def test_ids_of_others_do_not_exist(desk: Desk) -> None:
    """Another portal's, and another client app's of the same portal."""
    mine, theirs = await desk.shop("one"), await desk.shop("other")
    sibling = (await client_apps.create(desk.resources, mine.portal.id, "Другое")).key
    await desk.publish(theirs.portal, desk.event(theirs.portal))
    await desk.publish(mine.portal, desk.event(mine.portal))
    await desk.drain()
    for shop, key in ((theirs, mine.key), (mine, sibling)):
        (delivery,) = await desk.deliveries(shop)
        for method, path, body in _routes(shop, str(delivery.id)):
            answer = await desk.api(method, path, key, body)
            assert (answer.status, answer.json()["code"]) == (404, "not_found"), (method, path)
    membership = await remember(desk, theirs.portal, 7, 3)
    assert (await desk.api("GET", f"/memberships/{membership}", mine.key)).status == 404
    assert (await desk.api("GET", f"/memberships/{membership}", theirs.key)).status == 200
    for path in (f"/endpoints/{SOMEBODY}", "/endpoints/7", "/nowhere"):
        assert (await desk.api("GET", path, mine.key)).json()["code"] == "not_found"


async def test_unknown_query_fields_are_refused(desk: Desk) -> None:
    shop = await desk.shop()
    answer = await desk.api("GET", "/memberships?colour=red", shop.key)
    assert (answer.status, answer.json()["errors"]) == (422, [{"field": "colour", "code": "extra_forbidden"}])


async def test_broken_and_oversized_bodies(desk: Desk) -> None:
    shop = await desk.shop()
    headers = {"Authorization": f"Bearer {shop.key}", "Content-Type": "application/json"}
    async with desk.http.post(f"{desk.api_url}/endpoints", data=b"{", headers=headers) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (422, "body_not_json")
    async with desk.http.post(f"{desk.api_url}/endpoints", data=BytesIO(b" " * 1_100_000), headers=headers) as answer:
        assert answer.status == 413
    assert (await desk.api("PUT", "/endpoints", shop.key)).json()["code"] == "method_not_allowed"


async def test_web_pages_may_use_a_key_made_for_their_origin(desk: Desk) -> None:
    portal = await desk.portal("one")
    page, other = "https://cabinet.example.com", "https://other.example.com"
    key = (await client_apps.create(desk.resources, portal.id, "Кабинет", (page,))).key
    elsewhere = (await client_apps.create(desk.resources, portal.id, "Другое", (other,))).key
    asks = {"Access_Control_Request_Method": "GET"}

    preflight = await desk.api("OPTIONS", "/me", Origin=page, **asks)
    assert (preflight.status, preflight.headers["Access-Control-Allow-Origin"]) == (204, page)
    assert (await desk.api("OPTIONS", "/me", Origin="https://evil.example", **asks)).status == 403

    mine = await desk.api("GET", "/me", key, Origin=page)
    assert (mine.status, mine.headers["Access-Control-Allow-Origin"]) == (200, page)
    theirs = await desk.api("GET", "/me", elsewhere, Origin=page)
    assert (theirs.status, theirs.json()["code"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in theirs.headers


async def test_the_documentation_describes_every_route(desk: Desk) -> None:
    document = (await desk.api("GET", "/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert operation["security"], (method, path)
    page = await desk.api("GET", "/docs")
    assert page.status == 200
    assert "https://" not in page.text
