"""What became of cards that are deleted, and which cards go on for them: looked up in bulk, decided by the domain.

Costs nothing while nobody is deleted: store and portal are asked only about cards that a slice gives a reason to doubt,
all of them together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from b24app.bitrix24.cards import LIST, read_cards
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.requisites import read_requisites
from b24app.cards.journeys.missing import cards_after_all, listed
from b24app.cards.store import records, requisites
from b24app.cards.store.records import Known
from b24app.domain.cards.facts import Card, Cards, Kind, Requisite, RequisiteId, Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.membership import Membership
from b24app.domain.verification.succession import SUSPENDED_FOR, Predecessor, Trace, same_name, successor
from b24app.errors import Unreadable
from b24app.portal.journeys.fields import field_map
from b24app.resources import Resources
from b24app.verification.store import aliases, memberships

MOST_NEAR = 200  # cards looked at around one that is deleted

Memberships = Mapping[Subject, tuple[Membership, ...]]
RequisitesOf = Mapping[Subject, tuple[Requisite, ...]]
Holders = Mapping[Subject, frozenset[Subject]]


@dataclass(frozen=True, slots=True)
class Successions:
    """By card: deleted ones it goes on for; who goes on for it; deleted ones whose journey comes first; living ones
    whose mark it carries; requisites that we know on it though it is deleted."""

    predecessors: Mapping[Subject, tuple[Predecessor, ...]]
    successors: Mapping[Subject, Subject]
    unsettled: Mapping[Subject, frozenset[Subject]]
    copied: Mapping[Subject, frozenset[int]]
    requisites: Mapping[Subject, frozenset[RequisiteId]]


@dataclass(frozen=True, slots=True)
class VerificationSlice:
    """A slice as it was gathered: cards as the portal shows them and as we know them, their memberships, who goes on
    for those that are deleted, and the deleted ones that each still has to take over from."""

    resources: Resources
    portal: Portal
    client: PortalClient
    subjects: tuple[Subject, ...]
    cards: Cards
    known: Mapping[Subject, Known]
    members: Memberships
    successors: aliases.Successors
    owed: aliases.Owed

    async def look_at(self, subjects: Iterable[Subject]) -> Cards:
        """Those of these that exist, of the slice or read now, and those that nobody can understand."""
        wanted = set(subjects)
        seen = {*self.subjects, *self.cards.odd}
        fresh = await read_existing(self.portal, self.client, wanted - seen)
        return Cards(
            {one: card for one in wanted if (card := self.cards.get(one) or fresh.get(one))},
            {one: odd for one in wanted if (odd := self.cards.odd.get(one) or fresh.odd.get(one))},
        )


async def read_existing(portal: Portal, client: PortalClient, subjects: Collection[Subject]) -> Cards:
    """The cards as they are. One that our admin may no longer see is not taken for a deleted one."""
    if not subjects:
        return Cards()
    cards = await listed(client, read_cards(client, subjects, field_map(portal)))
    absent = [one for one in subjects if one not in cards.found and one not in cards.odd]
    there = await cards_after_all(portal, client, absent)
    return Cards({**cards.found, **there.found}, {**cards.odd, **there.odd})


async def look_up(slice_: VerificationSlice) -> Successions:
    """The successions that a slice depends on. Raises the PortalErrors of the read."""
    marked = {card.subject: _of(card.subject.kind, card.marks) - {card.subject} for card in _present(slice_)}
    parted = {card.subject: _parted(card, slice_.members[card.subject]) for card in _present(slice_)}
    doubted = set().union(*marked.values(), *parted.values())
    successors = dict(slice_.successors)
    known: Mapping[Subject, Known] = {}
    if doubted:
        async with slice_.resources.tenant(slice_.portal.id) as db:
            successors |= await aliases.successors(db, slice_.portal.id, doubted)
            known = await records.load(db, slice_.portal.id, doubted)
    lost = await _lost(slice_)
    there = await slice_.look_at(one for one in known if not known[one].record.deleted and one not in successors)
    living = {*there.found, *there.odd}
    deleted = {one for one in known if one not in living and one not in successors}
    taken = {subject: {*slice_.owed.get(subject, ()), *(marks & deleted)} for subject, marks in marked.items()}
    for subject, predecessor in (*lost.items(), *(await _returned(slice_)).items()):
        taken[subject].add(predecessor)
    found = {one: subject for subject, many in taken.items() for one in many}
    requisites_of = await _requisites_of(slice_)
    lonely = [one for one in _deleted(slice_, requisites_of) if one not in successors and one not in found]
    traced = await _trace(slice_, lonely, await _holders(slice_, lonely, requisites_of))
    for one, subject in traced.items():
        if subject in taken:
            taken[subject].add(one)
    applied = {one for one, subject in successors.items() if one not in slice_.owed.get(subject, ())}
    unsettled = {one for one in doubted if one in successors and one not in applied}
    unsettled |= {one for one in deleted if not known[one].record.deleted}
    return Successions(
        predecessors=await _predecessors(slice_, taken),
        successors={**successors, **found, **traced},
        unsettled={subject: frozenset(many & unsettled) for subject, many in parted.items()},
        copied={subject: frozenset(one.id for one in marks if one in living) for subject, marks in marked.items()},
        requisites={
            one: frozenset(it.subject for it in many if it.owner == one) for one, many in requisites_of.items()
        },
    )


def _present(slice_: VerificationSlice) -> list[Card]:
    return [card for one in slice_.subjects if (card := slice_.cards.get(one))]


def _absent(slice_: VerificationSlice) -> list[Subject]:
    return [one for one in slice_.subjects if slice_.cards.get(one) is None]


def _deleted(slice_: VerificationSlice, requisites_of: RequisitesOf) -> list[Subject]:
    """Cards that are deleted, of which something is left to go on."""
    return [
        one for one in _absent(slice_) if one in requisites_of or any(member.live for member in slice_.members[one])
    ]


async def _requisites_of(slice_: VerificationSlice) -> RequisitesOf:
    """What we know to hang on cards that are deleted, or to have hung there before it moved."""
    absent = _absent(slice_)
    if not absent:
        return {}
    async with slice_.resources.tenant(slice_.portal.id) as db:
        return await requisites.requisites_of(db, slice_.portal.id, absent)


async def _holders(slice_: VerificationSlice, deleted: Collection[Subject], requisites_of: RequisitesOf) -> Holders:
    """Cards of the same kind on which the portal shows now what hung on each of these."""
    asked = [it.subject for one in deleted for it in requisites_of.get(one, ())]
    if not asked:
        return {}
    shown = (await listed(slice_.client, read_requisites(slice_.client, asked))).found
    at = {one: {shown[it.subject].owner for it in requisites_of.get(one, ()) if it.subject in shown} for one in deleted}
    return {one: frozenset(it for it in owners if it.kind is one.kind and it != one) for one, owners in at.items()}


def _of(kind: Kind, ids: Iterable[int]) -> set[Subject]:
    return {Subject(kind, one) for one in ids}


def _parted(card: Card, members: Iterable[Membership]) -> set[Subject]:
    """Companies a person is no longer linked with: their cards may be deleted, and the link have moved to another
    one."""
    if card.subject.kind is not Kind.CONTACT:
        return set()
    linked = {one.company_id for one in members if one.live and one.linked and one.company_id}
    return _of(Kind.COMPANY, linked - set(card.links))


async def _lost(slice_: VerificationSlice) -> Mapping[Subject, Subject]:
    """Cards we see for the first time, each with the only deleted one of its name that stood where it stands."""
    since = slice_.resources.now() - SUSPENDED_FOR
    present = [card for card in _present(slice_) if card.subject not in slice_.known]
    new = [card for card in present if card.title and card.links and not card.marks]
    found = {}
    for kind in {card.subject.kind for card in new}:
        titles = {card.title for card in new if card.subject.kind is kind}
        async with slice_.resources.tenant(slice_.portal.id) as db:
            lost = await records.lost(db, slice_.portal.id, kind, titles, since)
        for card in new:
            like = [one.subject for one in lost if _like(one, card)]
            if len(like) == 1:
                found[card.subject] = like[0]
    return found


async def _returned(slice_: VerificationSlice) -> Mapping[Subject, Subject]:
    """Cards we see for the first time, each with the deleted one whose requisites hang on it now: from the recycle bin
    they come back under their own numbers."""
    new = {card.subject for card in _present(slice_) if card.subject not in slice_.known and not card.marks}
    if not new:
        return {}
    since = slice_.resources.now() - SUSPENDED_FOR
    async with slice_.resources.tenant(slice_.portal.id) as db:
        went = await requisites.went_with(db, slice_.portal.id, {one.kind for one in new}, since, MOST_NEAR)
    if not went:
        return {}
    shown = (await listed(slice_.client, read_requisites(slice_.client, [one.subject for one in went]))).found
    successors: dict[Subject, set[Subject]] = defaultdict(set)
    for one in went:
        if one.subject in shown:
            successors[one.owner].add(shown[one.subject].owner)
    plain = {deleted: next(iter(cards)) for deleted, cards in successors.items() if len(cards) == 1}
    return {card: deleted for deleted, card in plain.items() if card in new and card.kind is deleted.kind}


def _like(one: Known, card: Card) -> bool:
    """A deleted card stood under this name in these places, or in some of them."""
    named = one.subject.kind is card.subject.kind and one.title == card.title
    return named and bool(one.links) and set(one.links) <= set(card.links)


async def _trace(
    slice_: VerificationSlice, deleted: Collection[Subject], holders: Holders
) -> Mapping[Subject, Subject]:
    """Who goes on for each of these, where that is plain.

    A neighbour nobody can understand keeps no deletion waiting: should it go on, its mark tells once it can be read.
    Raises `Unreadable` where such a one holds what hung on one of these, which tells of it only now.
    """
    places = {one: _places(one, slice_.members[one]) for one in deleted}
    every = set().union(*places.values()) if places else set()
    if not every and not any(holders.values()):
        return {}
    shown = (await slice_.look_at(every)).found
    async with slice_.resources.tenant(slice_.portal.id) as db:
        known = await records.load(db, slice_.portal.id, every)
    stood = {one: [(shown[at], known[at]) for at in places[one] if at in shown and at in known] for one in deleted}
    near = {one: {*holders.get(one, ()), *_near(one, stood[one])} for one in deleted}
    there = await slice_.look_at(set().union(*near.values()))
    for holder in set().union(*holders.values()) & there.odd.keys():
        raise Unreadable(LIST, there.odd[holder].field)
    cards, found = there.found, {}
    for one in deleted:
        title = slice_.known[one].title if one in slice_.known else ""
        traces = [
            Trace(
                subject=other,
                marked=one.id in cards[other].marks,
                holds=other in holders.get(one, ()),
                took=all(other.id in card.links for card, _ in stood[one])
                and any(other.id not in before.links for _, before in stood[one]),
                named=same_name(title, cards[other].title),
            )
            for other in near[one]
            if other in cards
        ]
        if subject := successor(traces):
            found[one] = subject
    return found


def _places(subject: Subject, members: Iterable[Membership]) -> set[Subject]:
    """Cards on the other side of its living links."""
    across = (one.other_side(subject.kind) for one in members if one.live and one.linked)
    return {one for one in across if one}


def _near(subject: Subject, stood: Iterable[tuple[Card, Known]]) -> list[Subject]:
    """Cards of the same kind that stand in the same places now, those that did not before first."""
    now = [_of(subject.kind, card.links) - {subject} for card, _ in stood]
    before = [_of(subject.kind, known.links) for _, known in stood]
    new = set().union(*(here - had for here, had in zip(now, before, strict=True)))
    return [*sorted(new), *sorted(set().union(*now) - new)][:MOST_NEAR]


async def _predecessors(
    slice_: VerificationSlice, taken: Mapping[Subject, Collection[Subject]]
) -> Mapping[Subject, tuple[Predecessor, ...]]:
    """The deleted cards with all that was theirs."""
    every = set().union(*taken.values()) if taken else set()
    if not every:
        return {}
    async with slice_.resources.tenant(slice_.portal.id) as db:
        known = await records.load(db, slice_.portal.id, every)
        members = await memberships.of_subjects(db, slice_.portal.id, every)
    found: dict[Subject, list[Predecessor]] = defaultdict(list)
    for subject, many in taken.items():
        for one in sorted(many):
            box = known[one].record.settled.check if one in known else False
            found[subject].append(Predecessor(one, box, members[one]))
    return {subject: tuple(many) for subject, many in found.items()}
