"""Routes of people and what is open to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field

from b24app.domain.policy import Access, Policy, Section
from b24app.domain.verification.membership import State
from b24app.verification.journeys import client_view
from b24app.verification.journeys.client_view import EARLIEST, LATEST
from b24app.verification.journeys.public_ids import MembershipIds
from b24app.verification.store.client_view import MembershipFilter, Seen
from handlers.api.common import Fresh, Input, Limit, Routes, refuses, shown
from handlers.api.door import Called, Used

router = Routes("Memberships", "People, the companies they belong to, and the sections open to them.")

EXAMPLE = {
    "id": "0190f1d2-7c1a-7c3e-9b7a-3f0a4b8c9d10",
    "contact": {"id": 7, "name": "Мария Попова"},
    "company": {"id": 3, "name": "ООО «СтройИнвест»"},
    "person_id": "0190f1d2-7b21-7d04-8a6e-52c1f0b7e6a1",
    "customer_id": "0190f1d2-7b22-7c5a-9d3f-84e2a6c0d5b2",
    "state": "pending",
    "reason": "box_ticked",
    "sections": {
        "catalogue": "open",
        "chat": "open",
        "orders": "blocked",
        "documents": "blocked",
        "loyalty": "blocked",
    },
    "decided_at": "2026-11-22T10:30:00Z",
    "version": 4,
    "updated_at": "2026-11-22T10:30:00.482000Z",
}
FRESH = {"as_of": "2026-11-22T10:30:04.120000Z", "stale": False}

CardId = Annotated[
    int, Field(ge=1, le=2**62, description="Of a card merged into another one: those of the card that goes on.")
]


PublicId = Annotated[UUID, Field(description="Also one that was known before two cards were merged.")]


class MembershipQuery(Input):
    contact_id: CardId | None = None
    company_id: CardId | None = None
    person_id: PublicId | None = None
    customer_id: PublicId | None = None
    state: State | None = None
    updated_since: (
        Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST, description="ISO 8601 with a zone.")] | None
    ) = None
    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Limit = 50


class Party(BaseModel):
    """A card in the CRM."""

    id: int
    name: str


class MembershipOut(BaseModel):
    """A person's standing in one company, or on their own (`company` null), and what it opens."""

    model_config = shown(EXAMPLE)

    id: UUID
    contact: Party
    company: Party | None
    person_id: UUID = Field(description="The person, whatever becomes of their card.")
    customer_id: UUID = Field(description="The company, or the person on their own, whatever becomes of the card.")
    state: State
    reason: str
    documents_asked: str | None = Field(description="What the person has to hand in; null: nothing was asked for.")
    sections: dict[Section, Access]
    decided_at: datetime | None
    version: int
    updated_at: datetime


class MembershipList(Fresh):
    model_config = shown({**FRESH, "data": [EXAMPLE], "next": None})

    data: list[MembershipOut]
    next: str | None = Field(description="Hand it back as `cursor`; null at the end.")


class OneMembership(Fresh):
    model_config = shown({**FRESH, "data": EXAMPLE})

    data: MembershipOut


@router.get("/memberships", summary="List memberships", responses=refuses({422: ["cursor_wrong"]}))
async def listing(used: Used, called: Called, query: Annotated[MembershipQuery, Query()]) -> MembershipList:
    """In the order of their last change, oldest first. To follow changes, ask with `updated_since` a minute before the
    `as_of` of your last reading; webhooks tell sooner.
    """
    wanted = MembershipFilter(query.contact_id, query.company_id, query.state, query.updated_since)
    ids = {"person_id": query.person_id, "customer_id": query.customer_id}
    page = await client_view.page(used, called.portal, wanted, query.cursor, query.limit, **ids)
    data = [_membership(seen, page.ids[seen.id], used.policy) for seen in page.found]
    return MembershipList(data=data, next=page.next, as_of=page.fresh.as_of, stale=page.fresh.stale)


@router.get("/memberships/{id}", summary="Read a membership")
async def read(used: Used, called: Called, id: UUID) -> OneMembership:
    """A person's standing in one company and the sections it opens."""
    seen, ids, fresh = await client_view.find(used, called.portal, id)
    return OneMembership(data=_membership(seen, ids, used.policy), as_of=fresh.as_of, stale=fresh.stale)


def _membership(seen: Seen, ids: MembershipIds, policy: Policy) -> MembershipOut:
    return MembershipOut(
        id=seen.id,
        contact=Party(id=seen.contact_id, name=seen.contact_name),
        company=Party(id=seen.company_id, name=seen.company_name) if seen.company_id else None,
        person_id=ids.person_id,
        customer_id=ids.customer_id,
        state=seen.state,
        reason=seen.reason,
        documents_asked=seen.documents_asked,
        sections=dict(policy.sections(seen.state)),
        decided_at=seen.decided_at,
        version=seen.version,
        updated_at=seen.updated_at,
    )
