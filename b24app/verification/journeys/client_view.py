"""What a client app may know, from our own store: the portal being away never turns a client away."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import aliases, customers
from b24app.cards.store.customers import Role
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.resources import Resources
from b24app.verification.journeys import public_ids
from b24app.verification.journeys.public_ids import MembershipIds
from b24app.verification.store import client_view
from b24app.verification.store.client_view import MembershipFilter, Seen

STALE_AFTER = timedelta(minutes=1)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Moments a caller may name. At the very ends of the calendar a zone leads out of it."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Everything the portal told us until `as_of` is in the answer; `stale`: that is too long ago, or unsure."""

    as_of: datetime
    stale: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`ids`: by membership; `next`: opaque, hand it back as `cursor`; None at the end."""

    found: tuple[Seen, ...]
    ids: Mapping[UUID, MembershipIds]
    next: str | None
    fresh: Freshness


async def page(
    resources: Resources,
    portal: Portal,
    wanted: MembershipFilter,
    cursor: str | None,
    limit: int,
    *,
    person_id: UUID | None = None,
    customer_id: UUID | None = None,
) -> Page:
    """Memberships by (updated, id); an id of a card that is gone answers for the one that goes on for it, and so does
    a public id that is an alias.

    Raises `Refused` `cursor_wrong`.
    """
    after = _after(cursor) if cursor else None
    async with resources.tenant(portal.id) as db:
        fresh = await _freshness(db, portal, resources.now())  # first: what is settled meanwhile must not be claimed
        wanted = await _today(db, portal, wanted)
        if person_id is not None:
            wanted = replace(wanted, person=await customers.cards_of(db, portal.id, Role.PERSON, person_id))
        if customer_id is not None:
            wanted = replace(wanted, customer=await customers.cards_of(db, portal.id, Role.CUSTOMER, customer_id))
        found = await client_view.page(db, portal.id, wanted, after, limit + 1)
        ids = await public_ids.of_memberships(db, portal.id, found[:limit], resources.now())
    more = _cursor(found[limit - 1]) if len(found) > limit else None
    return Page(tuple(found[:limit]), ids, more, fresh)


async def _today(db: AsyncConnection, portal: Portal, wanted: MembershipFilter) -> MembershipFilter:
    asked = {Subject(Kind.CONTACT, wanted.contact_id or 0), Subject(Kind.COMPANY, wanted.company_id or 0)}
    successors = await aliases.successors(db, portal.id, [one for one in asked if one.id])
    today = {one.kind: successor.id for one, successor in successors.items()}
    return replace(
        wanted,
        contact_id=today.get(Kind.CONTACT, wanted.contact_id),
        company_id=today.get(Kind.COMPANY, wanted.company_id),
    )


async def find(resources: Resources, portal: Portal, membership_id: UUID) -> tuple[Seen, MembershipIds, Freshness]:
    """Raises `Refused` `not_found`."""
    async with resources.tenant(portal.id) as db:
        fresh = await _freshness(db, portal, resources.now())
        found = await client_view.one(db, portal.id, membership_id)
        if found is None:
            raise Refused("not_found", 404)
        ids = await public_ids.of_memberships(db, portal.id, [found], resources.now())
    return found, ids[found.id], fresh


async def freshness(resources: Resources, portal: Portal) -> Freshness:
    async with resources.tenant(portal.id) as db:
        return await _freshness(db, portal, resources.now())


async def _freshness(db: AsyncConnection, portal: Portal, now: datetime) -> Freshness:
    unread = await client_view.unread_since(db, portal.id)
    if portal.state is not PortalState.ACTIVE or not portal.imported:
        seen = await client_view.last_seen(db, portal.id)
        return Freshness(min(unread or now, seen or now), True)
    as_of = unread or now
    return Freshness(as_of, now - as_of > STALE_AFTER)


def _cursor(last: Seen) -> str:
    return urlsafe_b64encode(f"{last.updated_at.isoformat()} {last.id}".encode()).decode().rstrip("=")


def _after(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, _, id_ = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        after = datetime.fromisoformat(moment), UUID(id_)
    except ValueError:
        raise Refused("cursor_wrong", 422, {"field": "cursor"}) from None
    if after[0].tzinfo is None or not EARLIEST <= after[0] <= LATEST:
        raise Refused("cursor_wrong", 422, {"field": "cursor"})
    return after
