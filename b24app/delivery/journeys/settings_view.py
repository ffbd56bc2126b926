"""What this room shows in the settings."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store import client_apps, endpoints
from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.portal.portal import Portal
from b24app.resources import Resources


@dataclass(frozen=True, slots=True)
class Connected:
    """A client app and where its news goes."""

    app: ClientApp
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    connected: tuple[Connected, ...]
    busy: bool = False


async def settings_view(db: AsyncConnection, resources: Resources, portal: Portal) -> DeliverySettings:
    apps = await client_apps.living(db, portal.id)
    connected = [Connected(app, tuple(await endpoints.of_app(db, portal.id, app.id))) for app in apps]
    return DeliverySettings(tuple(connected))
