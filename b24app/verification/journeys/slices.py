"""A slice of cards on its way through the journey: as the portal shows them, as we know them, and who is in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from b24app.bitrix24.cards import read_cards
from b24app.bitrix24.client import PortalClient
from b24app.cards.journeys.missing import cards_after_all, listed
from b24app.cards.store.records import Known
from b24app.domain.cards.facts import Card, Cards, Kind, Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.membership import Membership
from b24app.portal.journeys.fields import field_map
from b24app.resources import Resources
from b24app.verification.store import aliases


@dataclass(frozen=True, slots=True)
class VerificationSlice:
    """`subjects`: those that can be understood; `members`: memberships of each; `successors`: who goes on for those
    that are deleted, where we know it; `owed`: deleted cards that each still has to take over from."""

    resources: Resources
    portal: Portal
    client: PortalClient
    subjects: tuple[Subject, ...]
    cards: Cards
    known: Mapping[Subject, Known]
    members: Mapping[Subject, tuple[Membership, ...]]
    successors: aliases.Successors
    owed: aliases.Owed

    @property
    def present(self) -> list[Card]:
        return [card for subject in self.subjects if (card := self.cards.get(subject))]

    @property
    def absent(self) -> list[Subject]:
        return [subject for subject in self.subjects if self.cards.get(subject) is None]

    async def look_at(self, subjects: Iterable[Subject]) -> Cards:
        """Those of these that exist, of the slice or read now, and those that nobody can understand."""
        wanted = set(subjects)
        seen = {*self.subjects, *self.cards.odd}
        fresh = await read_existing(self.portal, self.client, wanted - seen)
        return Cards(
            {subject: card for subject in wanted if (card := self.cards.get(subject) or fresh.get(subject))},
            {subject: odd for subject in wanted if (odd := self.cards.odd.get(subject) or fresh.odd.get(subject))},
        )


async def read_existing(portal: Portal, client: PortalClient, subjects: Collection[Subject]) -> Cards:
    """The cards as they are. One that our admin may no longer see is not taken for a deleted one."""
    if not subjects:
        return Cards()
    cards = await listed(client, read_cards(client, subjects, field_map(portal)))
    absent = [subject for subject in subjects if subject not in cards.found and subject not in cards.odd]
    there = await cards_after_all(portal, client, absent)
    return Cards({**cards.found, **there.found}, {**cards.odd, **there.odd})


def cards_of(kind: Kind, ids: Iterable[int]) -> set[Subject]:
    return {Subject(kind, one) for one in ids}
