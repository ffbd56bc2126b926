"""The client API's doors: wrong keys, other people's ids, wrong fields, repeated requests; and what it answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert

from b24app.delivery.journeys import client_apps, endpoints, once, registering, rotating
from b24app.delivery.journeys.endpoints import WithSecret
from b24app.delivery.store import idempotency
from b24app.demo import servers
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.manifest import Manifest
from b24app.portal.store import portals
from b24app.store import tables
from b24app.vault import Vault
from tests.outside import Desk, Shop, open_desk, strict
from tests.world import Killed

SOMEBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def desk(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Desk]:
    async with open_desk(clean_database, redis_url, manifest) as opened:
        yield opened


async def remember(
    desk: Desk, portal: Portal, contact: int, company: int, state: str = "confirmed", age: float = 0
) -> str:
    """A membership row, as the verification journey leaves it."""
    id_ = uuid4()
    async with desk.resources.tenant(portal.id) as db:
        await db.execute(
            insert(tables.memberships).values(
                id=id_,
                portal_id=portal.id,
                contact_id=contact,
                company_id=company,
                state=state,
                reason="known",
                decided_by_source="unknown",
                told_state=state,
                updated_at=desk.clock() - timedelta(seconds=age),
            )
        )
    return str(id_)


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


async def test_me(desk: Desk) -> None:
    shop = await desk.shop()
    me = (await desk.api("GET", "/me", shop.key)).json()
    assert (me["portal"], me["name"], me["stale"]) == ("p_one", "Кабинет", False)
    assert me["event_types"] == ["membership.verification_changed", "membership.moved"]


async def test_refusals_speak_the_readers_language(desk: Desk) -> None:
    russian = await desk.api("GET", "/me", Accept_Language="ru-RU,ru;q=0.9,en;q=0.5")
    english = await desk.api("GET", "/me", Accept_Language="de, en-GB;q=0.7, ru;q=0.3")
    assert (russian.json()["title"], english.json()["title"]) == ("Нет доступа", "Not signed in")
    assert russian.headers["content-language"] == "ru"


async def test_an_endpoint_lives(desk: Desk) -> None:
    portal = await desk.portal("one")
    key = (await client_apps.create(desk.resources, portal.id, "Кабинет")).key
    body = {"url": desk.receiver.url, "event_types": ["membership.verification_changed"], "description": "ЛК"}

    made = await desk.api("POST", "/endpoints", key, body)
    assert made.status == 201
    endpoint = made.json()
    assert endpoint.pop("secret").startswith("whsec_")
    assert endpoint["state"] == "checking"
    assert (await desk.api("GET", f"/endpoints/{endpoint['id']}", key)).json() == endpoint

    await desk.drain()
    (listed,) = (await desk.api("GET", "/endpoints", key)).json()["data"]
    assert listed["state"] == "active"

    off = await desk.api("PATCH", f"/endpoints/{endpoint['id']}", key, {"enabled": False, "description": "Новый"})
    assert (off.json()["state"], off.json()["state_reason"], off.json()["description"]) == (
        "disabled",
        "owner",
        "Новый",
    )
    refused = await desk.api("POST", f"/endpoints/{endpoint['id']}/ping", key)
    assert (refused.status, refused.json()["code"]) == (409, "endpoint_disabled")

    on = await desk.api("PATCH", f"/endpoints/{endpoint['id']}", key, {"enabled": True})
    assert on.json()["state"] == "checking"
    await desk.drain()
    assert (await desk.api("GET", f"/endpoints/{endpoint['id']}", key)).json()["state"] == "active"

    assert (await desk.api("DELETE", f"/endpoints/{endpoint['id']}", key)).status == 204
    assert (await desk.api("GET", f"/endpoints/{endpoint['id']}", key)).status == 404
    assert (await desk.api("GET", "/endpoints", key)).json() == {"data": []}


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


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "url", "missing"),
        ({"url": "http://x.example/", "colour": 1}, "colour", "extra_forbidden"),
        ({"url": 7}, "url", "string_type"),
        ({"url": "ftp://x.example/"}, "url", "url_not_a_url"),
        ({"url": "http://user:word@x.example/"}, "url", "url_user_info"),
        ({"url": "http://127.0.0.1/#part"}, "url", "url_fragment"),
        ({"url": "http://127.0.0.1/", "event_types": ["loyalty.stolen"]}, "event_types", "event_type_unknown"),
        ({"url": "http://127.0.0.1/", "description": "x" * 501}, "description", "string_too_long"),
        ({"url": "http://xn--localhost-.example/"}, "url", "url_host_name_wrong"),
        ({"url": "http://☃.example/"}, "url", "url_host_name_wrong"),
        ({"url": "http://127.0.0.1/\0"}, "url", "url_not_a_url"),
    ],
)
async def test_wrong_fields_are_named(desk: Desk, body: Any, field: str, code: str) -> None:
    shop = await desk.shop()
    answer = await desk.api("POST", "/endpoints", shop.key, body)
    assert answer.status == 422
    assert {"field": field, "code": code} in answer.json()["errors"]


async def test_private_addresses_are_refused_outside_dev_mode(desk: Desk) -> None:
    for url in ("https://127.0.0.1/", "https://10.0.0.1/", "https://localhost/", "https://[::1]/"):
        with pytest.raises(Refused) as refused:
            await registering.validate(strict(desk.resources), 1, registering.Wanted(url=url))
        assert refused.value.code == "url_private_address"


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


async def test_a_repeated_request_is_answered_and_not_repeated(desk: Desk) -> None:
    portal = await desk.portal("one")
    key = (await client_apps.create(desk.resources, portal.id, "Кабинет")).key
    body = {"url": desk.receiver.url}
    first = await desk.api("POST", "/endpoints", key, body, Idempotency_Key="k1")
    again = await desk.api("POST", "/endpoints", key, body, Idempotency_Key="k1")
    other = await desk.api("POST", "/endpoints", key, {**body, "description": "x"}, Idempotency_Key="k1")

    assert first.status == again.status == 201
    assert first.json() == again.json()
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert (other.status, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await desk.api("GET", "/endpoints", key)).json()["data"]) == 1

    desk.clock.move(hours=13)
    assert (await desk.api("POST", "/endpoints", key, body, Idempotency_Key="k1")).json()["id"] != first.json()["id"]


async def test_a_request_at_work_is_not_started_twice_and_a_dead_one_is_taken_over(desk: Desk) -> None:
    shop = await desk.shop()
    path = f"/endpoints/{shop.endpoint_id}/ping"
    asked = once.Request(shop.portal.id, shop.app_id, f"POST /api/v1{path}", "k", b"")
    async with desk.resources.tenant(shop.portal.id) as db:
        await idempotency.start(db, shop.portal.id, asked.digest, sha256(b"").digest(), desk.clock())

    busy = await desk.api("POST", path, shop.key, Idempotency_Key="k")
    assert (busy.status, busy.json()["code"]) == (409, "idempotency_key_in_progress")
    desk.clock.move(seconds=61)
    assert (await desk.api("POST", path, shop.key, Idempotency_Key="k")).status == 202


async def test_killed_between_work_and_answer_it_is_done_once_all_the_same(desk: Desk) -> None:
    shop = await desk.shop()
    asked, rotate = rotation(desk, shop)
    desk.failpoints.armed = {"once.done"}

    with pytest.raises(Killed):
        await once.once(desk.resources, asked, rotate, shown)
    again = await once.once(desk.resources, asked, rotate, shown)

    assert again.replayed
    rotated = await endpoints.find(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    assert desk.resources.vault.open(rotated.secret) == again.body
    assert len(rotated.old_secrets) == 1


async def test_what_was_done_is_not_done_again_when_the_key_of_its_answer_is_gone(desk: Desk) -> None:
    """The deployment's key ring was changed, and the process that answers the repeat knows the new key only."""
    shop = await desk.shop()
    asked, rotate = rotation(desk, shop)
    first = await once.once(desk.resources, asked, rotate, shown)
    ring = (Fernet.generate_key().decode(), *desk.resources.settings.secret_keys)

    kept = await once.once(replace(desk.resources, vault=Vault(ring)), asked, rotate, shown)
    with pytest.raises(Refused) as refused:
        await once.once(replace(desk.resources, vault=Vault(ring[:1])), asked, rotate, shown)

    assert (kept.body, kept.replayed) == (first.body, True)
    assert (refused.value.code, refused.value.status) == ("idempotency_answer_lost", 409)
    rotated = await endpoints.find(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    assert desk.resources.vault.open(rotated.secret) == first.body
    desk.clock.move(hours=13)
    assert not (await once.once(desk.resources, asked, rotate, shown)).replayed


async def test_who_was_taken_for_dead_does_nothing_any_more(desk: Desk) -> None:
    shop = await desk.shop()
    asked, rotate = rotation(desk, shop)
    others: list[once.Response] = []

    async def slowly(keep: once.Keep[WithSecret]) -> WithSecret:
        desk.clock.move(seconds=61)
        others.append(await once.once(desk.resources, asked, rotate, shown))
        return await rotate(keep)

    with pytest.raises(Refused) as refused:
        await once.once(desk.resources, asked, slowly, shown)

    assert refused.value.code == "idempotency_key_in_progress"
    again = await once.once(desk.resources, asked, rotate, shown)
    assert (again.replayed, again.body) == (True, others[0].body)
    rotated = await endpoints.find(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    assert len(rotated.old_secrets) == 1


def rotation(desk: Desk, shop: Shop) -> tuple[once.Request, Callable[[once.Keep[WithSecret]], Awaitable[WithSecret]]]:
    """A request with a key, and its work."""
    asked = once.Request(shop.portal.id, shop.app_id, "POST rotate", "k", b"")
    return asked, partial(rotating.rotate_secret, desk.resources, shop.portal, shop.app_id, shop.endpoint_id)


def shown(made: WithSecret) -> once.Response:
    return once.Response(200, made.secret)


async def test_one_key_many_times_at_once_with_a_body_that_is_refused(desk: Desk) -> None:
    shop, answered = await desk.shop(), set()
    for _ in range(5):
        asking = [desk.api("POST", "/endpoints", shop.key, {"url": "ftp://x/"}, Idempotency_Key="k") for _ in range(20)]
        answered |= {(one.status, one.json()["code"]) for one in await asyncio.gather(*asking)}
    assert answered <= {(422, "url_not_a_url"), (409, "idempotency_key_in_progress")}


async def test_ten_endpoints_are_the_most_however_many_come_at_once(desk: Desk) -> None:
    portal = await desk.portal("one")
    key = (await client_apps.create(desk.resources, portal.id, "Кабинет")).key
    asking = [desk.api("POST", "/endpoints", key, {"url": desk.receiver.url}) for _ in range(30)]
    answered = Counter((one.status, one.json().get("code")) for one in await asyncio.gather(*asking))
    assert answered == {(201, None): 10, (409, "too_many_endpoints"): 20}


async def test_a_client_app_that_is_revoked_meanwhile_gets_no_endpoint(desk: Desk) -> None:
    shop = await desk.shop()
    await client_apps.revoke(desk.resources, shop.portal.id, shop.app_id)
    with pytest.raises(Refused):
        await registering.register(desk.resources, shop.portal, shop.app_id, registering.Wanted(desk.receiver.url))


async def test_a_refused_request_may_be_repeated_with_its_key(desk: Desk) -> None:
    shop = await desk.shop()
    path = f"/endpoints/{shop.endpoint_id}/ping"
    await desk.api("PATCH", f"/endpoints/{shop.endpoint_id}", shop.key, {"enabled": False})
    assert (await desk.api("POST", path, shop.key, Idempotency_Key="k")).status == 409
    await desk.api("PATCH", f"/endpoints/{shop.endpoint_id}", shop.key, {"enabled": True})
    assert (await desk.api("POST", path, shop.key, Idempotency_Key="k")).status == 202


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


async def test_memberships_with_their_sections(desk: Desk) -> None:
    shop = await desk.shop()
    noise = await desk.portal("noise")
    await remember(desk, noise, 7, 3)
    async with desk.resources.tenant(shop.portal.id) as db:
        await db.execute(
            insert(tables.records).values(
                portal_id=shop.portal.id, kind="contact", crm_id=7, title="Илья", settled={}, seen_at=desk.clock()
            )
        )
    pending = await remember(desk, shop.portal, 7, 3, "pending", age=10)
    alone = await remember(desk, shop.portal, 8, 0, age=5)

    first, second = (await desk.api("GET", "/memberships", shop.key)).json()["data"]

    assert (first["id"], first["contact"], first["company"]) == (
        pending,
        {"id": 7, "name": "Илья"},
        {"id": 3, "name": ""},
    )
    assert first["sections"] == {
        "catalogue": "open",
        "chat": "open",
        "orders": "blocked",
        "documents": "blocked",
        "loyalty": "blocked",
    }
    assert (second["id"], second["company"]) == (alone, None)
    assert set(second["sections"].values()) == {"open"}
    assert (await desk.api("GET", f"/memberships/{alone}", shop.key)).json()["data"] == second


async def test_memberships_are_read_in_pages_and_filtered(desk: Desk) -> None:
    shop = await desk.shop()
    made = [
        await remember(desk, shop.portal, 1 + n, n % 3, "pending" if n % 2 else "confirmed", 60 - n // 2)
        for n in range(7)
    ]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await desk.api("GET", f"/memberships?limit=2&cursor={cursor}", shop.key)).json()
        seen += [one["id"] for one in page["data"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(made)
    assert len(seen) == 7

    async def ids(query: str) -> set[str]:
        return {one["id"] for one in (await desk.api("GET", f"/memberships?{query}", shop.key)).json()["data"]}

    assert await ids("contact_id=3") == {made[2]}
    assert await ids("company_id=1") == {made[1], made[4]}
    assert await ids("state=pending") == {made[1], made[3], made[5]}
    since = (desk.clock() - timedelta(seconds=58)).isoformat().replace("+", "%2B")
    assert await ids(f"updated_since={since}") == set(made[4:])
    wrong = await desk.api("GET", "/memberships?cursor=abc", shop.key)
    assert (wrong.status, wrong.json()["code"]) == (422, "cursor_wrong")


async def test_answers_say_how_old_they_are(desk: Desk) -> None:
    shop = await desk.shop()
    waits_since = desk.clock() - timedelta(minutes=5)
    async with desk.resources.tenant(shop.portal.id) as db:
        await db.execute(
            insert(tables.inbox).values(
                portal_id=shop.portal.id, source="event", name="X", subject="contact:7", received_at=waits_since
            )
        )
    late = (await desk.api("GET", "/memberships", shop.key)).json()
    assert (late["as_of"], late["stale"]) == (waits_since.isoformat().replace("+00:00", "Z"), True)

    async with desk.resources.tenant(shop.portal.id) as db:
        await db.execute(tables.inbox.update().values(state="done"))
    assert (await desk.api("GET", "/memberships", shop.key)).json()["stale"] is False
    async with desk.resources.transaction() as db:
        await portals.change(db, shop.portal.id, state=PortalState.NEEDS_ADMIN)
    answer = await desk.api("GET", "/memberships", shop.key)
    assert (answer.status, answer.json()["stale"]) == (200, True)


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
