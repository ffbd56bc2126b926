"""Bodies of the client API, in and out. What comes in knows its fields and refuses others."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from b24app.domain.delivery.schedule import DeliveryState, EndpointState, Trigger
from b24app.domain.policy import Access, Section
from b24app.domain.verification.membership import State
from b24app.features import NEWS
from b24app.verification.journeys.client_view import EARLIEST, LATEST

NO_NUL = r"^[^\x00]*$"
"""No text column takes a NUL; a pattern also refuses halves of surrogate pairs, which are no text at all."""

Url = Annotated[str, Field(max_length=2000, description="Where we POST: https, port 443, a public host name.")]
EventTypes = Annotated[
    list[Annotated[str, Field(pattern=NO_NUL)]],
    Field(max_length=50, description=f"Only these; empty: all. Known: {', '.join(NEWS.event_types)}."),
]
Description = Annotated[str, Field(max_length=500, pattern=NO_NUL, description="For people.")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewEndpoint(_In):
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
    event_types: EventTypes = []
    description: Description = ""


class ChangedEndpoint(_In):
    """What shall be different; a property left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": True}]})

    url: Url | None = None
    event_types: EventTypes | None = None
    description: Description | None = None
    enabled: bool | None = None


class EndpointOut(BaseModel):
    """An endpoint. `state_reason`: why it is not active (owner, restored, gone, never_answered, status_503 …)."""

    id: UUID
    url: str
    event_types: list[str]
    description: str
    state: EndpointState
    state_reason: str
    last_sequence: int = Field(description="Number of the newest event meant for it; pings have none.")
    created_at: datetime
    updated_at: datetime


class EndpointWithSecret(EndpointOut):
    """Shown once: store the secret now."""

    secret: str = Field(
        description="Signing secret of Standard Webhooks.", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )


class EndpointList(BaseModel):
    data: list[EndpointOut]


class Pinged(BaseModel):
    delivery_id: UUID = Field(description="Read it at /deliveries/{id} to see how the endpoint answered.")


class MissedEvent(BaseModel):
    """An event meant for the endpoint, delivered or not."""

    sequence: int
    delivery_id: UUID
    webhook_id: str = Field(description="The event's id, as in the webhook-id header: drop what you have seen.")
    event: dict[str, Any] = Field(description="The body that was or would have been sent.")


class CatchUpOut(BaseModel):
    """Events after a number. Ask again with `after` = the last `sequence` while `has_more`."""

    data: list[MissedEvent]
    first_available: int = Field(description="The oldest number still kept; 0 where there is none.")
    last: int
    has_more: bool


class DeliveryOut(BaseModel):
    """One event on its way to one endpoint."""

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
    made: list[AttemptOut]


class Party(BaseModel):
    """A card in the CRM."""

    id: int
    name: str


class MembershipOut(BaseModel):
    """A person's standing in one company, or on their own (`company` null), and what it opens."""

    id: UUID
    contact: Party
    company: Party | None
    state: State
    reason: str
    sections: dict[Section, Access]
    decided_at: datetime | None
    version: int
    updated_at: datetime


class Fresh(BaseModel):
    as_of: datetime = Field(description="Everything the portal told us until then is in this answer.")
    stale: bool = Field(description="True while the portal cannot be read, or news from it waits for over a minute.")


class MembershipList(Fresh):
    data: list[MembershipOut]
    next: str | None = Field(description="Hand it back as `cursor`; null at the end.")


class OneMembership(Fresh):
    data: MembershipOut


class Me(Fresh):
    """Who you are to us."""

    portal: str = Field(description="The portal's id, as in webhooks.", examples=["p_7hT2k9"])
    client_app: UUID
    name: str
    event_types: list[str]


Limit = Annotated[int, Field(ge=1, le=200)]


CardId = Annotated[
    int, Field(ge=1, le=2**62, description="Of a card merged into another one: those of the card that goes on.")
]


class MembershipQuery(_In):
    contact_id: CardId | None = None
    company_id: CardId | None = None
    state: State | None = None
    updated_since: (
        Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST, description="ISO 8601 with a zone.")] | None
    ) = None
    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Limit = 50


class CatchUpQuery(_In):
    after: Annotated[int, Field(ge=0, le=2**62, description="The last sequence you have.")] = 0
    limit: Limit = 50


class DeliveryQuery(_In):
    state: Literal["waiting", "delivered", "exhausted", "skipped", "closed"] | None = None
    cursor: Annotated[str, Field(pattern="^[0-9]{1,18}$")] | None = None
    limit: Limit = 50


class FieldError(BaseModel):
    field: str
    code: str


class Problem(BaseModel):
    """RFC 9457. Rely on `code`; `title` and `detail` are for people, in Russian or English by Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []
