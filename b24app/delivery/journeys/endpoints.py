"""What a client app does with its endpoints: register, change, ping, rotate the secret, read back what it missed."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery import webhooks
from b24app.delivery.journeys.once import Keep, unkept
from b24app.delivery.store import client_apps, deliveries, endpoints, publishing
from b24app.delivery.store.deliveries import CatchUp, Delivery, PastAttempt
from b24app.delivery.store.endpoints import Endpoint, OldSecret
from b24app.domain.delivery import news
from b24app.domain.delivery.schedule import DeliveryState, EndpointState
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.lanes import Lane
from b24app.net import addresses, guard
from b24app.net.addresses import WrongUrl
from b24app.resources import Resources
from b24app.work.store import index
from b24app.work.store.index import WorkKind

OLD_SECRET_SIGNS = timedelta(hours=24)
OLD_SECRETS, ENDPOINTS = 10, 10  # at most, per endpoint and per client app


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an endpoint shall be; None leaves a property as it is."""

    url: str | None = None
    event_types: tuple[str, ...] | None = None
    description: str | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class WithSecret:
    """An endpoint with its newest secret in clear: shown once."""

    endpoint: Endpoint
    secret: str


async def register(
    resources: Resources, portal: Portal, app_id: UUID, wanted: Wanted, keep: Keep[WithSecret] = unkept
) -> WithSecret:
    """A new endpoint in `checking`, with a ping on its way. Raises as `validate` does, or `too_many_endpoints`."""
    await validate(resources, portal.id, wanted)
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
    made = WithSecret(new, secret)
    async with resources.tenant(portal.id) as db:
        await _refuse_too_many(db, portal, app_id)
        await endpoints.add(db, portal.id, new)
        await _ping(resources, db, portal, new.id)
        await keep(db, made)
    await resources.wake.outbox()
    return made


async def _refuse_too_many(db: AsyncConnection, portal: Portal, app_id: UUID) -> None:
    """The client app's row is locked: whoever registers at the same moment counts what we add."""
    if not await client_apps.lock(db, portal.id, app_id):
        raise Refused("not_found", 404)
    if len(await endpoints.of_app(db, portal.id, app_id)) >= ENDPOINTS:
        raise Refused("too_many_endpoints", 409, {"limit": ENDPOINTS})


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


async def listing(resources: Resources, portal: Portal, app_id: UUID) -> list[Endpoint]:
    async with resources.tenant(portal.id) as db:
        return await endpoints.of_app(db, portal.id, app_id)


async def find(resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID) -> Endpoint:
    """Raise `Refused` `not_found`, for another app's endpoint too."""
    async with resources.tenant(portal.id) as db:
        return await _mine(db, portal, app_id, endpoint_id)


async def change(resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID, wanted: Wanted) -> Endpoint:
    """Set what is wanted. A new URL, or switching on again, has to answer a ping first. Raises like `register`."""
    await validate(resources, portal.id, wanted)
    async with resources.tenant(portal.id) as db:
        now, before = resources.now(), await _mine(db, portal, app_id, endpoint_id, lock=True)
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
        await endpoints.change(db, portal.id, endpoint_id, now, **values)
        if moved and state is EndpointState.CHECKING:
            await _ping(resources, db, portal, endpoint_id)
        if moved and state is EndpointState.DISABLED:
            await endpoints.make_due(db, portal.id, endpoint_id, now)
        found = await _mine(db, portal, app_id, endpoint_id)
    if moved:
        await resources.wake.outbox()
    return found


def _next_state(before: Endpoint, wanted: Wanted) -> EndpointState:
    if wanted.enabled is False:
        return EndpointState.DISABLED
    if before.state is EndpointState.DISABLED:
        return EndpointState.CHECKING if wanted.enabled else EndpointState.DISABLED
    return EndpointState.CHECKING if wanted.url not in (None, before.url) else before.state


async def remove(resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID) -> None:
    """Nothing is sent there any more; what waits is closed. Raises `Refused` `not_found`."""
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        await _mine(db, portal, app_id, endpoint_id, lock=True)
        gone = {"state": EndpointState.DELETED.value, "state_reason": "owner", "deleted_at": now}
        await endpoints.change(db, portal.id, endpoint_id, now, **gone)
        await endpoints.make_due(db, portal.id, endpoint_id, now)
    await resources.wake.outbox()


async def ping(
    resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID, keep: Keep[UUID] = unkept
) -> UUID:
    """Send a signed `endpoint.ping` now; returns its delivery's id. `Refused`: `not_found`, `endpoint_disabled`."""
    async with resources.tenant(portal.id) as db:
        _refuse_disabled(await _mine(db, portal, app_id, endpoint_id, lock=True))
        delivery_id = await _ping(resources, db, portal, endpoint_id)
        await keep(db, delivery_id)
    await resources.wake.outbox()
    return delivery_id


async def rotate_secret(
    resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID, keep: Keep[WithSecret] = unkept
) -> WithSecret:
    """A new secret; the old one signs beside it for 24 hours. Raises `Refused` `not_found`, `too_many_secrets`."""
    secret, now = webhooks.new_secret(secrets.token_bytes(webhooks.SECRET_BYTES)), resources.now()
    async with resources.tenant(portal.id) as db:
        before = await _mine(db, portal, app_id, endpoint_id, lock=True)
        alive = [one for one in before.old_secrets if one.until > now]
        if len(alive) >= OLD_SECRETS:
            until = min(one.until for one in alive)
            raise Refused("too_many_secrets", 409, {"limit": OLD_SECRETS, "until": until.isoformat()})
        old = [OldSecret(before.secret, now + OLD_SECRET_SIGNS), *alive]
        await endpoints.keep_old_secrets(db, portal.id, endpoint_id, resources.vault.seal(secret), old, now)
        made = WithSecret(await _mine(db, portal, app_id, endpoint_id), secret)
        await keep(db, made)
    return made


async def catch_up(
    resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID, after: int, limit: int
) -> CatchUp:
    """Everything meant for the endpoint after a sequence number, delivered or not. Raises `Refused` `not_found`."""
    async with resources.tenant(portal.id) as db:
        await _mine(db, portal, app_id, endpoint_id)
        return await deliveries.catch_up(db, portal.id, endpoint_id, after, limit)


async def deliveries_of(
    resources: Resources,
    portal: Portal,
    app_id: UUID,
    endpoint_id: UUID,
    *,
    before: int | None,
    states: Collection[DeliveryState],
    limit: int,
) -> list[Delivery]:
    """Newest first. Raises `Refused` `not_found`."""
    async with resources.tenant(portal.id) as db:
        await _mine(db, portal, app_id, endpoint_id)
        return await deliveries.of_endpoint(db, portal.id, endpoint_id, before=before, states=states, limit=limit)


async def delivery(
    resources: Resources, portal: Portal, app_id: UUID, delivery_id: UUID
) -> tuple[Delivery, list[PastAttempt]]:
    """A delivery of this client app with its attempts. Raises `Refused` `not_found`."""
    async with resources.tenant(portal.id) as db:
        found, _ = await _my_delivery(db, portal, app_id, delivery_id)
        return found, await deliveries.attempts_of(db, portal.id, delivery_id)


async def resend(
    resources: Resources, portal: Portal, app_id: UUID, delivery_id: UUID, keep: Keep[Delivery] = unkept
) -> Delivery:
    """Send once more, now; a failure plans nothing. `Refused`: `not_found`, `endpoint_disabled`, `ping_not_resent`."""
    async with resources.tenant(portal.id) as db:
        found, endpoint = await _my_delivery(db, portal, app_id, delivery_id)
        _refuse_disabled(endpoint)
        if found.type == news.EndpointPing.TYPE:
            raise Refused("ping_not_resent", 409)
        await index.arrive(db, portal.id, WorkKind.DELIVERY, [str(delivery_id)], Lane.INTERACTIVE, resources.now())
        await deliveries.ask_resend(db, portal.id, delivery_id)
        await keep(db, found)
    await resources.wake.outbox()
    return found


async def _ping(resources: Resources, db: AsyncConnection, portal: Portal, endpoint_id: UUID) -> UUID:
    now = resources.now()
    await deliveries.close_pings(db, portal.id, endpoint_id, now)
    ping = news.EndpointPing(endpoint_id, uuid4(), occurred_at=now)
    event = news.event(ping, portal=portal.public_id, randomness=secrets.token_bytes(16))
    return await publishing.publish_to(db, portal.id, endpoint_id, event, now)


async def _mine(
    db: AsyncConnection, portal: Portal, app_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> Endpoint:
    found = await endpoints.one(db, portal.id, app_id, endpoint_id, lock=lock)
    if found is None:
        raise Refused("not_found", 404)
    return found


async def _my_delivery(
    db: AsyncConnection, portal: Portal, app_id: UUID, delivery_id: UUID
) -> tuple[Delivery, Endpoint]:
    found = await deliveries.one(db, portal.id, delivery_id)
    if found is None:
        raise Refused("not_found", 404)
    return found, await _mine(db, portal, app_id, found.endpoint_id)


def _refuse_disabled(endpoint: Endpoint) -> None:
    if endpoint.state is EndpointState.DISABLED:
        raise Refused("endpoint_disabled", 409)
