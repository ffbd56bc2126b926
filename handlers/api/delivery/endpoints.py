"""Routes of endpoints: translate, hand over, answer."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from b24app.delivery.journeys import endpoints, pinging, registering, rotating
from b24app.delivery.journeys.endpoints import WithSecret
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.store.endpoints import Endpoint
from b24app.domain.delivery.schedule import EndpointState
from b24app.features import PRODUCT
from handlers.api.common import NO_NUL, Input, Routes, Texts, refuses, shown
from handlers.api.door import Called, Used
from handlers.api.idempotency import Key, answer_once

PROBLEMS: Texts = {
    "event_type_unknown": (
        "There is no event type “{type}”. Known: {known}.",
        "Типа события «{type}» нет. Есть: {known}.",
    ),
    "url_not_a_url": ("This is not a full http(s) address.", "Это не полный адрес http(s)."),
    "url_https_required": ("The address must start with https://.", "Адрес должен начинаться с https://."),
    "url_user_info": (
        "The address must not hold a user name or password.",
        "В адресе не должно быть имени пользователя и пароля.",
    ),
    "url_fragment": ("The address must not hold a # part.", "В адресе не должно быть части после #."),
    "url_port_not_allowed": ("Only port 443 is allowed.", "Разрешён только порт 443."),
    "url_host_name_wrong": (
        "The host name is no valid domain name (IDNA 2008). If it is yours, give its xn-- form.",
        "Имя сервера — не доменное имя (IDNA 2008). Если оно ваше, укажите его в виде xn--….",
    ),
    "url_ip_address": ("Give a host name, not an IP address.", "Укажите имя сервера, а не IP-адрес."),
    "url_private_address": (
        "The address points into a private or reserved network.",
        "Адрес ведёт в частную или зарезервированную сеть.",
    ),
    "url_unknown_host": ("This host name is not known to the DNS.", "Такого имени сервера нет в DNS."),
    "too_many_endpoints": (
        "A client app may have {limit} endpoints. Delete one first.",
        "У клиентского приложения может быть не больше {limit} адресов. Сначала удалите один.",
    ),
    "too_many_secrets": (
        "{limit} old secrets still sign. The next one expires at {until}.",
        "Ещё действуют {limit} прежних секретов. Ближайший истекает {until}.",
    ),
    "endpoint_disabled": (
        "The endpoint is switched off. Switch it on first: PATCH with enabled: true.",
        "Адрес выключен. Сначала включите его: PATCH с enabled: true.",
    ),
    "endpoint_not_answered": (
        "The endpoint has not answered its ping yet.",
        "Адрес ещё не ответил на проверку.",
    ),
}

EXAMPLE = {
    "id": "0190f1d2-6b0f-7a11-8c52-5d1e7f3a9b20",
    "url": "https://cabinet.example.com/b24/hooks",
    "event_types": ["membership.verification_changed"],
    "description": "Личный кабинет",
    "state": "active",
    "state_reason": "",
    "last_sequence": 128,
    "created_at": "2026-11-22T10:15:00Z",
    "updated_at": "2026-11-22T10:15:00.840000Z",
}
SHOWN_ONCE = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwTdM3nWvYb5s="}
OF_A_URL = ["event_type_unknown", *(code for code in PROBLEMS if code.startswith("url_"))]

router = Routes("Endpoints", "Where webhooks go.", PROBLEMS)

Url = Annotated[str, Field(max_length=2000, description="Where we POST: https, port 443, a public host name.")]
EventTypes = Annotated[
    list[Annotated[str, Field(pattern=NO_NUL)]],
    Field(
        max_length=50,
        description=f"Only these; [] means all there are and will be. Known: {', '.join(PRODUCT.news.event_types)}.",
    ),
]
Description = Annotated[str, Field(max_length=500, pattern=NO_NUL, description="For people.")]


class NewEndpoint(Input):
    """An endpoint to be registered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://cabinet.example.com/b24/hooks",
                    "event_types": ["membership.verification_changed"],
                    "description": "Личный кабинет",
                }
            ]
        },
    )

    url: Url
    event_types: EventTypes = Field(default=[])
    description: Description = ""


class ChangedEndpoint(Input):
    """What shall be different; a property left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": True}]})

    url: Url | None = None
    event_types: EventTypes | None = None
    description: Description | None = None
    enabled: bool | None = None


class EndpointOut(BaseModel):
    """An endpoint. `state_reason`: why it is not active (owner, restored, gone, never_answered, status_503 …)."""

    model_config = shown(EXAMPLE)

    id: UUID
    url: str
    event_types: list[str]
    description: str
    state: EndpointState
    state_reason: str
    last_sequence: int = Field(description="Number of the newest event meant for it; pings and tests have none.")
    created_at: datetime
    updated_at: datetime


class EndpointWithSecret(EndpointOut):
    """Shown once: store the secret now."""

    model_config = shown({**EXAMPLE, "state": "checking", "last_sequence": 0, **SHOWN_ONCE})

    secret: str = Field(description="Signing secret of Standard Webhooks.")


class EndpointList(BaseModel):
    model_config = shown({"data": [EXAMPLE]})

    data: list[EndpointOut]


class Pinged(BaseModel):
    model_config = shown({"delivery_id": "0190f1d2-8d40-7e21-b3a5-6c7d8e9f0a1b"})

    delivery_id: UUID = Field(description="Read it at /deliveries/{id} to see how the endpoint answered.")


@router.post(
    "/endpoints",
    status_code=201,
    response_model=EndpointWithSecret,
    summary="Register an endpoint",
    responses=refuses({409: ["too_many_endpoints"], 422: OF_A_URL}),
)
async def register(request: Request, used: Used, called: Called, body: NewEndpoint, key: Key = None) -> JSONResponse:
    """A signed `endpoint.ping` goes there at once; the endpoint becomes `active` with its first 2xx answer.

    The answer holds the signing secret, this once: only a repeat with the same `Idempotency-Key` gets it again, for 12
    hours. News that happens meanwhile waits.
    """
    wanted = Wanted(body.url, tuple(body.event_types), body.description)
    work = partial(registering.register, used, called.portal, called.app.id, wanted)
    return await answer_once(request, used, called, key, work, 201, _with_secret)


@router.get("/endpoints", summary="List your endpoints")
async def listing(used: Used, called: Called) -> EndpointList:
    """Oldest first; deleted ones are left out."""
    found = await endpoints.listing(used, called.portal, called.app.id)
    return EndpointList(data=[_endpoint(one) for one in found])


@router.get("/endpoints/{id}", summary="Read an endpoint")
async def read(used: Used, called: Called, id: UUID) -> EndpointOut:
    """`state` tells whether news goes there; `state_reason` why not."""
    return _endpoint(await endpoints.find(used, called.portal, called.app.id, id))


@router.patch("/endpoints/{id}", summary="Change an endpoint", responses=refuses({422: OF_A_URL}))
async def change(used: Used, called: Called, id: UUID, body: ChangedEndpoint) -> EndpointOut:
    """A new URL, or switching on again, has to answer a ping first (`checking`); news waits until then.

    While an endpoint is switched off its news is kept as skipped: read it with `/events` or resend it.
    """
    types = None if body.event_types is None else tuple(body.event_types)
    wanted = Wanted(body.url, types, body.description, body.enabled)
    return _endpoint(await registering.change(used, called.portal, called.app.id, id, wanted))


@router.delete("/endpoints/{id}", status_code=204, summary="Delete an endpoint")
async def remove(used: Used, called: Called, id: UUID) -> None:
    """Nothing is sent there any more; what waited is closed."""
    await endpoints.remove(used, called.portal, called.app.id, id)


@router.post(
    "/endpoints/{id}/ping",
    status_code=202,
    response_model=Pinged,
    summary="Send a ping",
    responses=refuses({409: ["endpoint_disabled"]}),
)
async def ping(request: Request, used: Used, called: Called, id: UUID, key: Key = None) -> JSONResponse:
    """A signed `endpoint.ping`. Pings carry no sequence number."""
    work = partial(pinging.ping, used, called.portal, called.app.id, id)
    return await answer_once(request, used, called, key, work, 202, lambda sent: Pinged(delivery_id=sent))


@router.post(
    "/endpoints/{id}/test",
    status_code=202,
    response_model=Pinged,
    summary="Send a test event",
    responses=refuses({409: ["endpoint_disabled", "endpoint_not_answered"]}),
)
async def send_test(request: Request, used: Used, called: Called, id: UUID, key: Key = None) -> JSONResponse:
    """The example of the first type that the endpoint asks for, with `"test": true`: sent once, without a number.

    Its ids belong to nobody.
    """
    work = partial(pinging.send_test, used, called.portal, called.app.id, id)
    return await answer_once(request, used, called, key, work, 202, lambda sent: Pinged(delivery_id=sent))


@router.post(
    "/endpoints/{id}/rotate-secret",
    response_model=EndpointWithSecret,
    summary="Rotate the secret",
    responses=refuses({409: ["too_many_secrets"]}),
)
async def rotate(request: Request, used: Used, called: Called, id: UUID, key: Key = None) -> JSONResponse:
    """A new secret, shown this once. For 24 hours both sign: `webhook-signature` holds two, separated by a space."""
    work = partial(rotating.rotate_secret, used, called.portal, called.app.id, id)
    return await answer_once(request, used, called, key, work, 200, _with_secret)


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
