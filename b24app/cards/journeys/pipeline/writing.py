"""Decisions are stored and told, then the cards that differ are written: one update for all rules."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.announcing import announce
from b24app.bitrix24.writing import CardChange, Written, same, write_cards
from b24app.card_rules import Announcement, CardRule, Decided, RuleContext
from b24app.cards.journeys.pipeline.deciding import halved
from b24app.cards.journeys.pipeline.slices import CardCase, CardSlice
from b24app.cards.store import aliases, customers, failures, records
from b24app.cards.store.failures import Rehearsed
from b24app.delivery.store import publishing
from b24app.domain.cards.facts import ASSIGNED_BY, Card, Topic, Value
from b24app.domain.cards.records import newly_met
from b24app.domain.delivery import news
from b24app.domain.delivery.news import News
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.errors import AccessDenied, CallRefused, NotFound, NotStored, Overtaken
from b24app.lanes import Lane
from b24app.portal.store import tokens
from b24app.work.store import inbox

log = structlog.get_logger()


async def publish(db: AsyncConnection, portal: Portal, told: Sequence[News], now: datetime) -> int:
    """News of a slice, in the order of its rules. Last of a transaction: whoever publishes holds the portal's outbox.

    Returns how many deliveries wait.
    """
    events = [news.event(one, portal=portal.public_id, randomness=os.urandom(16)) for one in told]
    return await publishing.publish(db, portal.id, events, now)


async def write(slice_: CardSlice, cases: Sequence[CardCase], lane: Lane) -> None:
    """Store what was decided and what we intend, tell it, then write the cards; those that show all they should are
    left to `settle`.

    News of ours does not wait for the cards: they only show what is decided.
    """
    resources, portal, now = slice_.resources, slice_.portal, slice_.resources.now()
    writing = {case: difference for case in cases if (difference := case.difference(now))}
    if not writing:
        return
    async with resources.tenant(portal.id) as db:
        told = await store(db, slice_, list(writing), lane, now)
        writing = {case: difference for case in writing if (difference := case.difference(now))}
        await records.save(db, portal.id, [case.intending(part, now) for case, part in writing.items()], now)
        waits = await publish(db, portal, told, now)
    resources.failpoint("cards.intended")
    if waits:
        await resources.wake.outbox(portal.id, waits)
    await _write(slice_, writing)
    resources.failpoint("cards.written")


async def store(
    db: AsyncConnection, slice_: CardSlice, cases: Sequence[CardCase], lane: Lane, now: datetime
) -> list[News]:
    """What the rules decided, lower rooms first, then who goes on for whom and the rows for the cards of others: in the
    same lane, or a recount would push its echoes in front of people. A rule that fails loses its own rows only."""
    await _identify(db, slice_, cases, now)
    told, context = list[News](), RuleContext(slice_.portal, slice_.resources.policy, now, [])
    for rule in slice_.rules:
        mine = [case for case in cases if rule.name in case.decided]
        for mode in (Mode.ON, Mode.WATCH):
            told += await _store_rule(db, context, rule, [one for one in mine if one.modes[rule.name] is mode])
    for case in cases:
        case.stored = frozenset(case.decided)
    await _store_successors(db, slice_, cases, now)
    await _enqueue_neighbours(db, slice_, cases, lane, now)
    await announce(db, slice_.resources, slice_.portal.id, context.announced or (), lane, now)
    return told


async def _identify(db: AsyncConnection, slice_: CardSlice, cases: Sequence[CardCase], now: datetime) -> None:
    """Public ids: of cards that are newly met, and of deleted ones as those of the cards that go on."""
    met = {subject for case in cases if case.card for subject in newly_met(case.card, case.facts.known)}
    await customers.ensure(db, slice_.portal.id, met, now)
    for case in cases:
        for predecessor in case.facts.predecessors if case.card else ():
            await customers.go_on(db, slice_.portal.id, predecessor.subject, case.subject, now)


async def _store_rule(
    db: AsyncConnection, context: RuleContext, rule: CardRule[Any, Any], cases: Sequence[CardCase]
) -> list[News]:
    """In watch its news goes to the rehearsals, and it announces nothing."""

    async def keep(said: RuleContext, part: list[CardCase]) -> Sequence[News]:
        return await rule.store(
            db, said, [Decided(case.facts_for(rule), case.decisions[rule.name].plan) for case in part]
        )

    planned = [case for case in cases if case.decisions[rule.name].plan is not None]
    watches = bool(cases) and cases[0].modes[rule.name] is Mode.WATCH
    told = await behind_savepoint(db, replace(context, announced=[]) if watches else context, rule, planned, keep)
    if watches:
        await _rehearse(db, context, rule, [case for case in cases if rule.name in case.decisions], told)
        return []
    return told


async def behind_savepoint(
    db: AsyncConnection,
    context: RuleContext,
    rule: CardRule[Any, Any],
    cases: list[CardCase],
    step: Callable[[RuleContext, list[CardCase]], Awaitable[Sequence[News]]],
    *,
    decided: bool = False,
) -> list[News]:
    """One step of one rule behind a savepoint; what fails is halved (`deciding.halved`). Of what stands the news is
    returned, and what was announced goes to the context."""

    async def work(part: list[CardCase]) -> tuple[Sequence[News], list[Announcement]]:
        said: list[Announcement] = []
        async with db.begin_nested():
            return await step(replace(context, announced=said), part), said

    told = list[News]()
    for _, (news_of, said) in await halved(rule, cases, work, decided=decided):
        told += news_of
        if context.announced is not None:
            context.announced.extend(said)
    return told


async def _rehearse(
    db: AsyncConnection,
    context: RuleContext,
    rule: CardRule[Any, Any],
    cases: Sequence[CardCase],
    told: Sequence[News],
) -> None:
    rows = []
    for case in cases:
        shown = case.card.values if case.card else {}
        wanted = {
            code: value
            for code, value in case.decisions[rule.name].wanted.items()
            if code in shown and not same(shown[code], value)
        }
        types = sorted({one.TYPE for one in told if str(case.subject) in one.subjects})
        if wanted or types:
            rows.append(Rehearsed(rule.name, case.subject, context.now, wanted, tuple(types)))
    await failures.rehearse(db, context.portal.id, rows)


async def _enqueue_neighbours(
    db: AsyncConnection, slice_: CardSlice, cases: Sequence[CardCase], lane: Lane, now: datetime
) -> None:
    neighbours: set[Topic] = set()
    for case in cases:
        neighbours |= case.neighbours
    arrivals = [Arrival(Source.NEIGHBOUR, "neighbour", topic) for topic in sorted(neighbours, key=str)]
    await inbox.receive(db, slice_.resources.vault, slice_.portal.id, arrivals, lane, now)


async def _store_successors(db: AsyncConnection, slice_: CardSlice, cases: Sequence[CardCase], now: datetime) -> None:
    """Which cards go on for deleted ones: found by the deleted one's journey, done by that of the one that goes on."""
    portal_id, rules = slice_.portal.id, slice_.resources.rules.all
    for case in cases:
        if case.card is None and case.facts.successor:
            await aliases.found(db, portal_id, case.subject, case.facts.successor, now)
        for predecessor in case.facts.predecessors if case.card else ():
            before = case.owed.get(predecessor.subject)
            every = {rule.name for rule in rules if case.subject.kind in rule.kinds} if before is None else before
            owed = every - set(case.decided)
            if not await aliases.passed_on(db, portal_id, predecessor.subject, case.subject, owed, now):
                raise Overtaken


async def _write(slice_: CardSlice, writing: Mapping[CardCase, Mapping[str, Value]]) -> None:
    """The quiet part of each card in one update, what everybody must see in one more; where the portal refuses what
    several rules want, each rule's part once by itself."""
    parts = [part for case, difference in writing.items() for part in _parts(case, difference)]
    await _send(slice_, parts)
    again = [one for part in parts if _refused(part) for one in part.by_rule()]
    if again:
        await _send(slice_, again)
    ours: frozenset[int] = frozenset()
    if any(isinstance(outcome.error, NotStored) for case in writing for outcome in case.outcomes.values()):
        async with slice_.resources.tenant(slice_.portal.id) as db:
            ours = frozenset(pair.user_id for pair in await tokens.every(db, slice_.portal.id))
    for case, difference in writing.items():
        _judge(case, difference, ours)


@dataclass(slots=True)
class _Part:
    """Values of one card that are sent in one update."""

    case: CardCase
    values: dict[str, Value]
    written: Written | None = None

    def by_rule(self) -> list[_Part]:
        rules: dict[str, dict[str, Value]] = {}
        for code, value in self.values.items():
            rules.setdefault(self.case.rule_of(code), {})[code] = value
        return [_Part(self.case, values) for values in rules.values()]


def _parts(case: CardCase, difference: Mapping[str, Value]) -> list[_Part]:
    """A rule that has failed on this card is written apart from the others."""
    loud = {code: value for code, value in difference.items() if code == ASSIGNED_BY}
    quiet = {code: value for code, value in difference.items() if code != ASSIGNED_BY}
    apart = {code: value for code, value in quiet.items() if case.rule_of(code) in case.failures}
    together = {code: value for code, value in quiet.items() if code not in apart}
    return [part for part in (*_Part(case, apart).by_rule(), _Part(case, together), _Part(case, loud)) if part.values]


def _refused(part: _Part) -> bool:
    """The portal names no field: whose it is shows when each rule's part is sent by itself."""
    return part.written is not None and refused(part.written.error) and len(part.by_rule()) > 1


def refused(error: Exception | None) -> bool:
    return isinstance(error, CallRefused) and not isinstance(error, NotFound | AccessDenied | NotStored)


async def _send(slice_: CardSlice, parts: Sequence[_Part]) -> None:
    changes = [CardChange(part.case.subject, part.values, loud=ASSIGNED_BY in part.values) for part in parts]
    for part, written in zip(parts, await write_cards(slice_.client, changes, slice_.fields), strict=True):
        part.written = written
        for code, value in part.values.items():
            shown = written.card.values.get(code) if written.card else None
            stored = isinstance(written.error, NotStored) and written.card is not None and same(shown, value)
            part.case.outcomes[code] = Written(None, written.card) if stored else written


def _judge(case: CardCase, difference: Mapping[str, Value], ours: frozenset[int]) -> None:
    """What each code's outcome means for the rules and the card."""
    not_stored = []
    for code, value in difference.items():
        outcome = case.outcomes[code]
        if isinstance(outcome.error, NotStored) and outcome.card:
            if _theirs(case, code, value, outcome.card, ours):
                case.outcomes[code] = Written(None, outcome.card)  # that it stands otherwise now is their decision
            else:
                not_stored.append(code)
    if not_stored:
        log.warning("write_not_stored", subject=str(case.subject), wrote=sorted(difference))
        case.not_stored = any(case.rule_of(code) for code in not_stored)
    errors = {code: outcome.error for code in difference if (outcome := case.outcomes[code]).error}
    lost = [error for error in errors.values() if not isinstance(error, NotStored)]
    case.error = next((error for error in lost if not refused(error)), None)
    if case.error is None:
        for code, error in errors.items():
            if refused(error) and (name := case.rule_of(code)):
                case.failed[name] = error


def _theirs(case: CardCase, code: str, wrote: Value, shown: Card, ours: frozenset[int]) -> bool:
    """Somebody else has saved the card since it was read, and the rule says that the value is their decision."""
    read, name = case.card, case.rule_of(code)
    if read is None or not name:
        return False
    edited = (shown.modified_at, shown.modified_by) != (read.modified_at, read.modified_by)
    theirs = edited and shown.modified_by not in {0, *ours}
    return theirs and case.rules[name].theirs(code, wrote, shown.values.get(code))
