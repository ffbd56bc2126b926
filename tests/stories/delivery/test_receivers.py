"""Receivers as they are: senseless headers, slow and long answers, odd addresses, faults that only they bring out."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from b24app.delivery import webhooks
from b24app.delivery.journeys import client_apps, endpoints, registering, resending
from b24app.delivery.journeys.registering import Wanted
from b24app.domain.delivery.schedule import DeliveryState, EndpointState
from tests.doors.test_answers import Line, answering
from tests.outside import Desk, strict


async def test_a_senseless_retry_after_costs_nobody_anything(desk: Desk) -> None:
    shop, other = await desk.shop("one"), await desk.shop("other", desk.receiver.url.replace("/hooks", "/other"))

    async def senseless(request: web.Request) -> web.Response:
        never = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
        return web.Response(status=503 if request.path == "/hooks" else 204, headers={"Retry-After": never})

    desk.receiver.always = senseless
    for one in (shop, other):
        await desk.publish(one.portal, desk.event(one.portal))
    await desk.drain()

    assert [(one.state, one.last_status) for one in await desk.deliveries(shop)] == [(DeliveryState.WAITING, 503)]
    assert [one.state for one in await desk.deliveries(other)] == [DeliveryState.DELIVERED]


async def test_a_fault_of_ours_that_one_receiver_brings_out_does_not_end_the_drain(desk: Desk) -> None:
    shop, other = await desk.shop("one"), await desk.shop("other", desk.receiver.url.replace("/hooks", "/other"))

    async def faulty(request: aiohttp.ClientRequest, call: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        if request.url.path == "/hooks":
            raise KeyError("nobody thought of this")
        return await call(request)

    for one in (shop, other):
        await desk.publish(one.portal, desk.event(one.portal))
    async with aiohttp.ClientSession(middlewares=(faulty,)) as http:
        desk.resources = replace(desk.resources, outward_http=http)
        await desk.drain()

    assert [(one.state, one.last_error) for one in await desk.deliveries(shop)] == [(DeliveryState.WAITING, "protocol")]
    assert [one.state for one in await desk.deliveries(other)] == [DeliveryState.DELIVERED]


async def test_a_slow_body_does_not_undo_a_good_status(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "BODY_PATIENCE", 0.05)
    shop, go_on = await desk.shop(), asyncio.Event()

    async def slowly(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"thanks")
        await go_on.wait()
        return answer

    desk.receiver.answers = [slowly]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    go_on.set()

    (done,) = await desk.deliveries(shop)
    _, (made,) = await resending.delivery(desk.resources, shop.portal, shop.app_id, done.id)
    assert (done.state, made.status, made.response) == (DeliveryState.DELIVERED, 200, "thanks")
    assert made.duration_ms < 10_000, "a sender does not wait out the 15 seconds of the attempt"


async def test_a_receiver_that_counts_its_answer_in_letters_becomes_active_and_hears_all_once(desk: Desk) -> None:
    portal = await desk.portal("one")
    app = (await client_apps.create(desk.resources, portal.id, "Кабинет")).app
    line = Line([b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n" + '{"status": "принято"}'.encode()])
    async with answering(line) as url:
        made = await registering.register(desk.resources, portal, app.id, Wanted(url))
        await desk.drain()
        await desk.publish(portal, desk.event(portal), desk.event(portal))
        await desk.drain()
        await desk.drain(minutes=10)

    found = await endpoints.find(desk.resources, portal, app.id, made.endpoint.id)
    assert found.state is EndpointState.ACTIVE
    assert len(line.heads) == 3, "a ping and two webhooks"
    assert await desk.waiting() == 0


async def test_an_address_in_its_own_letters_is_kept_as_given_and_called_in_its_ascii_form(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, known, asked = await desk.shop(), socket.getaddrinfo, []

    def answer(host: str, *more: Any, **named: Any) -> Any:
        asked.append(host)
        return known("127.0.0.5" if host == "xn--80aairftm.xn--p1ai" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    url = desk.receiver.url.replace("127.0.0.5", "магазин.рф") + "/хук?sig=a%2Fb&to[]=1"
    path = f"/endpoints/{shop.endpoint_id}"
    assert (await desk.api("PATCH", path, shop.key, {"url": url})).json()["url"] == url
    await desk.drain()
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    heard = desk.receiver.news()[-1]
    assert (heard.path, heard.headers["host"].partition(":")[0]) == ("/hooks/хук", "xn--80aairftm.xn--p1ai")
    assert heard.target == "/hooks/%D1%85%D1%83%D0%BA?sig=a%2Fb&to[]=1"
    assert set(asked) == {"xn--80aairftm.xn--p1ai"}
    assert [one["url"] for one in (await desk.api("GET", "/endpoints", shop.key)).json()["data"]] == [url]
    assert [one.state for one in await desk.deliveries(shop)] == [DeliveryState.DELIVERED]


async def test_a_loopback_address_is_refused_outside_dev_mode(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    desk.resources = strict(desk.resources)

    await desk.drain()

    assert desk.receiver.news() == []
    (waits,) = await desk.deliveries(shop)
    assert (waits.state, waits.last_error) == (DeliveryState.WAITING, "refused_address")


async def test_a_long_answer_is_cut_and_kept_without_nul(desk: Desk) -> None:
    shop = await desk.shop()

    async def chatty(request: web.Request) -> web.Response:
        return web.Response(status=500, body=b"a\0b" + b"x" * 10_000)

    desk.receiver.answers = [chatty]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    (waits,) = await desk.deliveries(shop)
    _, (made,) = await resending.delivery(desk.resources, shop.portal, shop.app_id, waits.id)
    assert made.response == "ab" + "x" * 4093
    assert made.address == "127.0.0.5"
