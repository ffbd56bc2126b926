"""The door of the test receiver: it believes what is signed with its own endpoint's secret, and nothing else."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from b24app.delivery import webhooks
from b24app.delivery.journeys import receiver
from b24app.delivery.store import endpoints, receivers
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import Refused
from tests.outside import Desk, strict

BODY = json.dumps({"type": "membership.verification_changed", "data": {}})


def viewer(desk: Desk, portal: Portal) -> Viewer:
    return Viewer(uuid4(), portal.id, 1, "Марина Белова", True, "ru", desk.clock())


async def switched_on(desk: Desk, portal: Portal) -> tuple[str, str]:
    """Path and secret of the portal's receiver; its ping is answered."""
    await receiver.switch_on(desk.resources, portal, "Пробный приёмник", viewer(desk, portal))
    await desk.drain()
    async with desk.resources.tenant(portal.id) as db:
        made = await receivers.of_portal(db, portal.id)
        assert made
        endpoint = (await endpoints.reachable(db, portal.id, [made.endpoint_id]))[made.endpoint_id]
    secret = desk.resources.vault.opened(endpoint.secret)
    assert secret
    return f"{receiver.PATH}{made.id}", secret


async def got(desk: Desk, portal: Portal) -> list[str]:
    """Ids of what it got, without the ping."""
    async with desk.resources.tenant(portal.id) as db:
        return [one.webhook_id for one in await receivers.newest(db, portal.id) if one.type != "endpoint.ping"]


def signed(desk: Desk, secret: str, body: str = BODY, id: str = "evt_1", age: float = 0) -> dict[str, str]:
    """Headers as the published library signs."""
    desk.clock.move(seconds=-age)
    signature = Webhook(secret).sign(id, desk.clock(), body)
    timestamp = str(int(desk.clock().timestamp()))
    desk.clock.move(seconds=age)
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
        "webhook-attempt": "1",
    }


async def post(desk: Desk, path: str, headers: dict[str, str], body: str = BODY) -> int:
    url = desk.api_url.removesuffix("/api/v1") + path
    async with desk.http.post(url, data=body.encode(), headers=headers) as answer:
        return answer.status


async def test_what_is_signed_is_kept_once(desk: Desk) -> None:
    portal = await desk.portal("one")
    path, secret = await switched_on(desk, portal)
    for _ in range(2):
        assert await post(desk, path, signed(desk, secret)) == 204
    assert await got(desk, portal) == ["evt_1"]


async def test_what_is_not_signed_with_its_secret_is_refused_and_not_kept(desk: Desk) -> None:
    portal, other = await desk.portal("one"), await desk.portal("other")
    path, secret = await switched_on(desk, portal)
    _, others = await switched_on(desk, other)
    foreign = webhooks.new_secret(os.urandom(webhooks.SECRET_BYTES))
    right = signed(desk, secret)
    refused = {
        "another portal's": signed(desk, others),
        "nobody's": signed(desk, foreign),
        "too old": signed(desk, secret, age=301),
        "from the future": signed(desk, secret, age=-301),
        "of another webhook": {**right, "webhook-id": "evt_2"},
        "unsigned": {},
        "no number": {**right, "webhook-timestamp": "now"},
        "without the version": {**right, "webhook-signature": right["webhook-signature"].removeprefix("v1,")},
    }
    assert {why: await post(desk, path, headers) for why, headers in refused.items()} == dict.fromkeys(refused, 401)
    assert await post(desk, path, right, BODY + " ") == 401
    assert await got(desk, portal) == await got(desk, other) == []
    beside = {**right, "webhook-signature": f"v1,AAAA {right['webhook-signature']}"}
    assert await post(desk, path, beside) == 204, "as while a secret is being rotated"


async def test_an_address_that_is_none_is_not_there(desk: Desk) -> None:
    portal = await desk.portal("one")
    path, secret = await switched_on(desk, portal)
    headers = signed(desk, secret)
    for wrong in (f"{receiver.PATH}{uuid4()}", f"{receiver.PATH}1", receiver.PATH):
        assert await post(desk, wrong, headers) == 404
    await receiver.switch_off(desk.resources, portal, viewer(desk, portal))
    assert await post(desk, path, headers) == 404
    await desk.drain()


async def test_a_large_body_is_refused(desk: Desk) -> None:
    path, secret = await switched_on(desk, await desk.portal("one"))
    body = json.dumps({"type": "x" * receiver.LARGEST})
    assert await post(desk, path, signed(desk, secret, body), body) == 413


async def test_the_newest_twenty_are_kept(desk: Desk) -> None:
    portal = await desk.portal("one")
    path, secret = await switched_on(desk, portal)
    for number in range(25):
        assert await post(desk, path, signed(desk, secret, id=f"evt_{number}")) == 204
    assert await got(desk, portal) == [f"evt_{number}" for number in range(24, 4, -1)]


async def test_a_portal_has_one_receiver(desk: Desk) -> None:
    portal = await desk.portal("one")
    path, _ = await switched_on(desk, portal)
    assert (await switched_on(desk, portal))[0] == path


async def test_our_own_address_is_under_the_rules_for_all_addresses(desk: Desk) -> None:
    """The app stands on a private address here: outside DEV_MODE nobody is called there, ourselves not excepted."""
    portal = await desk.portal("one")
    private = replace(desk, resources=strict(desk.resources))
    with pytest.raises(Refused, match="url_https_required"):
        await receiver.switch_on(private.resources, portal, "Пробный приёмник", viewer(desk, portal))

    await switched_on(desk, portal)
    await desk.publish(portal, desk.event(portal))
    await private.drain()
    assert await got(desk, portal) == []
    assert await desk.waiting() == 1
