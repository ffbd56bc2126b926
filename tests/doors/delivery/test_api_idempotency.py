"""Repeated requests: answered again, done once, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256

import pytest
from cryptography.fernet import Fernet

from b24app.delivery.journeys import client_apps, endpoints, once, rotating
from b24app.delivery.journeys.endpoints import WithSecret
from b24app.delivery.store import idempotency
from b24app.errors import Refused
from b24app.vault import Vault
from tests.outside import Desk, Shop
from tests.world import Killed


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


async def test_a_refused_request_may_be_repeated_with_its_key(desk: Desk) -> None:
    shop = await desk.shop()
    path = f"/endpoints/{shop.endpoint_id}/ping"
    await desk.api("PATCH", f"/endpoints/{shop.endpoint_id}", shop.key, {"enabled": False})
    assert (await desk.api("POST", path, shop.key, Idempotency_Key="k")).status == 409
    await desk.api("PATCH", f"/endpoints/{shop.endpoint_id}", shop.key, {"enabled": True})
    assert (await desk.api("POST", path, shop.key, Idempotency_Key="k")).status == 202
