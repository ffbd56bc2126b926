"""Client apps: made, listed, disconnected, connected again. A key is shown once and kept as a digest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.journeys.pinging import publish_ping
from b24app.delivery.store import client_apps, endpoints
from b24app.delivery.store.client_apps import ClientApp, KeyOwner
from b24app.delivery.store.retention import DISCONNECTED
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import Refused
from b24app.net import addresses
from b24app.net.addresses import WrongUrl
from b24app.portal.store import journal, portals
from b24app.portal.store.journal import Changed
from b24app.resources import Resources
from b24app.store.engine import away

KEY_PREFIX = "b24_"
NAME_LIMIT = 100
USE_NOTED = timedelta(minutes=1)  # how exactly we know when a key was used last


@dataclass(frozen=True, slots=True)
class NewClientApp:
    """A client app with a new key. `key` is its only copy: only its digest is stored."""

    app: ClientApp
    key: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The client app that calls the API. `origins`: web pages that may use its key."""

    portal: Portal
    app: ClientApp
    origins: tuple[str, ...]


async def create(
    resources: Resources, portal_id: int, name: str, origins: tuple[str, ...] = (), by: Viewer | None = None
) -> NewClientApp:
    """A client app with its first key. Raises `Refused` with `name_wrong` or `origin_wrong`.

    `by`: who does it, for the journal, here and below; None: whoever runs the app.
    """
    if not 1 <= len(name.strip()) <= NAME_LIMIT:
        raise Refused("name_wrong", 422, {"limit": NAME_LIMIT})
    try:
        origins = tuple(addresses.origin(origin) for origin in origins)
    except WrongUrl:
        raise Refused("origin_wrong", 422) from None
    app = ClientApp(uuid4(), name.strip(), resources.now())
    async with resources.tenant(portal_id) as db:
        await client_apps.add(db, portal_id, app)
        key = await _add_key(db, resources, KeyOwner(portal_id, app.id, origins))
        await _note(db, resources, portal_id, by, "client_app_made", app.name)
    return NewClientApp(app, key)


async def new_key(resources: Resources, portal_id: int, client_app_id: UUID, by: Viewer | None = None) -> NewClientApp:
    """A new key for the same origins; the keys before it are refused at once. Raises `Refused` `not_found`.

    An app that was restored from an export file has no key before it.
    """
    async with resources.tenant(portal_id) as db:
        await client_apps.lock(db, portal_id, client_app_id)
        await _of_owner(db, portal_id, client_app_id)
        origins = await client_apps.revoke_keys(db, portal_id, client_app_id, resources.now())
        key = await _add_key(db, resources, KeyOwner(portal_id, client_app_id, origins))
        app = await _of_owner(db, portal_id, client_app_id)
        await _note(db, resources, portal_id, by, "key_renewed", app.name)
    return NewClientApp(app, key)


async def listing(resources: Resources, portal_id: int) -> list[ClientApp]:
    """Client apps that are not revoked, oldest first."""
    async with resources.tenant(portal_id) as db:
        return await client_apps.living(db, portal_id)


async def revoke(resources: Resources, portal_id: int, client_app_id: UUID, by: Viewer | None = None) -> None:
    """Refuse the app's keys and delete its endpoints, at once. Raises `Refused` `not_found`.

    For a week it can be connected again.
    """
    now = resources.now()
    async with resources.tenant(portal_id) as db:
        app = await _of_owner(db, portal_id, client_app_id)
        deleted = await client_apps.revoke(db, portal_id, client_app_id, now, by.name if by else "")
        if deleted is None:
            raise Refused("not_found", 404)
        for endpoint_id in deleted:
            await endpoints.make_due(db, portal_id, endpoint_id, now)
        await _note(db, resources, portal_id, by, "client_app_disconnected", app.name)
    if deleted:
        await resources.wake.outbox()


async def reconnect(
    resources: Resources, portal: Portal, client_app_id: UUID, by: Viewer | None = None
) -> NewClientApp:
    """A client app that was disconnected within a week, with a new key; its endpoints and their secrets as they were.

    Endpoints have to answer a ping first; those that were switched off stay so. News of the time between is not sent.
    Raises `Refused` `not_found`.
    """
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        origins = await client_apps.reconnect(db, portal.id, client_app_id, now - DISCONNECTED, now)
        if origins is None:
            raise Refused("not_found", 404)
        key = await _add_key(db, resources, KeyOwner(portal.id, client_app_id, origins))
        app = await client_apps.one(db, portal.id, client_app_id)
        assert app
        for endpoint in await endpoints.of_app(db, portal.id, client_app_id):
            if endpoint.state is EndpointState.CHECKING:
                await publish_ping(resources, db, portal, endpoint.id)
        await _note(db, resources, portal.id, by, "client_app_reconnected", app.name)
    await resources.wake.outbox()
    return NewClientApp(app, key)


async def origin_known(resources: Resources, origin: str) -> bool:
    """Whether pages of this origin may call the API with any key. A preflight carries no key."""
    async with resources.autocommit() as db:
        return await client_apps.origin_known(db, origin)


async def caller(resources: Resources, key: str) -> Caller | None:
    """The client app of this key. None: the key is unknown or revoked, or its portal has removed the app."""
    now, digest = resources.now(), portals.digest(key)
    async with resources.autocommit() as db:
        owner = await client_apps.by_key(db, digest)
        portal = await portals.by_id(db, owner.portal_id) if owner else None
        if owner is None or portal is None or portal.state is PortalState.REMOVED:
            return None
        if owner.last_used_at is None or owner.last_used_at < now - USE_NOTED:
            await _note_use(db, digest, now)
    async with resources.tenant(portal.id) as db:
        app = await client_apps.one(db, portal.id, owner.client_app_id)
    return Caller(portal, app, owner.origins) if app else None


async def _note_use(db: AsyncConnection, digest: bytes, now: datetime) -> None:
    """Client apps read on while the database takes no writes."""
    try:
        await client_apps.note_use(db, digest, now, now - USE_NOTED)
    except SQLAlchemyError as error:
        if not away(error):
            raise


async def _of_owner(db: AsyncConnection, portal_id: int, client_app_id: UUID) -> ClientApp:
    """Raises `Refused` `not_found`, also for one that is built in: that comes and goes otherwise."""
    app = await client_apps.one(db, portal_id, client_app_id)
    if app is None or app.built_in:
        raise Refused("not_found", 404)
    return app


async def _add_key(db: AsyncConnection, resources: Resources, owner: KeyOwner) -> str:
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    await client_apps.add_key(db, owner, portals.digest(key), key[-4:], resources.now())
    return key


async def _note(
    db: AsyncConnection, resources: Resources, portal_id: int, by: Viewer | None, action: str, app: str
) -> None:
    changed = Changed(feature="delivery", action=action, about=app)
    await journal.write(db, portal_id, by, changed, resources.now())
