"""Routes of endpoints: they live, wrong fields are named, ten are the most."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from b24app.delivery.journeys import client_apps, registering
from b24app.errors import Refused
from tests.outside import Desk, strict


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
