"""The end of a slice: what is agreed on, what came of each card, and its row in the work index, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.announcing import announce
from b24app.card_rules import Announcement, Confirmed, RuleContext
from b24app.cards.journeys.pipeline.deciding import give_up
from b24app.cards.journeys.pipeline.reading import waits_of
from b24app.cards.journeys.pipeline.slices import WAITS, CardCase, CardSlice, Rule
from b24app.cards.journeys.pipeline.writing import behind_savepoint, publish, store
from b24app.cards.store import failures, records
from b24app.cards.store.failures import RuleFailure
from b24app.domain.cards.facts import Subject
from b24app.domain.delivery.news import News
from b24app.domain.portal.portal import Mode
from b24app.errors import Later, plan
from b24app.lanes import Lane
from b24app.work.store import inbox, index
from b24app.work.store.index import ClaimLost, WorkKind

LOOK_AGAIN = timedelta(seconds=2)
AT_ONCE = 3  # waits for another card before it pauses in between
HELD = "held"

log = structlog.get_logger()


@dataclass(slots=True)
class _Failures:
    """What rules that failed while others did not come to: tried again, done after all, or given up."""

    again: list[RuleFailure] = field(default_factory=list)
    over: list[tuple[Subject, str]] = field(default_factory=list)
    given_up: list[RuleFailure] = field(default_factory=list)

    def next_of(self, case: CardCase) -> RuleFailure | None:
        mine = [one for one in self.again if one.subject == case.subject]
        return min(mine, key=lambda one: one.next_at, default=None)


async def settle(slice_: CardSlice, cases: Sequence[CardCase], lane: Lane) -> tuple[int, bool]:
    """Returns (deliveries waiting, more work came). Cards on which everything failed keep their rows.

    What `write` has stored and told already is left alone. Raises `ClaimLost`.
    """
    resources, portal, now = slice_.resources, slice_.portal, slice_.resources.now()
    async with resources.tenant(portal.id) as db:
        fresh = [case for case in cases if case.stored is None and not case.stale]
        told = await store(db, slice_, fresh, lane, now)
        _all_failed(cases)
        open_cases = [case for case in cases if case.error is None]
        said = await _tell_written(db, slice_, open_cases, told, now)
        failed = await _failures(db, slice_, open_cases, told, now)
        await _save_records(db, slice_, open_cases, now)
        await _close(db, slice_, open_cases, failed, now)
        await announce(db, resources, portal.id, said, lane, now)
        waits = await publish(db, portal, told, now)
    for case in open_cases:
        _log(slice_, case)
    return waits, any(case.neighbours for case in cases)


def _all_failed(cases: Sequence[CardCase]) -> None:
    """A card on which every rule has failed has failed itself: its own row counts the tries."""
    for case in cases:
        if case.error is None and case.rules and case.failed.keys() >= case.rules.keys() and not case.failures:
            case.error = next(iter(case.failed.values()))


async def _tell_written(
    db: AsyncConnection, slice_: CardSlice, cases: Sequence[CardCase], told: list[News], now: datetime
) -> Sequence[Announcement]:
    """Returns what was announced."""
    context = RuleContext(slice_.portal, slice_.resources.policy, now, [])
    for rule in slice_.rules:
        mine = [case for case in cases if rule.name in case.decided and case.modes[rule.name] is Mode.ON]
        confirmed = {case: found for case in mine if (found := case.confirmed(rule.name))}
        told += await behind_savepoint(
            db, context, rule, list(confirmed), partial(_written, db, rule, confirmed), decided=True
        )
    return context.announced or ()


async def _written(
    db: AsyncConnection,
    rule: Rule,
    confirmed: Mapping[CardCase, Sequence[Confirmed]],
    context: RuleContext,
    cases: Sequence[CardCase],
) -> Sequence[News]:
    """Of a card it fails on, what was written stays intended."""
    return await rule.written(db, context, [one for case in cases for one in confirmed[case]])


async def _failures(
    db: AsyncConnection, slice_: CardSlice, cases: Sequence[CardCase], told: list[News], now: datetime
) -> _Failures:
    context, found = RuleContext(slice_.portal, slice_.resources.policy, now), _Failures()
    for case in cases:
        done = set(case.decided) - case.failed.keys()
        found.over += [(case.subject, name) for name in case.failures if name in done]
        for name, error in case.failed.items():
            before = case.failures.get(name)
            if before and before.given_up is not None:  # something else came: its tries begin anew
                before = None
            if before and before.next_at > now:  # something else came for the card: no try of this rule's
                found.again.append(before)
                continue
            tries = before.tries + 1 if before else 1
            what = plan(error, tries, now)
            if isinstance(what, Later):
                code = getattr(error, "code", "") or type(error).__name__
                found.again.append(RuleFailure(case.subject, name, tries, code, what.at))
                continue
            ours = await give_up(db, context, case.rules[name], case.subject, what.reason)
            told += ours if case.modes[name] is Mode.ON else ()
            case.given_up[name] = what.reason
            found.given_up.append(RuleFailure(case.subject, name, tries, what.reason, now, case.claim.arrivals))
            log.warning("rule_given_up", rule=name, subject=str(case.subject), reason=what.reason)
    await failures.save(db, slice_.portal.id, [*found.again, *found.given_up])
    await failures.clear(db, slice_.portal.id, found.over)
    return found


async def _save_records(db: AsyncConnection, slice_: CardSlice, cases: Sequence[CardCase], now: datetime) -> None:
    portal_id = slice_.portal.id
    for case in cases:
        known = case.facts.known
        if case.card is None and known and case.decided:
            deleted, behind = replace(known.record, deleted=True), case.behind(changed=True)
            await records.settle(db, portal_id, case.subject, deleted, now, behind)
    seen = [case.settled(now) for case in cases if case.card and (case.decided or case.stale)]
    await records.save(db, portal_id, seen, now)


async def _close(
    db: AsyncConnection, slice_: CardSlice, cases: Sequence[CardCase], failed: _Failures, now: datetime
) -> None:
    """Each card's row: stale before error before waits before held before done. What came for it is handled when every
    rule is done with it; where the card does not show what we wrote, or a rule has given it up, it is kept for a person
    to see."""
    done, handled = [], list[int]()
    for case in cases:
        failure, later = failed.next_of(case), case.not_before(now)
        if case.stale:
            await index.postpone(db, WorkKind.RECORD, [case.claim], now + LOOK_AGAIN, "stale_read")
        elif failure:
            await index.postpone(db, WorkKind.RECORD, [case.claim], failure.next_at, failure.error, counted=False)
        elif case.waits:
            waited = waits_of(case.claim)
            due = now if waited < AT_ONCE else now + LOOK_AGAIN
            await index.postpone(db, WorkKind.RECORD, [case.claim], due, WAITS, afresh=not waited)
        else:
            if later:
                await index.postpone(db, WorkKind.RECORD, [case.claim], min(later.values()), HELD, counted=False)
            else:
                done.append(case)
            reason = next(iter(case.given_up.values()), "not_stored" if case.not_stored else "")
            if reason:
                await inbox.failed(db, slice_.portal.id, case.rows.ids, reason, now)
            else:
                handled += case.rows.ids
    await inbox.handled(db, slice_.portal.id, handled, now)
    await failures.clear(db, slice_.portal.id, [(case.subject, name) for case in done for name in case.given_up])
    still_ours = await index.finish(db, WorkKind.RECORD, [case.claim for case in done], now)
    if still_ours != {case.claim.key for case in done}:
        raise ClaimLost


def _log(slice_: CardSlice, case: CardCase) -> None:
    """One line per subject: what was decided and why, no names."""
    says: dict[str, object] = {}
    for name in case.decided:
        says |= case.decisions[name].says
    log.info(
        "card_settled",
        portal=slice_.portal.id,
        subject=str(case.subject),
        wrote=sorted(case.outcomes),
        deleted=case.card is None,
        **says,
    )
