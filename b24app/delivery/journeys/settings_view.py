"""What this room shows in the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store import client_apps, endpoints, health, receivers
from b24app.delivery.store.client_apps import ClientApp, DisconnectedApp
from b24app.delivery.store.endpoints import Endpoint
from b24app.delivery.store.health import RecentDeliveries
from b24app.delivery.store.receivers import ReceivedWebhook
from b24app.delivery.store.retention import DISCONNECTED
from b24app.domain.delivery.health import EndpointHealth, health_of
from b24app.domain.portal.portal import Portal
from b24app.resources import Resources

COUNTED_OVER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ConnectedEndpoint:
    """Where news goes, and how it does there."""

    endpoint: Endpoint
    health: EndpointHealth
    recent: RecentDeliveries

    @property
    def testing(self) -> bool:
        """A ping or a test is on its way there for the first time."""
        test = self.recent.test
        return self.health is EndpointHealth.CHECKING or (test is not None and test.under_way)


@dataclass(frozen=True, slots=True)
class Connected:
    """A client app and where its news goes."""

    app: ClientApp
    endpoints: tuple[ConnectedEndpoint, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A webhook that the test receiver got. `text`: its body for people to read; `sentence`: what happened, by
    language; `test`: it is no news."""

    webhook: ReceivedWebhook
    text: str
    sentence: Mapping[str, str]
    test: bool


@dataclass(frozen=True, slots=True)
class ReceiverView:
    """The test receiver, and what it got, the newest first."""

    client_app_id: UUID
    endpoint: ConnectedEndpoint
    got: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """`disconnected`: client apps that can be connected again; `receiver`: None where it is switched off."""

    connected: tuple[Connected, ...]
    disconnected: tuple[DisconnectedApp, ...]
    receiver: ReceiverView | None

    @property
    def busy(self) -> bool:
        """Whoever has switched the receiver on waits for what comes."""
        return self.receiver is not None or any(one.testing for app in self.connected for one in app.endpoints)


async def settings_view(db: AsyncConnection, resources: Resources, portal: Portal) -> DeliverySettings:
    now = resources.now()
    recent = await health.recent(db, portal.id, now - COUNTED_OVER)
    apps = [
        Connected(app, await _endpoints(db, portal.id, app.id, recent))
        for app in await client_apps.living(db, portal.id)
    ]
    return DeliverySettings(
        connected=tuple(apps),
        disconnected=tuple(await client_apps.disconnected(db, portal.id, now - DISCONNECTED)),
        receiver=await _receiver(db, resources, portal.id, recent),
    )


async def _receiver(
    db: AsyncConnection, resources: Resources, portal_id: int, recent: dict[UUID, RecentDeliveries]
) -> ReceiverView | None:
    receiver = await receivers.of_portal(db, portal_id)
    found = await _endpoints(db, portal_id, receiver.client_app_id, recent) if receiver else ()
    if receiver is None or not found:
        return None
    got = tuple(_shown(resources, webhook) for webhook in await receivers.newest(db, portal_id))
    return ReceiverView(receiver.client_app_id, found[0], got)


async def _endpoints(
    db: AsyncConnection, portal_id: int, app_id: UUID, recent: dict[UUID, RecentDeliveries]
) -> tuple[ConnectedEndpoint, ...]:
    return tuple(
        ConnectedEndpoint(endpoint, _health(endpoint, recent[endpoint.id]), recent[endpoint.id])
        for endpoint in await endpoints.of_app(db, portal_id, app_id)
        if endpoint.id in recent  # one registered since they were read comes with the next look
    )


def _health(endpoint: Endpoint, recent: RecentDeliveries) -> EndpointHealth:
    failing, told = endpoint.failing_since is not None, recent.delivered_at is not None
    return health_of(endpoint.state, endpoint.state_reason, failing=failing, told=told)


def _shown(resources: Resources, webhook: ReceivedWebhook) -> Shown:
    body = json.loads(webhook.body)
    known = resources.news.types.get(webhook.type)
    sentence = known.SENTENCE._asdict() if known else {}
    return Shown(webhook, json.dumps(body, ensure_ascii=False, indent=2), sentence, body.get("test", False))
