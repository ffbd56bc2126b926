"""Routes of endpoints and their deliveries: translate, hand over, answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from b24app.delivery.journeys import endpoints, once, pinging, registering, resending, rotating
from b24app.delivery.journeys.client_apps import Caller
from b24app.delivery.journeys.endpoints import WithSecret
from b24app.delivery.journeys.once import Keep
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.store.deliveries import Delivery, PastAttempt
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery.schedule import DeliveryState
from handlers.api.door import Called, Used
from handlers.api.models import (
    AttemptOut,
    CatchUpOut,
    CatchUpQuery,
    ChangedEndpoint,
    DeliveryList,
    DeliveryOut,
    DeliveryQuery,
    DeliveryWithAttempts,
    EndpointList,
    EndpointOut,
    EndpointWithSecret,
    MissedEvent,
    NewEndpoint,
    Pinged,
)

T = TypeVar("T")
router = APIRouter()
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Any unique text: a repeat within 12 hours gets the first answer."),
]


@router.post(
    "/endpoints",
    status_code=201,
    response_model=EndpointWithSecret,
    tags=["Endpoints"],
    summary="Register an endpoint",
)
async def register(request: Request, used: Used, called: Called, body: NewEndpoint, key: Key = None) -> JSONResponse:
    """A signed `endpoint.ping` goes there at once; the endpoint becomes `active` with its first 2xx answer.

    The answer holds the signing secret, this once. News that happens meanwhile waits.
    """

    wanted = Wanted(body.url, tuple(body.event_types), body.description)
    work = partial(registering.register, used, called.portal, called.app.id, wanted)
    return await _once(request, used, called, key, work, lambda made: once.Response(201, _dump(_with_secret(made))))


@router.get("/endpoints", tags=["Endpoints"], summary="List your endpoints")
async def listing(used: Used, called: Called) -> EndpointList:
    """Oldest first; deleted ones are left out."""
    found = await endpoints.listing(used, called.portal, called.app.id)
    return EndpointList(data=[_endpoint(one) for one in found])


@router.get("/endpoints/{id}", tags=["Endpoints"], summary="Read an endpoint")
async def read(used: Used, called: Called, id: UUID) -> EndpointOut:
    """`state` tells whether news goes there; `state_reason` why not."""
    return _endpoint(await endpoints.find(used, called.portal, called.app.id, id))


@router.patch("/endpoints/{id}", tags=["Endpoints"], summary="Change an endpoint")
async def change(used: Used, called: Called, id: UUID, body: ChangedEndpoint) -> EndpointOut:
    """A new URL, or switching on again, has to answer a ping first (`checking`); news waits until then.

    While an endpoint is switched off its news is kept as skipped: read it with `/events` or resend it.
    """
    types = None if body.event_types is None else tuple(body.event_types)
    wanted = Wanted(body.url, types, body.description, body.enabled)
    return _endpoint(await registering.change(used, called.portal, called.app.id, id, wanted))


@router.delete("/endpoints/{id}", status_code=204, tags=["Endpoints"], summary="Delete an endpoint")
async def remove(used: Used, called: Called, id: UUID) -> None:
    """Nothing is sent there any more; what waited is closed."""
    await endpoints.remove(used, called.portal, called.app.id, id)


@router.post("/endpoints/{id}/ping", status_code=202, response_model=Pinged, tags=["Endpoints"], summary="Send a ping")
async def ping(request: Request, used: Used, called: Called, id: UUID, key: Key = None) -> JSONResponse:
    """A signed `endpoint.ping`. Pings carry no sequence number."""

    work = partial(pinging.ping, used, called.portal, called.app.id, id)
    return await _once(
        request, used, called, key, work, lambda sent: once.Response(202, _dump(Pinged(delivery_id=sent)))
    )


@router.post(
    "/endpoints/{id}/rotate-secret", response_model=EndpointWithSecret, tags=["Endpoints"], summary="Rotate the secret"
)
async def rotate(request: Request, used: Used, called: Called, id: UUID, key: Key = None) -> JSONResponse:
    """A new secret, shown this once. For 24 hours both sign: `webhook-signature` holds two, separated by a space."""

    work = partial(rotating.rotate_secret, used, called.portal, called.app.id, id)
    return await _once(request, used, called, key, work, lambda made: once.Response(200, _dump(_with_secret(made))))


@router.get("/endpoints/{id}/events", tags=["Deliveries"], summary="Catch up: events after a number")
async def catch_up(used: Used, called: Called, id: UUID, query: Annotated[CatchUpQuery, Query()]) -> CatchUpOut:
    """Every event meant for the endpoint, delivered or not, in its own gapless order. No operator is needed."""
    found = await resending.catch_up(used, called.portal, called.app.id, id, query.after, query.limit)
    data = [
        MissedEvent(
            sequence=one.sequence,
            delivery_id=one.delivery_id,
            webhook_id=one.event_id,
            event=json.loads(one.body),
        )
        for one in found.found
    ]
    more = bool(data) and data[-1].sequence < found.last
    return CatchUpOut(data=data, first_available=found.first_available, last=found.last, has_more=more)


@router.get("/endpoints/{id}/deliveries", tags=["Deliveries"], summary="List deliveries of an endpoint")
async def deliveries(used: Used, called: Called, id: UUID, query: Annotated[DeliveryQuery, Query()]) -> DeliveryList:
    """Newest first, pings included."""
    found = await resending.deliveries_of(
        used,
        called.portal,
        called.app.id,
        id,
        before=int(query.cursor) if query.cursor else None,
        states=[DeliveryState(query.state)] if query.state else [],
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    more = str(shown[-1].row_no) if len(found) > query.limit else None
    return DeliveryList(data=[DeliveryOut(**_fields(one)) for one in shown], next=more)


@router.get("/deliveries/{id}", tags=["Deliveries"], summary="Read a delivery with its attempts")
async def delivery(used: Used, called: Called, id: UUID) -> DeliveryWithAttempts:
    """Each attempt with status, duration, the answer's beginning and the address we were connected to."""
    found, made = await resending.delivery(used, called.portal, called.app.id, id)
    return DeliveryWithAttempts(**_fields(found), made=[_attempt(one) for one in made])


@router.post(
    "/deliveries/{id}/resend", status_code=202, response_model=DeliveryOut, tags=["Deliveries"], summary="Resend"
)
async def resend(request: Request, used: Used, called: Called, id: UUID, key: Key = None) -> JSONResponse:
    """One more attempt, now: the same bytes, `webhook-id` and `webhook-sequence`. If it fails, nothing is planned."""

    work = partial(resending.resend, used, called.portal, called.app.id, id)
    return await _once(
        request, used, called, key, work, lambda found: once.Response(202, _dump(DeliveryOut(**_fields(found))))
    )


async def _once(
    request: Request,
    used: Used,
    called: Caller,
    key: str | None,
    work: Callable[[Keep[T]], Awaitable[T]],
    answer: Callable[[T], once.Response],
) -> JSONResponse:
    asked = once.Request(
        called.portal.id, called.app.id, f"{request.method} {request.url.path}", key, await request.body()
    )
    done = await once.once(used, asked, work, answer)
    return JSONResponse(done.body, done.status, {"Idempotency-Replayed": "true"} if done.replayed else None)


def _dump(model: BaseModel) -> Any:
    return model.model_dump(mode="json")


def _endpoint(one: Endpoint) -> EndpointOut:
    return EndpointOut(**_endpoint_fields(one))


def _with_secret(made: WithSecret) -> EndpointWithSecret:
    return EndpointWithSecret(**_endpoint_fields(made.endpoint), secret=made.secret)


def _endpoint_fields(one: Endpoint) -> dict[str, Any]:
    return {
        "id": one.id,
        "url": one.url,
        "event_types": list(one.event_types),
        "description": one.description,
        "state": one.state,
        "state_reason": one.state_reason,
        "last_sequence": one.last_sequence,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }


def _fields(one: Delivery) -> dict[str, Any]:
    same = ("id", "endpoint_id", "type", "sequence", "state", "tries", "attempts", "last_status", "last_error")
    moments = ("next_at", "created_at", "finished_at")
    return {name: getattr(one, name) for name in same + moments} | {"webhook_id": one.event_id}


def _attempt(one: PastAttempt) -> AttemptOut:
    return AttemptOut(**{name: getattr(one, name) for name in AttemptOut.model_fields})
