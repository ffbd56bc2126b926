"""Routes of people and what is open to them, and who the caller is."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from b24app.domain.policy import Policy
from b24app.verification.journeys import client_view
from b24app.verification.store.client_view import MembershipFilter, Seen
from handlers.api.door import Called, Used
from handlers.api.models import Me, MembershipList, MembershipOut, MembershipQuery, OneMembership, Party

router = APIRouter()


@router.get("/me", tags=["You"], summary="Who you are to us")
async def me(used: Used, called: Called) -> Me:
    """The portal and client app behind the key, and the event types there are."""
    fresh = await client_view.freshness(used, called.portal)
    return Me(
        portal=called.portal.public_id,
        client_app=called.app.id,
        name=called.app.name,
        event_types=list(used.news.event_types),
        as_of=fresh.as_of,
        stale=fresh.stale,
    )


@router.get("/memberships", tags=["Memberships"], summary="List memberships")
async def listing(used: Used, called: Called, query: Annotated[MembershipQuery, Query()]) -> MembershipList:
    """In the order of their last change, oldest first. To follow changes, ask with `updated_since` a minute before the
    `as_of` of your last reading; webhooks tell sooner.
    """
    wanted = MembershipFilter(query.contact_id, query.company_id, query.state, query.updated_since)
    page = await client_view.page(used, called.portal, wanted, query.cursor, query.limit)
    data = [_membership(one, used.policy) for one in page.found]
    return MembershipList(data=data, next=page.next, as_of=page.fresh.as_of, stale=page.fresh.stale)


@router.get("/memberships/{id}", tags=["Memberships"], summary="Read a membership")
async def read(used: Used, called: Called, id: UUID) -> OneMembership:
    """A person's standing in one company and the sections it opens."""
    found, fresh = await client_view.find(used, called.portal, id)
    return OneMembership(data=_membership(found, used.policy), as_of=fresh.as_of, stale=fresh.stale)


def _membership(one: Seen, policy: Policy) -> MembershipOut:
    return MembershipOut(
        id=one.id,
        contact=Party(id=one.contact_id, name=one.contact_name),
        company=Party(id=one.company_id, name=one.company_name) if one.company_id else None,
        state=one.state,
        reason=one.reason,
        sections=dict(policy.sections(one.state)),
        decided_at=one.decided_at,
        version=one.version,
        updated_at=one.updated_at,
    )
