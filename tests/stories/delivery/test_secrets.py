"""What a webhook is signed with: two secrets after a rotation, none whose key is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from standardwebhooks import WebhookVerificationError

from b24app.delivery.journeys import rotating
from b24app.domain.delivery.schedule import DeliveryState
from b24app.vault import Vault
from tests.outside import Desk, verified


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


def lose_key(desk: Desk) -> None:
    """The deployment goes on with another key alone, as after a leak."""
    desk.resources = replace(desk.resources, vault=Vault((Fernet.generate_key().decode(),)))


async def test_a_changed_body_is_not_accepted_by_the_published_library(desk: Desk) -> None:
    shop = await desk.shop()
    ping = desk.receiver.heard[0]

    with pytest.raises(WebhookVerificationError):
        verified(type(ping)(ping.headers, ping.body + b" ", ping.path), shop.secret)
