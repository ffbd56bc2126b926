"""What the rules make of the cards of a slice, before anything is stored. One rule's failure is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardDecision, RuleContext
from b24app.cards.journeys.pipeline import witnesses
from b24app.cards.journeys.pipeline.reading import who_acted
from b24app.cards.journeys.pipeline.slices import CardCase, CardSlice, Rule
from b24app.cards.journeys.taking_up import take_up_by
from b24app.domain.cards.facts import Subject
from b24app.domain.cards.records import some
from b24app.domain.delivery.news import News
from b24app.domain.work.arrivals import Arrival, Source
from b24app.errors import Overtaken, PortalError
from b24app.lanes import Lane
from b24app.store.engine import away, collided
from b24app.work.store import inbox

T = TypeVar("T")

log = structlog.get_logger()


def belongs_to_slice(error: Exception) -> bool:
    """Whether it is no rule's: two workers at the same rows, a database or a portal that is away."""
    return isinstance(error, Overtaken | PortalError) or collided(error) or away(error)


async def decide(slice_: CardSlice, cases: Sequence[CardCase]) -> None:
    """Fill in what each rule decides on each card. Raises what belongs to the slice."""
    open_cases = [case for case in cases if not case.stale and not case.unsettled and case.rules]
    rows = await _load(slice_, open_cases)
    for rule in slice_.rules:
        rows[rule.name] = await _decide_rule(slice_, rule, rows.get(rule.name, []))
    await _prove(slice_, rows, open_cases)


Loaded = list[tuple[list[CardCase], Any]]
"""Cards with the rows that a rule has loaded for them: all together, unless it failed on some."""


async def _load(slice_: CardSlice, cases: Sequence[CardCase]) -> dict[str, Loaded]:
    """All rules in one transaction; where that fails, each in one of its own."""
    asked = {rule.name: [case for case in cases if case.asks(rule)] for rule in slice_.rules}
    mine = [rule for rule in slice_.rules if asked[rule.name]]
    if not mine:
        return {}
    try:
        async with _taking_up(cases), slice_.resources.tenant(slice_.portal.id) as db:
            context, found = _context(slice_), dict[str, Loaded]()
            for rule in mine:
                await _take_up(db, slice_, context, rule, asked[rule.name])
                facts = [case.facts_for(rule) for case in asked[rule.name]]
                found[rule.name] = [(asked[rule.name], await rule.load(db, context, facts))]
            return found
    except Exception as error:
        if belongs_to_slice(error):
            raise
    return {rule.name: await _load_apart(slice_, rule, asked[rule.name]) for rule in mine}


async def _load_apart(slice_: CardSlice, rule: Rule, cases: list[CardCase]) -> Loaded:
    async def load(part: list[CardCase]) -> Any:
        async with _taking_up(part), slice_.resources.tenant(slice_.portal.id) as db:
            context = _context(slice_)
            await _take_up(db, slice_, context, rule, part)
            return await rule.load(db, context, [case.facts_for(rule) for case in part])

    return await halved(rule, cases, load)


async def halved(
    rule: Rule, cases: list[CardCase], work: Callable[[list[CardCase]], Awaitable[T]], *, decided: bool = False
) -> list[tuple[list[CardCase], T]]:
    """Do it for all of them; what fails is halved until the cards are found that it fails on, which have failed for
    this rule; `decided` as of `fail`. Raises what belongs to the slice."""
    if not cases:
        return []
    try:
        return [(cases, await work(cases))]
    except Exception as error:
        if belongs_to_slice(error):
            raise
        if len(cases) == 1:
            fail(rule, cases[0], error, decided=decided)
            return []
    half = len(cases) // 2
    first = await halved(rule, cases[:half], work, decided=decided)
    return [*first, *await halved(rule, cases[half:], work, decided=decided)]


def fail(rule: Rule, case: CardCase, error: Exception, *, decided: bool = False) -> None:
    """`decided`: it failed after its decision was stored, which stands."""
    log.warning("rule_failed", rule=rule.name, subject=str(case.subject), error=repr(error), exc_info=error)
    case.failed[rule.name] = error
    if not decided:
        case.decisions.pop(rule.name, None)


@asynccontextmanager
async def _taking_up(cases: Sequence[CardCase]) -> AsyncIterator[None]:
    """What is rolled back was not taken up."""
    before = {case: case.facts for case in cases}
    try:
        yield
    except BaseException:
        for case, facts in before.items():
            case.facts = facts
        raise


async def _take_up(
    db: AsyncConnection, slice_: CardSlice, context: RuleContext, rule: Rule, cases: Sequence[CardCase]
) -> None:
    """Cards known from before the rule was switched on, of which an event comes before the look at all of them; cards
    beside these that have to be looked at are left as rows."""
    by_subject = {case.subject: case for case in cases}
    cards = [case.card for case in cases if case.card]
    known = {subject: case.facts.known for subject, case in by_subject.items() if case.facts.known}
    taken, beside = await take_up_by(db, slice_.resources.rules, context, rule, cards, known)
    for card in taken:
        case, before = by_subject[card.subject], known[card.subject]
        settled = {**some(card.values, rule.fields), **before.record.settled}
        case.facts = replace(case.facts, known=replace(before, record=replace(before.record, settled=settled)))
    arrivals = [Arrival(Source.IMPORT, "import", subject) for subject in sorted(beside - by_subject.keys())]
    await inbox.receive(db, slice_.resources.vault, context.portal.id, arrivals, Lane.BULK, context.now)


async def _decide_rule(slice_: CardSlice, rule: Rule, loaded: Loaded) -> Loaded:
    """Returns the rows that its decisions rest on."""
    ready: Loaded = []
    for part, rows in loaded:
        for seen, found in await halved(rule, part, partial(_look_up, slice_, rule, rows)):
            asks = {case: _asks(rule, found, case) for case in seen}
            if rest := [case for case in seen if not asks[case] and rule.name not in case.failed]:
                ready.append((rest, found))
            asking = [case for case in seen if asks[case]]
            ready += await halved(rule, asking, partial(_reserve, slice_, rule, found))
    for part, rows in ready:
        for case in part:
            _decide_card(slice_, rule, rows, case)
    return ready


def _asks(rule: Rule, rows: Any, case: CardCase) -> bool:
    """Nothing scarce is taken for a card that the rule waits on."""
    if _must_wait(rule, case):
        return False
    try:
        return rule.asks(case.facts_for(rule), rows, dict(case.decisions))
    except Exception as error:
        fail(rule, case, error)
        return False


def _must_wait(rule: Rule, case: CardCase) -> bool:
    """One of the rules that it needs has failed on the card, or waits."""
    failed = case.failed.keys() | case.given_up.keys()
    return any(name in failed or ((done := case.decisions.get(name)) and done.waits) for name in rule.needs)


async def _look_up(slice_: CardSlice, rule: Rule, rows: Any, cases: Sequence[CardCase]) -> Any:
    return await rule.look_up(slice_, [case.facts_for(rule) for case in cases], rows)


async def _reserve(slice_: CardSlice, rule: Rule, rows: Any, cases: Sequence[CardCase]) -> Any:
    async with slice_.resources.tenant(slice_.portal.id) as db:
        found = await rule.reserve(db, _context(slice_), [case.facts_for(rule) for case in cases], rows)
    slice_.resources.failpoint("cards.reserved")
    return found


def _decide_card(slice_: CardSlice, rule: Rule, rows: Any, case: CardCase) -> None:
    if _must_wait(rule, case):
        case.decisions[rule.name] = CardDecision(waits=True)
        return
    try:
        decision = rule.decide(case.facts_for(rule), rows, dict(case.decisions), slice_.resources.now())
        foreign = set(decision.wanted) - rule.fields
        assert not foreign, f"{rule.name} writes {', '.join(sorted(foreign))}, which it does not own"
        case.decisions[rule.name] = decision
    except Exception as error:
        fail(rule, case, error)


async def _prove(slice_: CardSlice, loaded: dict[str, Loaded], cases: Sequence[CardCase]) -> None:
    """Decisions that could name somebody whom only an event names are made again with what its own token says."""
    naming = [case for case in cases if any(one.names for one in case.decisions.values())]
    proven = await witnesses.proven(slice_.resources, slice_.portal, [row for case in naming for row in case.witnesses])
    for case in naming:
        if proven.intersection(case.witnesses):
            acted = who_acted(case.rows, case.record, case.card, case.ours, proven)
            case.facts = replace(case.facts, event_user=acted.user_id, doubted=acted.doubted)
            for rule in slice_.rules:
                for part, rows in loaded.get(rule.name, []):
                    if case in part and rule.name not in case.failed:
                        _decide_card(slice_, rule, rows, case)


def _context(slice_: CardSlice) -> RuleContext:
    return RuleContext(slice_.portal, slice_.resources.policy, slice_.resources.now())


async def give_up(
    db: AsyncConnection, context: RuleContext, rule: Rule, subject: Subject, reason: str
) -> Sequence[News]:
    """Behind a savepoint: a rule that fails even here keeps nobody from closing the card."""
    try:
        async with db.begin_nested():
            return await rule.give_up(db, context, subject, reason)
    except Exception as error:
        if belongs_to_slice(error):
            raise
        log.exception("rule_gives_not_up", rule=rule.name, subject=str(subject), error=repr(error))
        return ()
