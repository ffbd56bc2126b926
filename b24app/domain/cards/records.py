"""What we last agreed with the portal about a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from b24app.domain.cards.facts import Card, Facts, Kind, Subject, Value, Values

CLOCKS = timedelta(seconds=2)  # the portal's and ours; its dates are whole seconds
HELD_BACK = timedelta(minutes=10)  # what a portal did not store is not written again for so long


@dataclass(frozen=True, slots=True)
class Record:
    """What we last agreed with the portal about one card, and what we were about to write; by code.

    `previous`: what stood there before our last write. Where that is what the card went on showing, the portal said yes
    to `intended` and stored nothing. Of no code: nothing is on its way.
    """

    settled: Values
    previous: Values = field(default_factory=dict)
    intended: Values = field(default_factory=dict)
    written_at: datetime | None = None
    modified_at: datetime | None = None
    stale_seen: bool = False
    deleted: bool = False

    def held_back(self, code: str, shown: Value, wanted: Value, now: datetime) -> bool:
        """Whether this very write came to nothing a moment ago: the portal tells of it as of any other, and whoever
        answers by writing again does so for ever."""
        tried = code in self.intended and code in self.previous and self.intended[code] == wanted
        futile = tried and self.settled.get(code) == self.previous[code] == shown
        return futile and self.written_at is not None and now - self.written_at < HELD_BACK

    def is_stale(self, card: Values, modified_at: datetime) -> bool:
        """Whether the card was read before our own write: a code shows what stood there before, and nobody has modified
        the card since."""
        if self.written_at is None or modified_at >= self.written_at.replace(microsecond=0):
            return False
        return any(
            code in card and card[code] == before and card[code] != self.settled.get(code)
            for code, before in self.previous.items()
        )


@dataclass(frozen=True, slots=True)
class Known:
    """A stored card: the part a decision needs, and what the card tab and the API show of it. `behind`: rules that have
    not seen its last change, because they were off; `facts`: portal fields as it showed them."""

    subject: Subject
    record: Record
    title: str = ""
    links: tuple[int, ...] = ()
    assigned_by: int = 0
    gone_at: datetime | None = None
    seen_at: datetime | None = None
    behind: frozenset[str] = frozenset()
    facts: Facts = field(default_factory=dict)


def newly_met(card: Card, known: Known | None) -> set[Subject]:
    """The card where it is new, and companies that a person is newly linked with: their own cards may be read later."""
    companies: set[int] = set()
    if card.subject.kind is Kind.CONTACT:
        companies = set(card.links) - set(known.links if known else ())
    return {*(() if known else (card.subject,)), *(Subject(Kind.COMPANY, one) for one in companies)}


def some(values: Values, codes: Mapping[str, object] | frozenset[str]) -> dict[str, Value]:
    """Those of these codes that there are."""
    return {code: values[code] for code in sorted(codes) if code in values}


def last_editor(record: Record | None, card: Card | None) -> int | None:
    """Whoever the card says modified it since we last looked; of a card we have not seen before, whoever did last."""
    if card is None or not card.modified_by:
        return None
    seen = record.modified_at if record else None
    return card.modified_by if record is None or (seen is not None and card.modified_at > seen) else None


def emptied(known: Known, made: Mapping[str, tuple[datetime, Value]]) -> Known:
    """As it is agreed on where fields were deleted and added again since the card was last seen: they are empty, and
    nobody has emptied them. `made`: by code, when the field was added and what an empty one shows."""
    codes = {code: empty for code, (at, empty) in made.items() if known.seen_at is None or known.seen_at < at}
    record = known.record
    anew = codes.keys() & record.settled.keys()
    if not anew:
        return known
    settled = {**record.settled, **{code: codes[code] for code in anew}}
    previous, intended = (
        {code: value for code, value in values.items() if code not in anew}
        for values in (record.previous, record.intended)
    )
    return replace(known, record=replace(record, settled=settled, previous=previous, intended=intended))
