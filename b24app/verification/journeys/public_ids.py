"""By which public ids client apps know the person and the customer of a membership."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import customers
from b24app.cards.store.customers import CardIds
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.succession import Move


class Sides(Protocol):
    """The person and the company of a membership, decided or as somebody reads it. `company_id` 0: nobody's."""

    @property
    def id(self) -> UUID: ...

    @property
    def contact_id(self) -> int: ...

    @property
    def company_id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class MembershipIds:
    """`customer_id`: the company's, or the person's own where there is none."""

    person_id: UUID
    customer_id: UUID


async def of_memberships(
    db: AsyncConnection, portal_id: int, memberships: Collection[Sides], now: datetime
) -> Mapping[UUID, MembershipIds]:
    """By membership, as of today; ids that are missing are made."""
    cards = {card for one in memberships for card in (_person(one), _customer(one))}
    ids = await customers.ids_of(db, portal_id, cards, now)
    return {one.id: _picked(ids, one) for one in memberships}


async def before_moves(
    db: AsyncConnection, portal_id: int, moves: Sequence[Move], now: datetime
) -> Mapping[UUID, MembershipIds]:
    """By membership, as of before it moved; where the card had none, those it has moved to. Call it
    after `customers.go_on`."""
    moved = {_person(move.before): _person(move.after) for move in moves}
    moved |= {_customer(move.before): _customer(move.after) for move in moves}
    stay = moved.keys() & set(moved.values())
    ids = {
        **await customers.former_ids_of(db, portal_id, moved.keys() - stay),
        **await customers.ids_of(db, portal_id, stay, now),
    }
    missing = moved.keys() - ids.keys()
    today = await customers.ids_of(db, portal_id, {moved[card] for card in missing}, now)
    ids |= {card: today[moved[card]] for card in missing}
    return {move.before.id: _picked(ids, move.before) for move in moves}


def _person(one: Sides) -> Subject:
    return Subject(Kind.CONTACT, one.contact_id)


def _customer(one: Sides) -> Subject:
    return Subject(Kind.COMPANY, one.company_id) if one.company_id else _person(one)


def _picked(ids: Mapping[Subject, CardIds], one: Sides) -> MembershipIds:
    person_id = ids[_person(one)].person_id
    assert person_id, "a contact is a person"
    return MembershipIds(person_id, ids[_customer(one)].customer_id)
