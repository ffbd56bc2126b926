"""A card that is deleted, and the one that goes on for it: two cards were merged, or one came back from the recycle
bin.

The portal says neither: of a merge it tells a change of the one and a deletion of the other, of a restoration an
addition under a new id. Who goes on is told by what the deleted card left behind. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.cards.records import Known

RETURNS_WITHIN = timedelta(days=30)
"""A deleted card may come back for so long."""


OF_A_DEAL = ("companyId", "createdTime", "opportunity")
"""Facts that a deal brings back from the recycle bin, with its title."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A living card of the same kind that may go on for a deleted one.

    `marked`: it carries the deleted card's mark; `holds`: requisites that hung on the deleted one hang on it; `took`:
    it stands now wherever the deleted one stood, and did not before; `named`: it has the same name."""

    subject: Subject
    marked: bool = False
    holds: bool = False
    took: bool = False
    named: bool = False


def successor(traces: Collection[Trace]) -> Subject | None:
    """Who goes on: the only one that carries the mark, else the only one that holds the deleted card's requisites, else
    the only one that took its place.

    Nobody can move a requisite by hand, so that one has it needs no other proof. People take each other's place in a
    company every day, so a contact must have the name as well. Several: nobody, and a person has to say.
    """
    for plain in ([one.subject for one in traces if one.marked], [one.subject for one in traces if one.holds]):
        if plain:
            return plain[0] if len(plain) == 1 else None
    took = [one.subject for one in traces if one.took and (one.named or one.subject.kind is Kind.COMPANY)]
    return took[0] if len(took) == 1 else None


def returned(deleted: Known, card: Card) -> bool:
    """Whether a card seen for the first time may be this deleted one, come back from the recycle bin.

    A deal: of the same company, made at the same time, with the same sum. A contact or company: it stands wherever the
    deleted one stood. Leads show nothing of the kind.
    """
    if deleted.subject.kind is not card.subject.kind or not card.title or deleted.title != card.title:
        return False
    match card.subject.kind:
        case Kind.DEAL:
            known = [deleted.facts.get(name) for name in OF_A_DEAL]
            return known[1] is not None and known == [card.facts.get(name) for name in OF_A_DEAL]
        case Kind.LEAD:
            return False
    return bool(deleted.links) and set(deleted.links) <= set(card.links)


def same_name(one: str, other: str) -> bool:
    """Whether a merge or a restoration may have made one of these titles of the other: no word contradicts."""
    words, others = set(one.casefold().split()), set(other.casefold().split())
    return bool(words and others) and (words <= others or others <= words)
