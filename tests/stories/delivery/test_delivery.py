"""One webhook on its way out: signed, retried, held in order, resent, read back, sent again after a crash."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from sqlalchemy import update
from standardwebhooks import WebhookVerificationError

from b24app.delivery import webhooks
from b24app.delivery.journeys import client_apps, endpoints, registering, resending, rotating
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.journeys.run import SLICE
from b24app.demo import servers
from b24app.domain.delivery.schedule import DeliveryState, EndpointState, Trigger
from b24app.domain.portal.installation import PortalState
from b24app.manifest import Manifest
from b24app.portal.store import portals
from b24app.store import tables
from b24app.vault import Vault
from b24app.work.store import index
from tests.doors.test_answers import Line, answering
from tests.outside import Desk, Shop, open_desk, strict, verified
from tests.world import Killed


@pytest.fixture
async def desk(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Desk]:
    async with open_desk(clean_database, redis_url, manifest) as opened:
        yield opened


async def state(desk: Desk, shop: Shop) -> tuple[EndpointState, str]:
    found = await endpoints.find(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    return found.state, found.state_reason


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


async def test_a_failure_is_retried_with_the_same_bytes_and_a_new_timestamp(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.answers = [500, 302]
    await desk.publish(shop.portal, desk.event(shop.portal))

    await desk.drain()
    await desk.drain(seconds=4)
    assert len(desk.receiver.news()) == 1
    await desk.drain(seconds=2)
    await desk.drain(seconds=299)
    assert len(desk.receiver.news()) == 2
    await desk.drain(seconds=60)

    first, second, third = desk.receiver.news()
    assert first.id == second.id == third.id
    assert first.body == second.body == third.body
    assert first.sequence == third.sequence == 1
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 6
    assert [one.headers["webhook-attempt"] for one in (first, second, third)] == ["1", "2", "3"]
    (done,) = await desk.deliveries(shop)
    assert (done.state, done.tries) == (DeliveryState.DELIVERED, 3)


async def test_a_redirect_is_not_followed(desk: Desk) -> None:
    shop = await desk.shop()

    async def away(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": desk.receiver.url.replace("/hooks", "/elsewhere")})

    desk.receiver.answers = [away]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    assert [one.path for one in desk.receiver.news()] == ["/hooks"]
    (waits,) = await desk.deliveries(shop)
    assert (waits.state, waits.last_status, waits.last_error) == (DeliveryState.WAITING, 307, "redirect")


async def test_after_the_last_try_it_is_given_up_and_can_still_be_resent(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.always = 503
    await desk.publish(shop.portal, desk.event(shop.portal))
    for _ in range(12):
        await desk.drain(hours=30)

    (lost,) = await desk.deliveries(shop)
    assert (lost.state, lost.tries, len(desk.receiver.news())) == (DeliveryState.EXHAUSTED, 10, 10)
    assert await desk.waiting() == 0

    await resending.resend(desk.resources, shop.portal, shop.app_id, lost.id)
    await desk.drain()
    (lost,) = await desk.deliveries(shop)
    assert (lost.state, lost.tries, lost.attempts) == (DeliveryState.EXHAUSTED, 10, 11)
    assert await desk.waiting() == 0

    desk.receiver.always = 200
    await resending.resend(desk.resources, shop.portal, shop.app_id, lost.id)
    await desk.drain()
    found, made = await resending.delivery(desk.resources, shop.portal, shop.app_id, lost.id)
    assert (found.state, found.tries) == (DeliveryState.DELIVERED, 10)
    assert [one.trigger for one in made] == [Trigger.SCHEDULED] * 10 + [Trigger.MANUAL] * 2
    assert [one.number for one in made] == list(range(1, 13))


async def test_a_manual_resend_that_fails_leaves_the_plan_as_it_was(desk: Desk) -> None:
    shop = await desk.shop()
    desk.receiver.always = 500
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    (before,) = await desk.deliveries(shop)

    await resending.resend(desk.resources, shop.portal, shop.app_id, before.id)
    await desk.drain(seconds=1)
    (after,) = await desk.deliveries(shop)

    assert (after.next_at, after.tries, after.attempts) == (before.next_at, 1, 2)
    desk.receiver.always = 200
    await desk.drain(seconds=6)
    assert (await desk.deliveries(shop))[0].state is DeliveryState.DELIVERED


async def test_a_dropped_connection_is_tried_again_at_once_and_not_counted(desk: Desk) -> None:
    shop = await desk.shop()

    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        return web.Response()

    desk.receiver.answers = [hang_up]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    (done,) = await desk.deliveries(shop)
    _, made = await resending.delivery(desk.resources, shop.portal, shop.app_id, done.id)
    assert (done.state, done.tries) == (DeliveryState.DELIVERED, 1)
    assert [(one.trigger, one.error) for one in made] == [(Trigger.SCHEDULED, "connection"), (Trigger.INSTANT, None)]


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


async def test_429_slows_the_endpoint_and_asks_are_honoured_within_bounds(desk: Desk) -> None:
    shop = await desk.shop()

    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "604800"})

    desk.receiver.answers = [busy]
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    (waits,) = await desk.deliveries(shop)
    assert waits.next_at
    wait = waits.next_at - desk.clock()
    assert timedelta(seconds=60) <= wait <= timedelta(seconds=66)


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


async def test_both_secrets_sign_for_a_day_after_a_rotation(desk: Desk) -> None:
    shop = await desk.shop()
    rotated = await rotating.rotate_secret(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()
    both = desk.receiver.news()[-1]
    assert verified(both, shop.secret) == verified(both, rotated.secret)

    desk.clock.move(hours=24, seconds=1)
    await desk.publish(shop.portal, desk.event(shop.portal))
    await desk.drain()

    assert len(both.headers["webhook-signature"].split(" ")) == 2
    assert len(desk.receiver.news()[-1].headers["webhook-signature"].split(" ")) == 1


async def test_a_secret_whose_key_is_gone_holds_back_its_own_endpoint_only(desk: Desk) -> None:
    shop, other = await desk.shop("one"), await desk.shop("other", desk.receiver.url.replace("/hooks", "/other"))
    lose_key(desk)
    await rotating.rotate_secret(desk.resources, other.portal, other.app_id, other.endpoint_id)
    for one in (shop, other):
        await desk.publish(one.portal, desk.event(one.portal))
    await desk.drain()

    assert [one.path for one in desk.receiver.news()] == ["/other"], "signed by the new secret alone"
    assert [(one.state, one.last_error) for one in await desk.deliveries(shop)] == [(DeliveryState.WAITING, "unsigned")]

    rotated = await rotating.rotate_secret(desk.resources, shop.portal, shop.app_id, shop.endpoint_id)
    await desk.drain(seconds=6)
    assert verified(desk.receiver.news()[-1], rotated.secret)
    assert [one.state for one in await desk.deliveries(shop)] == [DeliveryState.DELIVERED]


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


def lose_key(desk: Desk) -> None:
    """The deployment goes on with another key alone, as after a leak."""
    desk.resources = replace(desk.resources, vault=Vault((Fernet.generate_key().decode(),)))


async def test_a_changed_body_is_not_accepted_by_the_published_library(desk: Desk) -> None:
    shop = await desk.shop()
    ping = desk.receiver.heard[0]

    with pytest.raises(WebhookVerificationError):
        verified(type(ping)(ping.headers, ping.body + b" ", ping.path), shop.secret)


@pytest.mark.parametrize("point", ["delivery.claimed", "delivery.sent", "delivery.settled"])
async def test_a_worker_killed_anywhere_loses_nothing(desk: Desk, point: str) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))
    desk.failpoints.armed = {point}

    with pytest.raises(Killed):
        await desk.drain()
    await desk.drain(seconds=index.LEASE.total_seconds() + 1)

    heard = desk.receiver.news()
    assert len({one.id for one in heard}) == 1  # at least once; the receiver drops the second by its id
    assert len(heard) == (2 if point == "delivery.sent" else 1)
    (done,) = await desk.deliveries(shop)
    assert done.state is DeliveryState.DELIVERED
    assert await desk.waiting() == 0


async def test_what_another_worker_took_over_is_not_stored_twice(desk: Desk) -> None:
    shop = await desk.shop()
    await desk.publish(shop.portal, desk.event(shop.portal))

    async def slow(request: web.Request) -> web.Response:
        """While the first worker waits its claim runs out, and a second one sends and settles."""
        await desk.drain(seconds=index.LEASE.total_seconds() + 1)
        return web.Response(status=500)

    desk.receiver.answers = [slow]
    await desk.drain()

    (done,) = await desk.deliveries(shop)
    _, made = await resending.delivery(desk.resources, shop.portal, shop.app_id, done.id)
    assert (done.state, len(made), len(desk.receiver.news())) == (DeliveryState.DELIVERED, 1, 2)


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


async def test_portals_do_not_hear_each_other(desk: Desk) -> None:
    one = await desk.shop("one")
    other = await desk.shop("other", desk.receiver.url.replace("/hooks", "/other"))
    await desk.publish(one.portal, desk.event(one.portal))
    await desk.drain()

    assert [told.path for told in desk.receiver.news()] == ["/hooks"]
    assert await desk.deliveries(other) == []


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


async def test_two_workers_at_once_send_everything_once_in_gapless_numbers(desk: Desk) -> None:
    shop = await desk.shop()
    for _ in range(4):
        await desk.publish(shop.portal, *(desk.event(shop.portal) for _ in range(100)))

    await asyncio.gather(desk.drain(), desk.drain())

    assert sorted(one.sequence or 0 for one in desk.receiver.news()) == list(range(1, 401))
    assert {one.state for one in await desk.deliveries(shop)} == {DeliveryState.DELIVERED}
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


async def test_a_quiet_tenants_news_joins_a_drain_that_is_full_of_a_slow_ones(desk: Desk) -> None:
    slow, quiet = await desk.shop("slow"), await desk.shop("quiet", desk.receiver.url.replace("/hooks", "/quiet"))
    for _ in range(5):  # with a quarter of the senders each, they hold them all
        await registering.register(desk.resources, slow.portal, slow.app_id, Wanted(desk.receiver.url))
    await desk.drain()
    full, heard, go_on, waiting = asyncio.Event(), asyncio.Event(), asyncio.Event(), 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal waiting
        if request.path == "/quiet":
            heard.set()
            return web.Response(status=204)
        waiting += 1
        if waiting == desk.resources.manifest.delivery.concurrency:
            full.set()
        await go_on.wait()
        return web.Response(status=204)

    desk.receiver.always = answer
    rows = desk.resources.manifest.delivery.concurrency * SLICE
    for _ in range(3):
        await desk.publish(slow.portal, *(desk.event(slow.portal) for _ in range(rows // 6)))
    draining = asyncio.create_task(desk.drain())
    await full.wait()
    await desk.publish(quiet.portal, desk.event(quiet.portal))
    try:
        async with asyncio.timeout(10):  # only ends a test that would hang
            await heard.wait()
    finally:
        go_on.set()
        await draining

    assert len(desk.receiver.news()) == 3 * (rows // 6) * 6 + 1
    assert await desk.waiting() == 0
