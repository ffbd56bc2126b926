"""A client app registers an endpoint and changes it. A new URL has to answer a ping before it gets news."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery import webhooks
from b24app.delivery.journeys.endpoints import WithSecret, owned
from b24app.delivery.journeys.once import Keep, unkept
from b24app.delivery.journeys.pinging import publish_ping
from b24app.delivery.store import client_apps, endpoints
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery.schedule import EndpointState
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import Refused
from b24app.net import addresses, guard
from b24app.net.addresses import WrongUrl
from b24app.portal.store import journal
from b24app.portal.store.journal import Changed
from b24app.resources import Resources

ENDPOINTS = 10  # per client app, at most


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an endpoint shall be. None leaves a property as it is."""

    url: str | None = None
    event_types: tuple[str, ...] | None = None
    description: str | None = None
    enabled: bool | None = None


async def register(
    resources: Resources, portal: Portal, app_id: UUID, wanted: Wanted, keep: Keep[WithSecret] = unkept
) -> WithSecret:
    """A new endpoint in `checking`, with a ping on its way. Raises as `validate` does, or `too_many_endpoints`."""
    await validate(resources, portal.id, wanted)
    registered = new_endpoint(resources, app_id, wanted)
    async with resources.tenant(portal.id) as db:
        await _refuse_too_many(db, portal, app_id)
        await endpoints.add(db, portal.id, registered.endpoint)
        await publish_ping(resources, db, portal, registered.endpoint.id)
        await keep(db, registered)
    await resources.wake.outbox()
    return registered


def new_endpoint(resources: Resources, app_id: UUID, wanted: Wanted) -> WithSecret:
    """An endpoint with a secret of its own that nobody has stored yet."""
    secret, now = webhooks.new_secret(secrets.token_bytes(webhooks.SECRET_BYTES)), resources.now()
    new = Endpoint(
        id=uuid4(),
        client_app_id=app_id,
        url=wanted.url or "",
        description=wanted.description or "",
        event_types=wanted.event_types or (),
        secret=resources.vault.seal(secret),
        old_secrets=(),
        state=EndpointState.CHECKING,
        state_reason="",
        last_sequence=0,
        created_at=now,
        updated_at=now,
    )
    return WithSecret(new, secret)


async def _refuse_too_many(db: AsyncConnection, portal: Portal, app_id: UUID) -> None:
    """The client app's row is locked, so that two registrations at one moment count each other."""
    if not await client_apps.lock(db, portal.id, app_id):
        raise Refused("not_found", 404)
    if len(await endpoints.of_app(db, portal.id, app_id)) >= ENDPOINTS:
        raise Refused("too_many_endpoints", 409, {"limit": ENDPOINTS})


async def change(
    resources: Resources,
    portal: Portal,
    app_id: UUID,
    endpoint_id: UUID,
    wanted: Wanted,
    by: Viewer | None = None,
) -> Endpoint:
    """Set what is wanted. An endpoint with a new URL, or one switched on again, has to answer a ping first.

    `by`: an administrator in the place of the client app; that stands in the journal. Raises as `validate` does, or
    `not_found`.
    """
    await validate(resources, portal.id, wanted)
    async with resources.tenant(portal.id) as db:
        now, before = resources.now(), await owned(db, portal, app_id, endpoint_id, lock=True)
        values = {
            "url": wanted.url,
            "description": wanted.description,
            "event_types": None if wanted.event_types is None else list(wanted.event_types),
        }
        values = {name: value for name, value in values.items() if value is not None}
        state = _next_state(before, wanted)
        moved = state is not before.state or values.get("url", before.url) != before.url
        if moved:
            values |= {"state": state.value, "state_reason": "owner" if state is EndpointState.DISABLED else ""}
            values |= {"failing_since": None} if state is EndpointState.CHECKING else {}
        await endpoints.change(db, portal.id, endpoint_id, now, **values)
        if moved and state is EndpointState.CHECKING:
            await publish_ping(resources, db, portal, endpoint_id)
        if moved and state is EndpointState.DISABLED:
            await endpoints.make_due(db, portal.id, endpoint_id, now)
        changed = await owned(db, portal, app_id, endpoint_id)
        if by and before.state is EndpointState.DISABLED and state is EndpointState.CHECKING:
            await journal.write(db, portal.id, by, _switched_on(changed), now)
    if moved:
        await resources.wake.outbox()
    return changed


def _switched_on(endpoint: Endpoint) -> Changed:
    return Changed(feature="delivery", action="endpoint_on", about=addresses.without_query(endpoint.url))


def _next_state(before: Endpoint, wanted: Wanted) -> EndpointState:
    if wanted.enabled is False:
        return EndpointState.DISABLED
    if before.state is EndpointState.DISABLED:
        return EndpointState.CHECKING if wanted.enabled else EndpointState.DISABLED
    return EndpointState.CHECKING if wanted.url not in (None, before.url) else before.state


async def validate(resources: Resources, portal_id: int, wanted: Wanted) -> None:
    """Raise `Refused` 422: `event_type_unknown`, or `url_<reason>` as `b24app.net.guard` says. Asks the DNS."""
    unknown = [one for one in wanted.event_types or () if one not in resources.news.event_types]
    if unknown:
        raise Refused("event_type_unknown", 422, {"field": "event_types", "type": unknown[0][:100]})
    if wanted.url is None:
        return
    dev_mode = resources.settings.dev_mode
    try:
        address = addresses.parsed(wanted.url, dev_mode=dev_mode)
    except WrongUrl as wrong:
        raise Refused(f"url_{wrong.reason}", 422, {"field": "url"}) from None
    problem = await guard.wrong_address(address, lookups=resources.lookups, tenant=portal_id, dev_mode=dev_mode)
    if problem:
        raise Refused(f"url_{problem}", 422, {"field": "url"})
