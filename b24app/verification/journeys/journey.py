"""The verification journey: cards that changed → memberships, cards put right, news for client apps.

For a slice of subjects of one portal: read the cards in bulk, decide, store and tell the decision with what we are
about to write, write only the difference, settle. A crash anywhere is repaired by running again: news is written when
truth differs from told, and a card that shows what we wrote is no news.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.writing import CardChange, Written, write_cards
from b24app.cards.journeys.odd import Unread
from b24app.cards.store import customers, records
from b24app.delivery.store import publishing
from b24app.domain.cards.facts import Card
from b24app.domain.cards.records import Record
from b24app.domain.delivery import news
from b24app.domain.policy import Policy
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.verification.membership import Membership, State
from b24app.domain.verification.news import MembershipMoved, MembershipVerificationChanged
from b24app.domain.verification.succession import Move
from b24app.domain.work.arrivals import Arrival, Source
from b24app.errors import NotStored
from b24app.lanes import Lane
from b24app.portal.journeys.fields import field_map
from b24app.portal.journeys.tokens import StoredTokens, admin_client
from b24app.portal.store import tokens
from b24app.resources import Resources
from b24app.verification.journeys import public_ids, witnesses
from b24app.verification.journeys.cases import WAITS, Case, Gathered, decided, decided_again, waits_of
from b24app.verification.journeys.gathering import gather
from b24app.verification.journeys.public_ids import MembershipIds
from b24app.verification.store import aliases, intents, memberships
from b24app.work.store import inbox, index
from b24app.work.store.index import Claim, ClaimLost, WorkKind

LOOK_AGAIN = timedelta(seconds=2)
AT_ONCE = 3  # waits for another card before it pauses in between

log = structlog.get_logger()


async def handle(resources: Resources, portal: Portal, claims: Sequence[Claim], lane: Lane) -> list[Case | Unread]:
    """Carry a slice to its end. Returns the cases whose card could not be written or understood, each with its error.

    Raises the PortalErrors of the read, `memberships.Overtaken` and `work.ClaimLost`: then nothing was settled.
    """
    mode = portal.mode("verification")
    if mode is Mode.OFF:
        await _skip(resources, portal, claims)
        return []
    keeper = StoredTokens(resources, portal)
    client = admin_client(resources, portal, lane, keeper)
    gathered, unread = await gather(resources, portal, claims, client, keeper)
    decisions = await _decide(resources, portal, gathered)
    cases = await _without_conflicts(resources, portal, decisions)
    resources.failpoint("verification.read")
    if mode is Mode.ON:
        cases = await _write(resources, portal, cases, client, lane)
    waits, again = await _settle(resources, portal, cases, mode, lane)
    resources.failpoint("verification.settled")
    if waits:
        await resources.wake.outbox(portal.id, waits)
    if again:
        await resources.wake.inbox(portal.id, lane)
    return [*(case for case in cases if case.error), *unread]


async def give_up(resources: Resources, portal: Portal, claim: Claim, reason: str) -> None:
    """A subject that is not tried again. Its inbox rows are kept as failed; what was decided is told all the same."""
    now, subject, silently = resources.now(), inbox.parse(claim.key), portal.mode("verification") is not Mode.ON
    async with resources.tenant(portal.id) as db:
        untold = await memberships.untold(db, portal.id, [subject])
        told = await _tell_states(db, resources.policy, portal, untold, now, silently=silently)
        waiting = await inbox.waiting(db, portal.id, [subject])
        await inbox.failed(db, portal.id, [row for rows in waiting.values() for row in rows.ids], reason, now)
        if not await index.finish(db, WorkKind.RECORD, [claim], now):
            raise ClaimLost
        waits = await publishing.publish(db, portal.id, told, now)
    log.warning("subject_given_up", portal=portal.id, subject=claim.key, reason=reason)
    if waits:
        await resources.wake.outbox(portal.id, waits)


async def _skip(resources: Resources, portal: Portal, claims: Sequence[Claim]) -> None:
    """A module that is off: what came is closed unread, and the import starts afresh when it is switched on."""
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, [inbox.parse(claim.key) for claim in claims])
        await inbox.handled(db, portal.id, [row for rows in waiting.values() for row in rows.ids], now)
        await index.finish(db, WorkKind.RECORD, claims, now)


async def _decide(resources: Resources, portal: Portal, gathered: Sequence[Gathered]) -> list[Case]:
    """Decisions that could name somebody whom only an event names are made again with what its own token says."""
    cases = [decided(one, resources.now()) for one in gathered]
    asked = [row for case in cases if case.decision.names for row in case.gathered.witnesses]
    proven = await witnesses.proven(resources, portal, asked)
    return [
        decided_again(case, proven, resources.now()) if proven.intersection(case.gathered.witnesses) else case
        for case in cases
    ]


async def _without_conflicts(resources: Resources, portal: Portal, cases: Sequence[Case]) -> list[Case]:
    """Cases that can be settled together: of two that move the same membership, or make one for the same person and
    company, the second looks again afterwards."""
    taken: set[UUID | tuple[int, int]] = set()
    together: list[Case] = []
    later: list[Case] = []
    for case in cases:
        touched = case.decision.touched
        (later if touched & taken else together).append(case)
        taken |= touched
    if later:
        async with resources.autocommit() as db:
            await index.postpone(db, WorkKind.RECORD, [case.claim for case in later], resources.now(), None)
    return together


async def _write(
    resources: Resources, portal: Portal, cases: list[Case], client: PortalClient, lane: Lane
) -> list[Case]:
    """Store what was decided and what we intend, tell it, then write the cards.

    News does not wait for the cards: they only show what is decided. Those not written come back with their error;
    where the portal said yes and stored something else, with the card as it is.
    """
    changing = [case for case in cases if case.difference]
    if not changing:
        return cases
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        await _store_decisions(db, resources, portal, changing, lane, now)
        seen = [(case.facts.card, case.intending(now)) for case in changing if case.facts.card]
        await records.save(db, portal.id, seen, now)
        waits = await publishing.publish(db, portal.id, await _tell(db, resources.policy, portal, changing, now), now)
    resources.failpoint("verification.intended")
    if waits:
        await resources.wake.outbox(portal.id, waits)
    changes = [CardChange(case.subject, case.difference) for case in changing]
    outcomes = await write_cards(client, changes, field_map(portal))
    resources.failpoint("verification.written")
    written = {case.subject: outcome for case, outcome in zip(changing, outcomes, strict=True)}
    ours: frozenset[int] = frozenset()
    if any(isinstance(outcome.error, NotStored) for outcome in outcomes):
        async with resources.tenant(portal.id) as db:
            ours = frozenset(pair.user_id for pair in await tokens.every(db, portal.id))
    return [_after_write(case, written[case.subject], ours) if case.subject in written else case for case in cases]


def _after_write(case: Case, written: Written, ours: frozenset[int]) -> Case:
    if isinstance(written.error, NotStored) and written.card:
        if _ticked_meanwhile(case, written.card, ours):
            return case  # as it was written; that the box stands otherwise now is that person's decision
        log.warning("write_not_stored", subject=str(case.subject), wrote=sorted(case.difference))
        return replace(case, not_stored=written.card)
    return replace(case, error=written.error)


def _ticked_meanwhile(case: Case, shown: Card, ours: frozenset[int]) -> bool:
    """Somebody else has saved the card since it was read, and its box asks for a check though we had cleared it. The
    other way round nobody is let in on a guess: the box may as well not have been stored."""
    read = case.facts.card
    if read is None or case.difference.get("check") is not False or not shown.needs_check:
        return False
    edited = (shown.modified_at, shown.modified_by) != (read.modified_at, read.modified_by)
    return edited and shown.modified_by not in {0, *ours}


async def _settle(
    resources: Resources, portal: Portal, cases: Sequence[Case], mode: Mode, lane: Lane
) -> tuple[int, bool]:
    """State, news, neighbours and the index in one transaction. Returns (deliveries waiting, more work came).

    What `_write` has stored and told already is left alone; a card it could not write keeps its rows for the next try.
    """
    now = resources.now()
    look_again = [case for case in cases if case.decision.look_again]
    behind = [case for case in cases if case.decision.waits]
    done = [case for case in cases if not (case.decision.look_again or case.decision.waits or case.error)]
    fresh = [case for case in done if mode is not Mode.ON or not case.difference]
    async with resources.tenant(portal.id) as db:
        await _store_decisions(db, resources, portal, fresh, lane, now)
        await _wait(db, resources, portal, behind, lane, now)
        await _save_records(db, portal, [*done, *look_again], mode, now)
        told = await _tell(db, resources.policy, portal, fresh, now, silently=mode is not Mode.ON)
        await _close(db, portal, done, now)
        still_ours = await index.finish(db, WorkKind.RECORD, [case.claim for case in done], now)
        await index.postpone(db, WorkKind.RECORD, [case.claim for case in look_again], now + LOOK_AGAIN, "stale_read")
        if still_ours != {case.claim.key for case in done}:
            raise ClaimLost
        waits = await publishing.publish(db, portal.id, told, now)
    for case in done:
        _log(portal, case)
    return waits, any(case.decision.neighbours for case in (*done, *behind))


async def _store_decisions(
    db: AsyncConnection, resources: Resources, portal: Portal, cases: Sequence[Case], lane: Lane, now: datetime
) -> None:
    """Decisions, and in the same transaction the rows they leave for the cards on the other side of a link: in the same
    lane, or a recount would push its echoes in front of people."""
    await customers.ensure(db, portal.id, {card for case in cases for card in case.met}, now)
    await memberships.move(db, portal.id, _moves(cases), now)
    await _store_successors(db, portal, cases, now)
    await memberships.save(db, portal.id, [member for case in cases for member in case.decision.memberships], now)
    applied = [intent for case in cases for intent in case.decision.applied]
    dropped = [intent for case in cases for intent in case.decision.dropped]
    await intents.close(db, portal.id, applied, dropped)
    await _enqueue_neighbours(db, resources, portal, cases, lane, now)


async def _enqueue_neighbours(
    db: AsyncConnection, resources: Resources, portal: Portal, cases: Sequence[Case], lane: Lane, now: datetime
) -> None:
    neighbours = {topic for case in cases for topic in case.decision.neighbours}
    arrivals = [Arrival(Source.NEIGHBOUR, "neighbour", topic) for topic in sorted(neighbours, key=str)]
    await inbox.receive(db, resources.vault, portal.id, arrivals, lane, now)


async def _store_successors(db: AsyncConnection, portal: Portal, cases: Sequence[Case], now: datetime) -> None:
    """Which cards go on for deleted ones: found by the deleted one's journey, done by that of the one that goes on."""
    for case in cases:
        if case.facts.card is None and case.facts.successor:
            await aliases.found(db, portal.id, case.subject, case.facts.successor, now)
        for predecessor in case.facts.predecessors if case.facts.card else ():
            if not await aliases.passed_on(db, portal.id, predecessor.subject, case.subject, now):
                raise memberships.Overtaken
            await customers.go_on(db, portal.id, predecessor.subject, case.subject, now)


async def _wait(
    db: AsyncConnection, resources: Resources, portal: Portal, cases: Sequence[Case], lane: Lane, now: datetime
) -> None:
    """Cards behind others: those are called, and these look again right after them."""
    await _enqueue_neighbours(db, resources, portal, cases, lane, now)
    for case in cases:
        waited = waits_of(case.claim)
        due = now if waited < AT_ONCE else now + LOOK_AGAIN
        await index.postpone(db, WorkKind.RECORD, [case.claim], due, WAITS, afresh=not waited)


async def _close(db: AsyncConnection, portal: Portal, done: Sequence[Case], now: datetime) -> None:
    """What came is handled; where the card does not show what we wrote it is kept for a person to see."""
    unshown = [row for case in done if case.not_stored for row in case.rows.ids]
    await inbox.failed(db, portal.id, unshown, "not_stored", now)
    await inbox.handled(db, portal.id, [row for case in done if not case.not_stored for row in case.rows.ids], now)


async def _save_records(db: AsyncConnection, portal: Portal, cases: Sequence[Case], mode: Mode, now: datetime) -> None:
    seen: list[tuple[Card, Record]] = []
    for case in cases:
        if case.facts.card:
            seen.append((case.facts.card, case.settled(mode, now)))
        elif case.facts.record:
            await records.settle(db, portal.id, case.subject, replace(case.facts.record, deleted=True), now)
    await records.save(db, portal.id, seen, now)


def _untold(cases: Sequence[Case]) -> list[Membership]:
    return [member for one in cases for member in one.memberships() if member.state is not member.told_state]


async def _tell(
    db: AsyncConnection, policy: Policy, portal: Portal, cases: Sequence[Case], now: datetime, *, silently: bool = False
) -> list[news.Event]:
    """Told from here on, to be published last: where memberships belong now, then how they stand."""
    states = await _tell_states(db, policy, portal, _untold(cases), now, silently=silently)
    return [] if silently else [*await _tell_moves(db, portal, _moves(cases), now), *states]


def _moves(cases: Sequence[Case]) -> list[Move]:
    return [move for one in cases for move in one.decision.moves]


async def _tell_states(
    db: AsyncConnection, policy: Policy, portal: Portal, untold: Sequence[Membership], now: datetime, *, silently: bool
) -> list[news.Event]:
    """One event for each membership still at the version told of."""
    before = await memberships.tell(db, portal.id, untold)
    if silently:
        return []
    told = {one.id: one for one in untold if one.id in before and one.newsworthy}
    ids = await public_ids.of_memberships(db, portal.id, told.values(), now)
    changed = [_news(one, ids[one.id], *before[one.id], policy, now) for one in told.values()]
    return [news.event(one, portal=portal.public_id, randomness=os.urandom(16)) for one in changed]


async def _tell_moves(db: AsyncConnection, portal: Portal, moves: Sequence[Move], now: datetime) -> list[news.Event]:
    old = await public_ids.before_moves(db, portal.id, moves, now)
    ids = await public_ids.of_memberships(db, portal.id, [one.after for one in moves], now)
    moved = [_moved(one, old[one.before.id], ids[one.after.id], now) for one in moves]
    return [news.event(one, portal=portal.public_id, randomness=os.urandom(16)) for one in moved]


def _moved(move: Move, old: MembershipIds, ids: MembershipIds, now: datetime) -> MembershipMoved:
    return MembershipMoved(
        membership_id=move.after.id,
        old_contact_id=move.before.contact_id,
        old_company_id=move.before.company_id or None,
        old_person_id=old.person_id,
        old_customer_id=old.customer_id,
        contact_id=move.after.contact_id,
        company_id=move.after.company_id or None,
        person_id=ids.person_id,
        customer_id=ids.customer_id,
        version=move.after.version,
        previous_version=move.before.told_version,
        occurred_at=now,
    )


def _news(
    one: Membership, ids: MembershipIds, old_state: State, old_version: int, policy: Policy, now: datetime
) -> MembershipVerificationChanged:
    return MembershipVerificationChanged(
        membership_id=one.id,
        contact_id=one.contact_id,
        company_id=one.company_id or None,
        person_id=ids.person_id,
        customer_id=ids.customer_id,
        old_state=old_state.value,
        new_state=one.state.value,
        reason=one.reason.value,
        decided_by=one.decided_by,
        decided_by_source=one.decided_by_source.value,
        sections=policy.sections(one.state.value),
        version=one.version,
        previous_version=old_version,
        occurred_at=one.decided_at or now,
    )


def _log(portal: Portal, case: Case) -> None:
    """One line per subject: what was decided and why, no names."""
    changed: Mapping[str, str] = {str(one.id): f"{one.state} ({one.reason})" for one in case.decision.memberships}
    log.info(
        "verification_settled",
        portal=portal.id,
        subject=str(case.subject),
        changed=dict(changed),
        wrote=sorted(case.difference),
        problem=case.decision.problem,
        deleted=case.decision.deleted,
    )
