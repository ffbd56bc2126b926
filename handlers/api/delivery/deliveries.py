"""Routes of deliveries: what was sent, how it was answered, what was missed."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from b24app.delivery.journeys import resending
from b24app.delivery.store.deliveries import Delivery, PastAttempt
from b24app.domain.delivery.news import event
from b24app.domain.delivery.schedule import DeliveryState, Trigger
from b24app.domain.verification.news import MembershipVerificationChanged
from handlers.api.common import Input, Limit, Routes, Texts, refuses, shown
from handlers.api.door import Called, Used
from handlers.api.idempotency import Key, answer_once

PROBLEMS: Texts = {
    "ping_not_resent": (
        "A ping is not sent again: make a new one.",
        "Проверка не отправляется повторно: создайте новую.",
    ),
}

EXAMPLE = {
    "id": "0190f1d2-8c2b-7f10-a4d6-1b2c3d4e5f60",
    "endpoint_id": "0190f1d2-6b0f-7a11-8c52-5d1e7f3a9b20",
    "webhook_id": "evt_9f1c3a5e7b8d4f60a2b4c6d8e0f1a3b5",
    "type": "membership.verification_changed",
    "sequence": 128,
    "state": "waiting",
    "tries": 1,
    "attempts": 1,
    "last_status": 503,
    "last_error": "status",
    "next_at": "2026-11-22T10:30:06Z",
    "created_at": "2026-11-22T10:30:00.482000Z",
    "finished_at": None,
}
ATTEMPT = {
    "number": 1,
    "trigger": "scheduled",
    "status": 503,
    "error": "status",
    "duration_ms": 212,
    "response": "Service Unavailable",
    "address": "203.0.113.7",
    "made_at": "2026-11-22T10:30:00.694000Z",
    "next_at": "2026-11-22T10:30:06Z",
}
_NEWS = MembershipVerificationChanged.example()
_SENT = event(_NEWS, portal="p_7hT2k9", randomness=bytes.fromhex("9f1c3a5e7b8d4f60a2b4c6d8e0f1a3b5"))
MISSED = {
    "sequence": 128,
    "delivery_id": EXAMPLE["id"],
    "webhook_id": _SENT.id,
    "event": json.loads(_SENT.body),
}

router = Routes("Deliveries", "What was sent, how it was answered, and what was missed.", PROBLEMS)


class CatchUpQuery(Input):
    after: Annotated[int, Field(ge=0, le=2**62, description="The last sequence you have.")] = 0
    limit: Limit = 50


class MissedEvent(BaseModel):
    """An event meant for the endpoint, delivered or not."""

    sequence: int
    delivery_id: UUID
    webhook_id: str = Field(description="The event's id, as in the webhook-id header: drop what you have seen.")
    event: dict[str, Any] = Field(description="The body that was or would have been sent.")


class CatchUpOut(BaseModel):
    """Events after a number. Ask again with `after` = the last `sequence` while `has_more`."""

    model_config = shown({"data": [MISSED], "first_available": 1, "last": 128, "has_more": False})

    data: list[MissedEvent]
    first_available: int = Field(description="The oldest number still kept; 0 where there is none.")
    last: int
    has_more: bool


class DeliveryQuery(Input):
    state: Literal["waiting", "delivered", "exhausted", "skipped", "closed"] | None = None
    cursor: Annotated[str, Field(pattern="^[0-9]{1,18}$")] | None = None
    limit: Limit = 50


class DeliveryOut(BaseModel):
    """One event on its way to one endpoint."""

    model_config = shown(EXAMPLE)

    id: UUID
    endpoint_id: UUID
    webhook_id: str
    type: str
    sequence: int | None
    state: DeliveryState
    tries: int = Field(description="Attempts by schedule; manual and instant ones are not counted.")
    attempts: int = Field(description="All attempts.")
    last_status: int | None
    last_error: str | None
    next_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class DeliveryList(BaseModel):
    model_config = shown({"data": [EXAMPLE], "next": None})

    data: list[DeliveryOut]
    next: str | None = Field(description="Hand it back as `cursor`; null at the end.")


class AttemptOut(BaseModel):
    number: int
    trigger: Trigger
    status: int | None
    error: str | None
    duration_ms: int
    response: str = Field(description="The first 4 KB of what the endpoint answered.")
    address: str | None
    made_at: datetime
    next_at: datetime | None


class DeliveryWithAttempts(DeliveryOut):
    model_config = shown({**EXAMPLE, "made": [ATTEMPT]})

    made: list[AttemptOut]


@router.get("/endpoints/{id}/events", summary="Catch up: events after a number")
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


@router.get("/endpoints/{id}/deliveries", summary="List deliveries of an endpoint")
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


@router.get("/deliveries/{id}", summary="Read a delivery with its attempts")
async def delivery(used: Used, called: Called, id: UUID) -> DeliveryWithAttempts:
    """Each attempt with status, duration, the answer's beginning and the address we were connected to."""
    found, made = await resending.delivery(used, called.portal, called.app.id, id)
    return DeliveryWithAttempts(**_fields(found), made=[_attempt(one) for one in made])


@router.post(
    "/deliveries/{id}/resend",
    status_code=202,
    response_model=DeliveryOut,
    summary="Resend",
    responses=refuses({409: ["ping_not_resent", "endpoint_disabled"]}),
)
async def resend(request: Request, used: Used, called: Called, id: UUID, key: Key = None) -> JSONResponse:
    """One more attempt, now: the same bytes, `webhook-id` and `webhook-sequence`. If it fails, nothing is planned."""
    work = partial(resending.resend, used, called.portal, called.app.id, id)
    return await answer_once(request, used, called, key, work, 202, lambda sent: DeliveryOut(**_fields(sent)))


def _fields(one: Delivery) -> dict[str, Any]:
    same = ("id", "endpoint_id", "type", "sequence", "state", "tries", "attempts", "last_status", "last_error")
    moments = ("next_at", "created_at", "finished_at")
    return {name: getattr(one, name) for name in same + moments} | {"webhook_id": one.event_id}


def _attempt(one: PastAttempt) -> AttemptOut:
    return AttemptOut(**{name: getattr(one, name) for name in AttemptOut.model_fields})
