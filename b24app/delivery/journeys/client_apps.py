"""Client apps: made, listed, revoked. A key is shown once and kept as a digest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

from b24app.delivery.store import client_apps, endpoints
from b24app.delivery.store.client_apps import ClientApp, KeyOwner
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.net import addresses
from b24app.net.addresses import WrongUrl
from b24app.portal.store import portals
from b24app.resources import Resources

KEY_PREFIX = "b24_"
NAME_LIMIT = 100


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


async def create(resources: Resources, portal_id: int, name: str, origins: tuple[str, ...] = ()) -> NewClientApp:
    """A client app with its first key. Raises `Refused` with `name_wrong` or `origin_wrong`."""
    if not 1 <= len(name.strip()) <= NAME_LIMIT:
        raise Refused("name_wrong", 422, {"limit": NAME_LIMIT})
    try:
        origins = tuple(addresses.origin(origin) for origin in origins)
    except WrongUrl:
        raise Refused("origin_wrong", 422) from None
    app, key = ClientApp(uuid4(), name.strip(), resources.now()), KEY_PREFIX + secrets.token_urlsafe(32)
    async with resources.tenant(portal_id) as db:
        await client_apps.add(db, portal_id, app)
        owner = KeyOwner(portal_id, app.id, origins)
        await client_apps.add_key(db, owner, portals.digest(key), key[-4:], resources.now())
    return NewClientApp(app, key)


async def new_key(resources: Resources, portal_id: int, client_app_id: UUID) -> NewClientApp:
    """A new key for the same origins; the keys before it are refused at once. Raises `Refused` `not_found`.

    An app that was restored from an export file has no key before it.
    """
    key, now = KEY_PREFIX + secrets.token_urlsafe(32), resources.now()
    async with resources.tenant(portal_id) as db:
        if not await client_apps.lock(db, portal_id, client_app_id):
            raise Refused("not_found", 404)
        origins = await client_apps.revoke_keys(db, portal_id, client_app_id, now)
        owner = KeyOwner(portal_id, client_app_id, origins)
        await client_apps.add_key(db, owner, portals.digest(key), key[-4:], now)
        app = await client_apps.one(db, portal_id, client_app_id)
    assert app
    return NewClientApp(app, key)


async def listing(resources: Resources, portal_id: int) -> list[ClientApp]:
    """Client apps that are not revoked, oldest first."""
    async with resources.tenant(portal_id) as db:
        return await client_apps.living(db, portal_id)


async def revoke(resources: Resources, portal_id: int, client_app_id: UUID) -> None:
    """Refuse the app's keys and delete its endpoints, at once. Raises `Refused` `not_found`."""
    now = resources.now()
    async with resources.tenant(portal_id) as db:
        deleted = await client_apps.revoke(db, portal_id, client_app_id, now)
        if deleted is None:
            raise Refused("not_found", 404)
        for endpoint_id in deleted:
            await endpoints.make_due(db, portal_id, endpoint_id, now)
    if deleted:
        await resources.wake.outbox()


async def origin_known(resources: Resources, origin: str) -> bool:
    """Whether pages of this origin may call the API with any key. A preflight carries no key."""
    async with resources.autocommit() as db:
        return await client_apps.origin_known(db, origin)


async def caller(resources: Resources, key: str) -> Caller | None:
    """The client app of this key. None: the key is unknown or revoked, or its portal has removed the app."""
    async with resources.autocommit() as db:
        owner = await client_apps.by_key(db, portals.digest(key))
        portal = await portals.by_id(db, owner.portal_id) if owner else None
    if owner is None or portal is None or portal.state is PortalState.REMOVED:
        return None
    async with resources.tenant(portal.id) as db:
        app = await client_apps.one(db, portal.id, owner.client_app_id)
    return Caller(portal, app, owner.origins) if app else None
