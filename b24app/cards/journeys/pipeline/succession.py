"""What became of cards that are deleted, and which cards go on for them: looked up in bulk, decided by the domain, on
what the cards themselves show: links, requisites, our mark.

Costs nothing while nobody is deleted: store and portal are asked only about cards that a slice gives a reason to doubt,
all of them together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from b24app.bitrix24.requisites import read_requisites
from b24app.cards.journeys.lists import HAVE_REQUISITES
from b24app.cards.journeys.missing import listed
from b24app.cards.journeys.pipeline.slices import CardSlice, cards_of
from b24app.cards.journeys.pipeline.traces import MOST_NEAR, RequisitesOf, trace
from b24app.cards.store import aliases, records, requisites
from b24app.domain.cards.facts import Card, Kind, RequisiteId, Subject
from b24app.domain.cards.records import Known, Record
from b24app.domain.cards.succession import RETURNS_WITHIN, returned


@dataclass(frozen=True, slots=True)
class Successions:
    """By card: deleted ones it goes on for; who goes on for it; deleted ones whose journey comes first; living ones
    whose mark it carries; requisites that we know on it though it is deleted."""

    predecessors: Mapping[Subject, tuple[Known, ...]]
    successors: Mapping[Subject, Subject]
    unsettled: Mapping[Subject, frozenset[Subject]]
    copied: Mapping[Subject, frozenset[int]]
    requisites: Mapping[Subject, frozenset[RequisiteId]]


@dataclass(frozen=True, slots=True)
class Doubts:
    """Cards that may be deleted, by the card of the slice that lets us doubt them. `marked`: it carries their marks;
    `left`: companies that a person is no longer linked with, perhaps because the link moved to another one."""

    marked: Mapping[Subject, set[Subject]]
    left: Mapping[Subject, set[Subject]]

    @property
    def subjects(self) -> set[Subject]:
        return set[Subject]().union(*self.marked.values(), *self.left.values())


@dataclass(frozen=True, slots=True)
class Remembered:
    """What our rows say of doubted cards: as we know them, and who goes on for which (for cards of the slice, too)."""

    known: Mapping[Subject, Known]
    successors: Mapping[Subject, Subject]

    @property
    def without_successor(self) -> list[Subject]:
        return [subject for subject in self.known if subject not in self.successors]


async def look_up(slice_: CardSlice) -> Successions:
    """The successions that a slice depends on. Raises the PortalErrors of the read.

    First deleted cards that the slice's cards point to, by mark, link, name or requisite; then cards of the slice that
    are deleted and that nothing has pointed to: the traces they left are followed.
    """
    doubts = _doubts(slice_)
    remembered = await _remembered(slice_, doubts)
    replaced = await _replaced(slice_)
    living = await _living(slice_, remembered)
    returned = await _returned(slice_)
    deleted = {subject for subject in remembered.without_successor if subject not in living}

    predecessors = {card: {*_owed(slice_, card), *(marked & deleted)} for card, marked in doubts.marked.items()}
    for card, predecessor in (*replaced.items(), *returned.items()):
        predecessors[card].add(predecessor)
    followed = {*remembered.successors, *(one for before in predecessors.values() for one in before)}

    requisites_of = await _requisites_of(slice_)
    lonely = [subject for subject in await _with_something_left(slice_, requisites_of) if subject not in followed]
    traced = await trace(slice_, lonely, requisites_of)
    for predecessor, card in traced.items():
        if card in predecessors:
            predecessors[card].add(predecessor)

    unsettled = _unsettled(slice_, doubts, remembered, deleted)
    taken_over = {predecessor: card for card, before in predecessors.items() for predecessor in before}
    return Successions(
        predecessors=await _as_known(slice_, predecessors),
        successors={**remembered.successors, **taken_over, **traced},
        unsettled={person: frozenset(companies & unsettled) for person, companies in doubts.left.items()},
        copied={card: frozenset(one.id for one in marked & living) for card, marked in doubts.marked.items()},
        requisites={
            subject: frozenset(requisite.subject for requisite in remains if requisite.owner == subject)
            for subject, remains in requisites_of.items()
        },
    )


def _doubts(slice_: CardSlice) -> Doubts:
    return Doubts(
        marked={card.subject: cards_of(card.subject.kind, card.marks) - {card.subject} for card in slice_.present},
        left={card.subject: _left(card, slice_.known.get(card.subject)) for card in slice_.present},
    )


def _left(card: Card, known: Known | None) -> set[Subject]:
    if card.subject.kind is not Kind.CONTACT or known is None:
        return set()
    return cards_of(Kind.COMPANY, set(known.links) - set(card.links))


def _owed(slice_: CardSlice, card: Subject) -> list[Subject]:
    """What it goes on for and has not taken over; not what only waits for a rule that is off."""
    names = {rule.name for rule in slice_.rules}
    return [one for one, rules in slice_.owed.get(card, {}).items() if rules is None or rules & names]


async def _remembered(slice_: CardSlice, doubts: Doubts) -> Remembered:
    doubted = doubts.subjects
    if not doubted:
        return Remembered({}, slice_.successors)
    async with slice_.resources.tenant(slice_.portal.id) as db:
        successors = await aliases.successors(db, slice_.portal.id, doubted)
        known = await records.load(db, slice_.portal.id, doubted)
    return Remembered(known, {**slice_.successors, **successors})


async def _living(slice_: CardSlice, remembered: Remembered) -> set[Subject]:
    """Doubted cards that the portal shows, of those that we have no reason to take for deleted."""
    unsure = [one for one in remembered.without_successor if not remembered.known[one].record.deleted]
    cards = await slice_.look_at(unsure)
    return {*cards.found, *cards.odd}


def _unsettled(slice_: CardSlice, doubts: Doubts, remembered: Remembered, deleted: Collection[Subject]) -> set[Subject]:
    """Doubted cards whose own journey comes first: it has not seen that they are deleted; or theirs who goes on for
    them, which has not taken over yet."""
    unseen = {subject for subject in deleted if not remembered.known[subject].record.deleted}
    followed = {subject: remembered.successors[subject] for subject in doubts.subjects & remembered.successors.keys()}
    return unseen | {subject for subject, card in followed.items() if subject in _owed(slice_, card)}


async def _replaced(slice_: CardSlice) -> Mapping[Subject, Subject]:
    """Cards we see for the first time, each with the only deleted one of its name that it may be."""
    since = slice_.resources.now() - RETURNS_WITHIN
    new = [card for card in slice_.present if card.subject not in slice_.known]
    new = [card for card in new if card.title and (card.links or card.subject.kind is Kind.DEAL) and not card.marks]
    replaced = {}
    for kind in {card.subject.kind for card in new}:
        titles = {card.title for card in new if card.subject.kind is kind}
        async with slice_.resources.tenant(slice_.portal.id) as db:
            lost = await records.lost(db, slice_.portal.id, kind, titles, since)
        for card in new:
            namesakes = [known.subject for known in lost if returned(known, card)]
            if len(namesakes) == 1:
                replaced[card.subject] = namesakes[0]
    return replaced


async def _returned(slice_: CardSlice) -> Mapping[Subject, Subject]:
    """Cards we see for the first time, each with the deleted one whose requisites hang on it now: from the recycle bin
    they come back under their own numbers."""
    new = {card.subject for card in slice_.present if card.subject not in slice_.known and not card.marks}
    new = {card for card in new if card.kind in HAVE_REQUISITES}
    if not new:
        return {}
    since = slice_.resources.now() - RETURNS_WITHIN
    async with slice_.resources.tenant(slice_.portal.id) as db:
        went = await requisites.went_with(db, slice_.portal.id, {card.kind for card in new}, since, MOST_NEAR)
    if not went:
        return {}
    read = (await listed(slice_.client, read_requisites(slice_.client, [one.subject for one in went]))).found
    owners: dict[Subject, set[Subject]] = defaultdict(set)
    for requisite in went:
        if requisite.subject in read:
            owners[requisite.owner].add(read[requisite.subject].owner)
    plain = {deleted: next(iter(cards)) for deleted, cards in owners.items() if len(cards) == 1}
    return {card: deleted for deleted, card in plain.items() if card in new and card.kind is deleted.kind}


async def _requisites_of(slice_: CardSlice) -> RequisitesOf:
    if not slice_.absent:
        return {}
    async with slice_.resources.tenant(slice_.portal.id) as db:
        return await requisites.requisites_of(db, slice_.portal.id, slice_.absent)


async def _with_something_left(slice_: CardSlice, requisites_of: RequisitesOf) -> list[Subject]:
    """Deleted cards of which something is left to go on, also rows of rules that are off."""
    if not slice_.absent:
        return []
    held = set(requisites_of)
    async with slice_.resources.tenant(slice_.portal.id) as db:
        for rule in slice_.resources.rules.all:
            held |= await rule.holds(db, slice_.portal, slice_.absent)
    return [subject for subject in slice_.absent if subject in held]


async def _as_known(
    slice_: CardSlice, predecessors: Mapping[Subject, Collection[Subject]]
) -> Mapping[Subject, tuple[Known, ...]]:
    every = set[Subject]().union(*predecessors.values())
    if not every:
        return {}
    async with slice_.resources.tenant(slice_.portal.id) as db:
        known = await records.load(db, slice_.portal.id, every)
    return {
        card: tuple(known.get(subject) or Known(subject, Record({}, deleted=True)) for subject in sorted(before))
        for card, before in predecessors.items()
        if before
    }
