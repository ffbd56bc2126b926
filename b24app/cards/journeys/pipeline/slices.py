"""A slice of changed cards: as the portal shows them, as we know them, and what each comes to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from b24app.bitrix24.cards import CardFields, FieldMap, read_cards
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.writing import Written, same
from b24app.card_rules import CardDecision, CardFacts, CardRule, Confirmed
from b24app.cards.journeys.missing import cards_after_all, listed
from b24app.cards.store import aliases
from b24app.cards.store.failures import RuleFailure
from b24app.domain.cards.facts import MARK, Card, Cards, Facts, Kind, Subject, Topic, Value
from b24app.domain.cards.records import Known, Record
from b24app.domain.portal.portal import Mode, Portal
from b24app.errors import NotStored
from b24app.resources import Resources
from b24app.work.store import inbox
from b24app.work.store.index import Claim

Rule = CardRule[Any, Any]

WAITS, PATIENCE = "waits_for_another", 6  # a card waits for the journey of another one so many times


@dataclass(frozen=True, slots=True)
class CardSlice:
    """`subjects`: those that can be understood; `known`: as we last agreed on them; `successors`: who goes on for those
    that are deleted, where we know it; `owed`: what each still has to take over; `rules`: those that are not off."""

    resources: Resources
    portal: Portal
    client: PortalClient
    fields: FieldMap
    rules: Sequence[Rule]
    subjects: tuple[Subject, ...]
    cards: Cards
    known: Mapping[Subject, Known]
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
        fresh = await read_existing(self.client, self.fields, wanted - seen)
        return Cards(
            {subject: card for subject in wanted if (card := self.cards.get(subject) or fresh.get(subject))},
            {subject: odd for subject in wanted if (odd := self.cards.odd.get(subject) or fresh.odd.get(subject))},
        )


async def read_existing(client: PortalClient, fields: FieldMap, subjects: Collection[Subject]) -> Cards:
    """The cards as they are. One that our admin may no longer see is not taken for a deleted one."""
    if not subjects:
        return Cards()
    cards = await listed(client, read_cards(client, subjects, fields))
    absent = [subject for subject in subjects if subject not in cards.found and subject not in cards.odd]
    there = await cards_after_all(client, fields, absent)
    return Cards({**cards.found, **there.found}, {**cards.odd, **there.odd})


def cards_of(kind: Kind, ids: Iterable[int]) -> set[Subject]:
    return {Subject(kind, one) for one in ids}


@dataclass(slots=True, eq=False)
class CardCase:
    """One card of the slice and what it has come to so far.

    `rows`: what waits for it in the inbox; `facts`: those of no rule yet; `owed`: what it goes on for, with the rules
    that have not taken over (None: no rule has); `unsettled`: deleted cards whose own journey comes first; `witnesses`:
    inbox rows whose token could tell who acted; `ours`: people whose tokens we hold; `fields`: our fields in its kind.

    `rules`: that act on it, `modes`: of all there are for its kind; `decisions`, `failed`: by rule; `given_up`: the
    reasons of rules that are not tried again for what came; `stored`: rules
    whose decisions are kept, None before; `outcomes`: of codes that were written; `not_stored`: the portal said yes and
    shows something else; `error`: nobody's but the card's, or that of all its rules.
    """

    claim: Claim
    rows: inbox.Waiting
    facts: CardFacts
    fields: CardFields
    owed: Mapping[Subject, frozenset[str] | None] = field(default_factory=dict)
    unsettled: frozenset[Subject] = frozenset()
    witnesses: tuple[int, ...] = ()
    ours: frozenset[int] = frozenset()
    failures: Mapping[str, RuleFailure] = field(default_factory=dict)
    stale: bool = False
    rules: dict[str, Rule] = field(default_factory=dict)
    modes: dict[str, Mode] = field(default_factory=dict)
    decisions: dict[str, CardDecision[Any]] = field(default_factory=dict)
    failed: dict[str, Exception] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)
    stored: frozenset[str] | None = None
    outcomes: dict[str, Written] = field(default_factory=dict)
    not_stored: bool = False
    error: Exception | None = None

    @property
    def subject(self) -> Subject:
        return self.facts.subject

    @property
    def card(self) -> Card | None:
        return self.facts.card

    @property
    def record(self) -> Record | None:
        return self.facts.known.record if self.facts.known else None

    @property
    def waits(self) -> bool:
        """Nobody waits for a rule that is not tried again."""
        waiting = {name for name, decision in self.decisions.items() if decision.waits}
        return bool(self.unsettled) or bool(waiting - self._stuck())

    def _stuck(self) -> set[str]:
        """Rules that are given up, and those that need one of them."""
        stuck = set(self.given_up)
        for name, rule in self.rules.items():  # whoever is needed comes first
            if rule.needs & stuck:
                stuck.add(name)
        return stuck

    @property
    def decided(self) -> list[str]:
        """Rules whose decision stands. Before `stored`: those that have not failed; after it also those whose write was
        refused."""
        kept = self.stored or frozenset()
        return [
            name
            for name, decision in self.decisions.items()
            if not decision.waits and (name in kept or name not in self.failed)
        ]

    @property
    def neighbours(self) -> frozenset[Topic]:
        """Cards that have to look again, and what hung on a deleted one."""
        found: set[Topic] = {*self.unsettled}
        found |= {topic for name in self.decided for topic in self.decisions[name].neighbours}
        if self.card is None and self.decided:
            found |= {*self.facts.requisites, *((self.facts.successor,) if self.facts.successor else ())}
        return frozenset(found)

    def asks(self, rule: Rule) -> bool:
        """Whether the rule acts on the card, and has not given up what came for it."""
        return rule.name in self.rules and rule.name not in self.given_up

    def facts_for(self, rule: Rule) -> CardFacts:
        """What this rule is handed."""
        before = tuple(known for known in self.facts.predecessors if _owes(self.owed.get(known.subject), rule.name))
        return replace(self.facts, mode=self.modes[rule.name], predecessors=before)

    def wanted(self) -> dict[str, Value]:
        """Of rules that may write."""
        return {
            code: value
            for name in self.decided
            if self.modes[name] is Mode.ON
            for code, value in self.decisions[name].wanted.items()
            if self.card and code in self.card.values
        }

    def difference(self, now: datetime) -> dict[str, Value]:
        """Codes that the card shows otherwise than it should and that may be written now.

        Its mark is written along with a decision, by itself only where it is a copy's: a quiet portal stays quiet.
        """
        if self.card is None:
            return {}
        shown, later = self.card.values, self.not_before(now)
        differing = {code: value for code, value in self.wanted().items() if not same(shown[code], value)}
        found = {code: value for code, value in differing.items() if code not in later}
        held = {code for code in found if self._held_back(code, found[code], now)}
        if held and not set(found) - held:
            return {}
        found = {code: value for code, value in found.items() if code not in held}
        mark = self.mark()
        on = any(self.modes[name] is Mode.ON for name in self.decided)
        if on and mark is not None and (found or self._keeps() or self.facts.copied):
            found[MARK] = mark
        return found

    def not_before(self, now: datetime) -> dict[str, datetime]:
        """Codes that differ and are not to be written yet."""
        if self.card is None:
            return {}
        shown, wanted = self.card.values, self.wanted()
        return {
            code: at
            for name in self.decided
            for code, at in self.decisions[name].not_before.items()
            if at > now and code in wanted and not same(shown[code], wanted[code])
        }

    def mark(self) -> tuple[int, ...] | None:
        """What it should carry, where it carries something else: its own id and those it goes on for; a copy of a
        living card brings that one's mark, which is dropped."""
        if self.card is None or MARK not in self.fields:
            return None
        marks = (one for one in self.card.marks if one not in self.facts.copied)
        wanted = tuple(dict.fromkeys((self.subject.id, *marks)))
        return wanted if set(wanted) != set(self.card.marks) else None

    def _keeps(self) -> bool:
        """Something was decided just now, or in a try whose write did not come to its end."""
        unwritten = self.record is not None and bool(self.record.intended)
        return unwritten or any(self.decisions[name].keeps for name in self.decided)

    def _held_back(self, code: str, value: Value, now: datetime) -> bool:
        return bool(self.record and self.card and self.record.held_back(code, self.card.values[code], value, now))

    def rule_of(self, code: str) -> str:
        """Empty for the mark, which is no rule's."""
        return next((name for name, rule in self.rules.items() if code in rule.fields), "")

    def confirmed(self, name: str) -> list[Confirmed]:
        """What the portal has taken of this rule's, or shows of what was intended."""
        found = []
        for code in sorted(self.rules[name].fields):
            outcome = self.outcomes.get(code)
            if outcome and outcome.error is None:
                found.append(Confirmed(self.subject, code, self.wanted()[code]))
            elif outcome is None and self.card and self._read_back(code):
                found.append(Confirmed(self.subject, code, self.card.values[code]))
        return found

    def _read_back(self, code: str) -> bool:
        """The card shows what was intended, or what is wanted and was not agreed on until now: `written` is owed."""
        if self.card is None or code not in self.card.values:
            return False
        shown, wanted, before = self.card.values[code], self.wanted(), self.record or Record({})
        if code in before.intended and same(shown, before.intended[code]):
            return True
        return code in wanted and same(shown, wanted[code]) and not same(shown, before.settled.get(code))

    def intending(self, writing: Mapping[str, Value], now: datetime) -> Known:
        """The card as it was read is agreed on where its meaning is stored, and this is what comes next."""
        return self._kept(self._agreed(writing, now))

    def settled(self, now: datetime) -> Known:
        """What is agreed on at the end."""
        assert self.card
        if self.stale and self.facts.known:
            return self._kept(replace(self.facts.known.record, stale_seen=True))
        return self._kept(self._agreed({}, now))

    def _agreed(self, writing: Mapping[str, Value], now: datetime) -> Record:
        """By code; what no rule has decided about stays as it was. `writing`: what is about to be written."""
        card, before = self.card, self.record or Record({})
        assert card
        settled, previous, intended = dict(before.settled), dict(before.previous), dict(before.intended)
        wanted, touched = self.wanted(), False
        for code in sorted(code for name in self.decided for code in self.rules[name].fields):
            if code not in card.values:
                continue
            shown, outcome = card.values[code], self.outcomes.get(code)
            untold = bool(writing) or self.rule_of(code) in self.failed  # `written` has not succeeded yet
            if code in writing:
                settled[code], intended[code], touched = shown, wanted[code], True
                if code in previous and previous[code] == shown:
                    del previous[code]
            elif outcome is None:
                if code in wanted and not same(shown, wanted[code]) and self._held_back(code, wanted[code], now):
                    continue
                owed = untold and self._read_back(code)
                _agree(settled, previous, intended, code, shown)
                if owed:
                    intended[code] = shown
            elif outcome.error is None and not untold:
                settled[code], previous[code], touched = wanted[code], shown, True
                intended.pop(code, None)
            elif isinstance(outcome.error, NotStored) and outcome.card:
                settled[code] = previous[code] = outcome.card.values[code]
                intended[code], touched = wanted[code], True
            else:
                settled[code], intended[code], touched = shown, wanted[code], True
        written_at = now if touched else before.written_at if previous or intended else None
        read_back = [one.card.modified_at for one in self.outcomes.values() if one.card and _not_stored(one)]
        return Record(settled, previous, intended, written_at, max(read_back, default=card.modified_at))

    def _kept(self, record: Record) -> Known:
        """Facts move when every rule that is not off has decided; those that are off are behind from now on."""
        known, card = self.facts.known, self.card
        assert card
        stays = known is not None and not set(self.decided) >= set(self.rules)
        links, facts = (known.links, known.facts) if known and stays else (card.links, card.facts)
        moved = known is None or set(known.links) != set(links) or _differ(known.facts, facts)
        behind = self.behind(changed=moved)
        return Known(self.subject, record, card.title, links, card.assigned_by, behind=behind, facts=facts)

    def behind(self, *, changed: bool) -> frozenset[str]:
        """Rules that were off when it was met or its facts changed, and have not seen it since."""
        before = self.facts.known.behind if self.facts.known else frozenset()
        off = {name for name, mode in self.modes.items() if mode is Mode.OFF} if changed else set()
        return frozenset({*before, *off} - set(self.decided))


def _agree(
    settled: dict[str, Value], previous: dict[str, Value], intended: dict[str, Value], code: str, shown: Value
) -> None:
    if settled.get(code) != shown:
        previous.pop(code, None)
    settled[code] = shown
    intended.pop(code, None)


def _differ(known: Facts, shown: Facts) -> bool:
    """What was never kept, since nobody asked for it, is no change."""
    return any(name in shown and shown[name] != value for name, value in known.items())


def _owes(rules: frozenset[str] | None, name: str) -> bool:
    return rules is None or name in rules


def _not_stored(written: Written) -> bool:
    return isinstance(written.error, NotStored)
