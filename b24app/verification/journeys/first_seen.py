"""What the first read finds of cards we have never seen: memberships as the CRM shows them, taken as known and told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import records
from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.decision import first_sight, project
from b24app.domain.verification.membership import ALONE, Membership, State
from b24app.domain.verification.shown import CHECK, shown
from b24app.verification.store import memberships


async def first_seen(db: AsyncConnection, portal: Portal, cards: Sequence[Card], now: datetime) -> frozenset[Subject]:
    """Keep what new cards tell. Returns the cards that show something else than their memberships say."""
    people = [card for card in cards if card.subject.kind is Kind.CONTACT]
    if not people:
        return frozenset()
    companies = {company for card in people for company in card.links}
    ticked = await records.ticked(db, portal.id, Kind.COMPANY, companies, CHECK)
    seen = [
        first_sight(card, card.subject.id, company, uuid4(), box=shown(card.values).check or company in ticked)
        for card in people
        for company in card.links or (ALONE,)
    ]
    await memberships.add_first_seen(db, portal.id, seen, now)
    return _out_of_step(people, seen)


def _out_of_step(people: Sequence[Card], seen: Sequence[Membership]) -> frozenset[Subject]:
    """Their cards, and those of companies where one of them waits."""
    of_person: dict[int, list[Membership]] = defaultdict(list)
    for membership in seen:
        of_person[membership.contact_id].append(membership)
    waiting = {membership.company_id for membership in seen if membership.state is State.PENDING}
    companies = {Subject(Kind.COMPANY, company) for company in waiting if company}
    boxes = {card.subject: shown(card.values) for card in people}
    cards = {subject for subject, box in boxes.items() if project(of_person[subject.id], box) != box}
    return frozenset(companies | cards)
