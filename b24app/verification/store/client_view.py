"""What client apps read of memberships: pages in a stable order, and how fresh they are. Inside one tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store.tables import records
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.membership import ALONE, Reason, State
from b24app.verification.store.tables import memberships
from b24app.work.store.tables import inbox


@dataclass(frozen=True, slots=True)
class Seen:
    """A membership as a client app may see it; the deciding person's note is shown where it is meant for the person:
    `documents_asked`. `company_id` 0: nobody's."""

    id: UUID
    contact_id: int
    contact_name: str
    company_id: int
    company_name: str
    state: State
    reason: str
    documents_asked: str | None
    decided_at: datetime | None
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipFilter:
    """Which memberships; None: any. `person`, `customer`: cards of one person, of one customer."""

    contact_id: int | None = None
    company_id: int | None = None
    state: State | None = None
    updated_since: datetime | None = None
    person: Collection[Subject] | None = None
    customer: Collection[Subject] | None = None


async def page(
    db: AsyncConnection, portal_id: int, wanted: MembershipFilter, after: tuple[datetime, UUID] | None, limit: int
) -> list[Seen]:
    """By (updated, id), oldest change first; `after` is the last one seen."""
    more: list[ColumnElement[bool]] = []
    if wanted.contact_id is not None:
        more.append(memberships.c.contact_id == wanted.contact_id)
    if wanted.company_id is not None:
        more.append(memberships.c.company_id == wanted.company_id)
    if wanted.state is not None:
        more.append(memberships.c.state == wanted.state.value)
    if wanted.updated_since is not None:
        more.append(memberships.c.updated_at >= wanted.updated_since)
    if wanted.person is not None:
        more.append(memberships.c.contact_id.in_([card.id for card in wanted.person]))
    if wanted.customer is not None:
        more.append(_of_customer(wanted.customer))
    if after is not None:
        more.append(tuple_(memberships.c.updated_at, memberships.c.id) > tuple_(*after))
    query = _memberships(portal_id).where(*more).order_by(memberships.c.updated_at, memberships.c.id).limit(limit)
    return [_seen(row) for row in await db.execute(query)]


def _of_customer(cards: Collection[Subject]) -> ColumnElement[bool]:
    """Everybody's in a company; of a person on their own, only theirs outside of companies."""
    companies = [card.id for card in cards if card.kind is Kind.COMPANY]
    contacts = [card.id for card in cards if card.kind is Kind.CONTACT]
    alone = and_(memberships.c.company_id == ALONE, memberships.c.contact_id.in_(contacts))
    return or_(memberships.c.company_id.in_(companies), alone)


async def one(db: AsyncConnection, portal_id: int, membership_id: UUID) -> Seen | None:
    row = (await db.execute(_memberships(portal_id).where(memberships.c.id == membership_id))).one_or_none()
    return None if row is None else _seen(row)


async def unread_since(db: AsyncConnection, portal_id: int) -> datetime | None:
    """When the oldest news from the portal came in that is not in the rows yet; None: all is in."""
    query = select(func.min(inbox.c.received_at)).where(inbox.c.portal_id == portal_id, inbox.c.state == "waiting")
    since: datetime | None = (await db.execute(query)).scalar()
    return since


async def last_seen(db: AsyncConnection, portal_id: int) -> datetime | None:
    """When a card was last read from the portal."""
    query = select(func.max(records.c.seen_at)).where(records.c.portal_id == portal_id)
    seen: datetime | None = (await db.execute(query)).scalar()
    return seen


def _memberships(portal_id: int) -> Select[Any]:
    contact, company = records.alias("contact"), records.alias("company")
    return (
        select(memberships, contact.c.title.label("contact_name"), company.c.title.label("company_name"))
        .outerjoin(
            contact,
            and_(
                contact.c.portal_id == portal_id,
                contact.c.kind == "contact",
                contact.c.crm_id == memberships.c.contact_id,
            ),
        )
        .outerjoin(
            company,
            and_(
                company.c.portal_id == portal_id,
                company.c.kind == "company",
                company.c.crm_id == memberships.c.company_id,
            ),
        )
        .where(memberships.c.portal_id == portal_id)
    )


def _seen(row: Row[Any]) -> Seen:
    return Seen(
        id=row.id,
        contact_id=row.contact_id,
        contact_name=row.contact_name or "",
        company_id=row.company_id,
        company_name=row.company_name or "",
        state=State(row.state),
        reason=row.reason,
        documents_asked=row.note if row.reason == Reason.PROOF_REQUESTED else None,
        decided_at=row.decided_at,
        version=row.version,
        updated_at=row.updated_at,
    )
