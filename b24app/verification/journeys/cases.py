"""Cases: what a slice's subjects each come to. Decided of what was gathered, without reading anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from b24app.bitrix24.writing import Value
from b24app.domain.cards.facts import Card, Subject
from b24app.domain.cards.records import Record, Shown
from b24app.domain.portal.portal import Mode
from b24app.domain.verification.decision import Decision, Facts, decide, last_editor
from b24app.domain.verification.membership import Membership
from b24app.domain.work.arrivals import Actor, actor
from b24app.work.store import inbox
from b24app.work.store.index import Claim

CLOCKS = timedelta(seconds=2)  # the portal's and ours; its dates are whole seconds
WAITS, PATIENCE = "waits_for_another", 6  # a card waits for the journey of another one so many times


@dataclass(frozen=True, slots=True)
class Gathered:
    """One subject of the slice with everything its decision rests on.

    `rows`: what waits for it in the inbox; `witnesses`: those whose token could tell who acted; `ours`: people whose
    tokens we hold; `marks`: the portal has our field for the card's mark.
    """

    claim: Claim
    rows: inbox.Waiting
    facts: Facts
    witnesses: tuple[int, ...]
    ours: frozenset[int]
    marks: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A decided subject on its way through the rest of the journey.

    `held_back`: what it should show was written a moment ago and not stored; `not_stored`: the card as it was read back
    after a write that the portal had said yes to.
    """

    gathered: Gathered
    decision: Decision
    held_back: bool = False
    not_stored: Card | None = None
    error: Exception | None = None

    @property
    def claim(self) -> Claim:
        return self.gathered.claim

    @property
    def rows(self) -> inbox.Waiting:
        return self.gathered.rows

    @property
    def facts(self) -> Facts:
        return self.gathered.facts

    @property
    def subject(self) -> Subject:
        return self.facts.subject

    @property
    def observed(self) -> Shown | None:
        card = self.facts.card
        return Shown(card.needs_check, card.status) if card else None

    @property
    def difference(self) -> dict[str, Value]:
        """Our fields that the card shows otherwise than it should.

        Its mark is written along with a decision, by itself only where it is a copy's: a quiet portal stays quiet.
        """
        wanted, observed, card = self.decision.wanted, self.observed, self.facts.card
        if wanted is None or observed is None or card is None or self.held_back:
            return {}
        names = ("check", "status")
        found: dict[str, Value] = {
            name: getattr(wanted, name) for name in names if getattr(wanted, name) != getattr(observed, name)
        }
        mark_differs = self.gathered.marks and set(self.decision.marks) != set(card.marks)
        if mark_differs and (found or self._decided or self.facts.copied):
            found["mark"] = self.decision.marks
        return found

    @property
    def _decided(self) -> bool:
        """Somebody has decided about it just now, or in a try whose write did not come to its end."""
        unwritten = self.facts.record is not None and self.facts.record.intended is not None
        return unwritten or any(one.live and one.decided_at for one in self.decision.memberships)

    @property
    def met(self) -> set[Subject]:
        """Cards that it is the first to tell of: its own where it is new, and both sides of its new memberships."""
        known = {one.id for one in self.facts.memberships}
        new = [one for one in self.decision.memberships if one.id not in known]
        own = {self.subject} if self.facts.card and self.facts.record is None else set()
        return own | {side for one in new for side in one.sides}

    def memberships(self) -> list[Membership]:
        """All of the subject's, as decided."""
        after = {one.id: one for one in self.facts.memberships} | {one.id: one for one in self.decision.memberships}
        return list(after.values())

    def intending(self, now: datetime) -> Record:
        """The card as it was read is now agreed on (its meaning is stored), and this is what comes next."""
        card, before = self.facts.card, self.facts.record
        assert self.observed and card
        previous = before.previous if before else None
        return Record(
            settled=self.observed,
            previous=None if previous == self.observed else previous,
            intended=self.decision.wanted,
            written_at=now,
            modified_at=card.modified_at,
        )

    def settled(self, mode: Mode, now: datetime) -> Record:
        """What is agreed on at the end."""
        card, before = self.facts.card, self.facts.record
        assert self.observed and card
        if self.decision.look_again and before:
            return replace(before, stale_seen=True)
        if self.held_back and before:
            return replace(before, modified_at=card.modified_at)
        if self.not_stored:
            box = self.not_stored if "check" in self.difference else card  # else somebody has moved it since
            shown = Shown(box.needs_check, self.not_stored.status)
            return Record(shown, shown, self.decision.wanted, now, self.not_stored.modified_at)
        if mode is Mode.ON and self.difference and self.decision.wanted not in (None, self.observed):
            return Record(self.decision.wanted, self.observed, None, now, card.modified_at)
        kept = (before.previous, before.written_at) if before and before.settled == self.observed else (None, None)
        return Record(self.observed, kept[0], None, kept[1], card.modified_at)


def waits_of(claim: Claim) -> int:
    """How often the card has waited for another one by now, tries that failed aside."""
    return claim.tries - 1 if claim.error == WAITS else 0


def decided(gathered: Gathered, now: datetime) -> Case:
    decision = decide(gathered.facts, now)
    return Case(gathered, decision, held_back=_held_back(gathered.facts, decision, now))


def decided_again(case: Case, proven: frozenset[int], now: datetime) -> Case:
    """With inbox rows whose token has proven who acted."""
    gathered, facts = case.gathered, case.facts
    acted = who_acted(case.rows, facts.record, facts.card, gathered.ours, proven)
    facts = replace(facts, event_user=acted.user_id, doubted=acted.doubted)
    return replace(case, gathered=replace(gathered, facts=facts), decision=decide(facts, now))


def who_acted(
    rows: inbox.Waiting,
    record: Record | None,
    card: Card | None,
    ours: frozenset[int],
    proven: frozenset[int] = frozenset(),
) -> Actor:
    editor, written = last_editor(record, card), _may_be_ours(record, card)
    return actor(rows.named, ours=ours, editor=editor, deleted=card is None, proven=proven, written=written)


def _may_be_ours(record: Record | None, card: Card | None) -> bool:
    """Whether the card's last change may be our own write."""
    if record is None or card is None:
        return False
    return record.written_at is not None and card.modified_at <= record.written_at + CLOCKS


def _held_back(facts: Facts, decision: Decision, now: datetime) -> bool:
    card, record, wanted = facts.card, facts.record, decision.wanted
    shown = Shown(card.needs_check, card.status) if card else None
    return bool(record and shown and wanted and record.held_back(shown, wanted, now))
