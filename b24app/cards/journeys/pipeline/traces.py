"""Traces that deleted cards left in living ones: their marks, their requisites, their place among other cards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from b24app.bitrix24.cards import LIST
from b24app.bitrix24.requisites import read_requisites
from b24app.cards.journeys.missing import listed
from b24app.cards.journeys.pipeline.slices import CardSlice, cards_of
from b24app.cards.store import records
from b24app.domain.cards.facts import Card, Kind, Requisite, Subject
from b24app.domain.cards.records import Known
from b24app.domain.cards.succession import Trace, same_name, successor
from b24app.errors import Unreadable

ACROSS = {Kind.CONTACT: Kind.COMPANY, Kind.COMPANY: Kind.CONTACT}
MOST_NEAR = 200  # cards looked at around one that is deleted

RequisitesOf = Mapping[Subject, tuple[Requisite, ...]]
"""By deleted card: what we know to hang on it, or to have hung there before it moved."""
Holders = Mapping[Subject, frozenset[Subject]]
"""By deleted card: those of its kind on which the portal shows its requisites now."""


@dataclass(frozen=True, slots=True)
class Place:
    """A card that a deleted one was linked with, as the portal shows it and as we know it from before."""

    now: Card
    before: Known


async def trace(
    slice_: CardSlice, deleted: Collection[Subject], requisites_of: RequisitesOf
) -> Mapping[Subject, Subject]:
    """Who goes on for each of these, where that is plain.

    A neighbour nobody can understand keeps no deletion waiting: should it go on, its mark tells once it can be read.
    Raises `Unreadable` where such a one holds what hung on one of these, which tells of it only now.
    """
    holders = await _holders(slice_, deleted, requisites_of)
    linked = {subject: _linked(subject, slice_.known.get(subject)) for subject in deleted}
    held_by = set[Subject]().union(*holders.values())
    if not held_by and not any(linked.values()):
        return {}
    places = await _places(slice_, linked)
    near = {subject: {*holders.get(subject, ()), *_near(subject, places[subject])} for subject in deleted}
    cards = await slice_.look_at(set[Subject]().union(*near.values()))
    for holder in held_by & cards.odd.keys():
        raise Unreadable(LIST, cards.odd[holder].field)
    traced = {}
    for subject in deleted:
        title = slice_.known[subject].title if subject in slice_.known else ""
        traces = [
            Trace(
                subject=card.subject,
                marked=subject.id in card.marks,
                holds=card.subject in holders.get(subject, ()),
                took=_took(card.subject, places[subject]),
                named=same_name(title, card.title),
            )
            for card in (cards.found[one] for one in near[subject] if one in cards.found)
        ]
        if going_on := successor(traces):
            traced[subject] = going_on
    return traced


def _linked(subject: Subject, known: Known | None) -> set[Subject]:
    """Cards on the other side of its last links."""
    across = ACROSS.get(subject.kind)
    return cards_of(across, known.links) if known and across else set()


async def _places(slice_: CardSlice, linked: Mapping[Subject, Collection[Subject]]) -> Mapping[Subject, list[Place]]:
    every = set[Subject]().union(*linked.values())
    shown = (await slice_.look_at(every)).found
    async with slice_.resources.tenant(slice_.portal.id) as db:
        known = await records.load(db, slice_.portal.id, every)
    return {
        subject: [Place(shown[one], known[one]) for one in cards if one in shown and one in known]
        for subject, cards in linked.items()
    }


def _near(subject: Subject, places: Sequence[Place]) -> list[Subject]:
    """Cards of the same kind that stand in the same places now, those that did not before first."""
    now = [cards_of(subject.kind, place.now.links) - {subject} for place in places]
    before = [cards_of(subject.kind, place.before.links) for place in places]
    new = set[Subject]().union(*(here - had for here, had in zip(now, before, strict=True)))
    return [*sorted(new), *sorted(set[Subject]().union(*now) - new)][:MOST_NEAR]


def _took(card: Subject, places: Sequence[Place]) -> bool:
    """It stands in all of these places now, and did not before."""
    return all(card.id in place.now.links for place in places) and any(
        card.id not in place.before.links for place in places
    )


async def _holders(slice_: CardSlice, deleted: Collection[Subject], requisites_of: RequisitesOf) -> Holders:
    asked = {subject: [requisite.subject for requisite in requisites_of.get(subject, ())] for subject in deleted}
    every = [requisite for remains in asked.values() for requisite in remains]
    if not every:
        return {}
    shown = (await listed(slice_.client, read_requisites(slice_.client, every))).found
    owners = {subject: {shown[one].owner for one in remains if one in shown} for subject, remains in asked.items()}
    return {
        subject: frozenset(card for card in cards if card.kind is subject.kind and card != subject)
        for subject, cards in owners.items()
    }
