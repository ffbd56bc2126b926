"""Verification's part in a changed card: cards → memberships, the box and the status put right, news for client apps.

News is written when truth differs from what was told, so running again tells nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import (
    CardDecision,
    CardFacts,
    CardRule,
    Confirmed,
    Decided,
    Earlier,
    RuleContext,
    SliceReader,
)
from b24app.cards.store import records
from b24app.domain.cards.facts import Card, Kind, Subject, Value
from b24app.domain.cards.records import Known
from b24app.domain.delivery.news import News
from b24app.domain.policy import Policy
from b24app.domain.portal.portal import Mode, Portal
from b24app.domain.verification.decision import Decision, Facts, decide
from b24app.domain.verification.launch import Order
from b24app.domain.verification.membership import BoxProblem, Intent, Membership, Reason, State
from b24app.domain.verification.news import MembershipDocumentsAsked, MembershipMoved, MembershipVerificationChanged
from b24app.domain.verification.shown import CHECK, CODES, shown
from b24app.domain.verification.succession import Move, Predecessor
from b24app.domain.verification.waiting import touched_cases
from b24app.verification.journeys import public_ids
from b24app.verification.journeys.first_seen import first_seen
from b24app.verification.journeys.public_ids import MembershipIds
from b24app.verification.journeys.put_back import PUT_BACK
from b24app.verification.journeys.waiting import WAITING
from b24app.verification.store import history, intents, launches, memberships, put_backs
from b24app.work.store import inbox


@dataclass(frozen=True, slots=True)
class VerificationRows:
    """What decisions of a slice rest on. `members`: memberships by card, of deleted cards too; `pressed`: buttons by
    card; `ids`: fresh ones by card; `merged`: companies whose box a merge has ticked, since somebody of the deleted one
    waits; `orders`: of a launch, about any of these memberships.

    `fresh`: companies some contact is newly linked to: `known` as we know them, `later`: something of theirs waits,
    `waiting`: somebody of theirs waits for a check; `shown`: as they were read now.
    """

    members: Mapping[Subject, tuple[Membership, ...]]
    pressed: Mapping[Subject, Sequence[Intent]]
    ids: Mapping[Subject, tuple[UUID, ...]]
    merged: frozenset[Subject]
    orders: tuple[Order, ...] = ()
    fresh: frozenset[Subject] = frozenset()
    known: Mapping[Subject, Known] = field(default_factory=dict)
    later: frozenset[Subject] = frozenset()
    waiting: frozenset[int] = frozenset()
    shown: Mapping[Subject, Card] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerificationPlan:
    """What is stored of a decision. `untold`: memberships that client apps have still to hear of; `cases`: whose
    responsible employee may have something to hear of."""

    decision: Decision
    untold: tuple[Membership, ...]
    cases: frozenset[Subject]

    @property
    def puts_back(self) -> bool:
        return self.decision.problem is BoxProblem.WHICH_ONE


class VerificationRule(CardRule[VerificationRows, VerificationPlan]):
    name = "verification"
    kinds = frozenset({Kind.CONTACT, Kind.COMPANY})
    fields = CODES

    async def holds(self, db: AsyncConnection, portal: Portal, subjects: Collection[Subject]) -> frozenset[Subject]:
        members = await memberships.of_subjects(db, portal.id, subjects)
        return frozenset(subject for subject, many in members.items() if any(one.live for one in many))

    async def load(self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts]) -> VerificationRows:
        portal_id = context.portal.id
        deleted = {known.subject for one in facts for known in one.predecessors}
        subjects = [one.subject for one in facts]
        members = await memberships.of_subjects(db, portal_id, [*subjects, *sorted(deleted - {*subjects})])
        known = {one.id for many in members.values() for one in many}
        rows = VerificationRows(
            members=members,
            orders=await launches.due(db, portal_id, known) if known else (),
            pressed=await intents.pressed(db, portal_id, subjects),
            ids={
                one.subject: tuple(uuid4() for _ in (one.card.links if one.card else ())) or (uuid4(),) for one in facts
            },
            merged=frozenset(one.subject for one in facts if any(map(_waits_in, _before(one, members)))),
        )
        fresh = _newly_linked(facts, members)
        if not fresh:
            return rows
        return replace(
            rows,
            fresh=frozenset(fresh),
            known=await records.load(db, portal_id, fresh),
            later=frozenset(await inbox.on_their_way(db, portal_id, fresh)),
            waiting=frozenset(await memberships.waiting_in(db, portal_id, [company.id for company in fresh])),
        )

    async def look_up(
        self, reader: SliceReader, facts: Sequence[CardFacts], rows: VerificationRows
    ) -> VerificationRows:
        """Companies that somebody is newly linked to, where what we know of them may be behind."""
        if not rows.fresh:
            return rows
        ours = {one.subject for one in facts if one.card}
        asked = [one for one in rows.fresh if one in ours or one in rows.later or one not in rows.known]
        return replace(rows, shown=(await reader.look_at(asked)).found)

    def decide(
        self, facts: CardFacts, rows: VerificationRows, earlier: Earlier, now: datetime
    ) -> CardDecision[VerificationPlan]:
        decision = decide(_facts(facts, rows), now)
        members = rows.members[facts.subject]
        after = {one.id: one for one in members} | {one.id: one for one in decision.memberships}
        untold = tuple(one for one in after.values() if one.untold)
        plan = VerificationPlan(decision, untold, _cases(facts, decision, untold, members))
        stores = decision.memberships or decision.moves or decision.applied or decision.dropped or untold
        return CardDecision(
            plan=plan if stores or plan.puts_back or plan.cases else None,
            wanted=decision.wanted.values if decision.wanted else {},
            waits=decision.waits,
            touched=frozenset(decision.touched),
            neighbours=frozenset(decision.neighbours),
            names=decision.names,
            keeps=any(one.live and one.decided_at for one in decision.memberships),
            says={
                "changed": {str(one.id): f"{one.state} ({one.reason})" for one in decision.memberships},
                "problem": decision.problem,
            },
        )

    def theirs(self, code: str, wrote: Value, shown: Value) -> bool:
        """A box ticked again asks for a check. The other way round nobody is let in on a guess: the box may as well not
        have been stored."""
        return code == CHECK and wrote is False and shown is True

    async def store(
        self, db: AsyncConnection, context: RuleContext, decided: Sequence[Decided[VerificationPlan]]
    ) -> Sequence[News]:
        portal_id, now = context.portal.id, context.now
        decisions = [one.plan.decision for one in decided]
        moves = [move for one in decisions for move in one.moves]
        await memberships.move(db, portal_id, moves, now)
        await memberships.save(db, portal_id, [member for one in decisions for member in one.memberships], now)
        await history.add(db, portal_id, [past for one in decisions for past in one.history])
        applied = [intent for one in decisions for intent in one.applied]
        dropped = [intent for one in decisions for intent in one.dropped]
        await intents.close(db, portal_id, applied, dropped)
        await launches.close(db, portal_id, [order for one in decisions for order in one.launched])
        back = [one.facts.subject for one in decided if one.plan.puts_back and one.facts.mode is Mode.ON]
        await put_backs.decide(db, portal_id, back, now)
        context.announce(WAITING, *sorted({case for one in decided for case in one.plan.cases}))
        told = await _tell(db, context, [member for one in decided for member in one.plan.untold])
        return [*await _tell_moves(db, context, moves), *told]

    async def written(
        self, db: AsyncConnection, context: RuleContext, confirmed: Sequence[Confirmed]
    ) -> Sequence[News]:
        ticked = [one.subject for one in confirmed if one.code == CHECK and one.value is True]
        context.announce(PUT_BACK, *await put_backs.show(db, context.portal.id, ticked, context.now))
        return ()

    async def first_seen(self, db: AsyncConnection, context: RuleContext, cards: Sequence[Card]) -> frozenset[Subject]:
        return await first_seen(db, context.portal, cards, context.now)

    async def give_up(self, db: AsyncConnection, context: RuleContext, subject: Subject, reason: str) -> Sequence[News]:
        """What was decided is told all the same."""
        if subject.kind is Kind.CONTACT:
            await launches.fail(db, context.portal.id, subject.id)
        return await _tell(db, context, await memberships.untold(db, context.portal.id, [subject]))

    async def lately(self, db: AsyncConnection, portal: Portal, since: datetime) -> Sequence[Subject]:
        return [Subject(Kind.CONTACT, one) for one in await memberships.lately_decided(db, portal.id, since)]

    async def mode_changed(self, db: AsyncConnection, portal: Portal, mode: Mode) -> None:
        """A launch waits until somebody resumes it."""
        if mode is not Mode.ON:
            await launches.pause(db, portal.id)

    async def to_show(self, db: AsyncConnection, portal: Portal) -> Collection[Subject]:
        return await memberships.decided_subjects(db, portal.id)


def _newly_linked(facts: Sequence[CardFacts], members: Mapping[Subject, tuple[Membership, ...]]) -> set[Subject]:
    """Companies that a contact of the slice is linked with, and is no living member of."""
    found: set[Subject] = set()
    for one in facts:
        if one.card and one.subject.kind is Kind.CONTACT:
            linked = {member.company_id for member in members[one.subject] if member.live}
            found |= {Subject(Kind.COMPANY, company) for company in set(one.card.links) - linked}
    return found


def _facts(facts: CardFacts, rows: VerificationRows) -> Facts:
    return Facts(
        subject=facts.subject,
        card=facts.card,
        record=facts.known.record if facts.known else None,
        memberships=rows.members[facts.subject],
        intents=tuple(rows.pressed.get(facts.subject, ())),
        event_user=facts.event_user,
        doubted=facts.doubted,
        ids=rows.ids[facts.subject],
        ticked=_ticked(rows),
        predecessors=_before(facts, rows.members),
        successor=facts.successor,
        orders=rows.orders if facts.mode is Mode.ON else (),
    )


def _cases(
    facts: CardFacts, decision: Decision, untold: Sequence[Membership], members: Sequence[Membership]
) -> frozenset[Subject]:
    """Where somebody begins or ceases to wait, or somebody else is responsible for those who do."""
    moved = [one for move in decision.moves for one in (move.before, move.after)]
    found = touched_cases([*decision.memberships, *untold, *moved])
    handed_over = facts.card and facts.known and facts.card.assigned_by != facts.known.assigned_by
    return frozenset(found | touched_cases(members) if handed_over else found)


def _before(facts: CardFacts, members: Mapping[Subject, tuple[Membership, ...]]) -> tuple[Predecessor, ...]:
    return tuple(
        Predecessor(known.subject, shown(known.record.settled).check, members[known.subject])
        for known in facts.predecessors
    )


def _waits_in(predecessor: Predecessor) -> bool:
    return any(member.effective_state is State.PENDING for member in predecessor.memberships)


def _ticked(rows: VerificationRows) -> frozenset[int]:
    """Newly linked companies whose box is ticked although nobody of them waits: as the slice shows them; as they were
    read now, where something of theirs waits for a later one, or they are new to us; else as we know them."""
    ticked = {
        company for company, card in rows.shown.items() if shown(card.values).check and company not in rows.merged
    }
    ticked |= {one for one in rows.known if one not in rows.shown and shown(rows.known[one].record.settled).check}
    return frozenset({company.id for company in ticked} - rows.waiting)


async def _tell(db: AsyncConnection, context: RuleContext, untold: Sequence[Membership]) -> list[News]:
    """One event for each membership still at the version told of."""
    before = await memberships.tell(db, context.portal.id, untold)
    told = {one.id: one for one in untold if one.id in before and one.newsworthy}
    ids = await public_ids.of_memberships(db, context.portal.id, told.values(), context.now)
    return [_news(one, ids[one.id], *before[one.id], context.policy, context.now) for one in told.values()]


async def _tell_moves(db: AsyncConnection, context: RuleContext, moves: Sequence[Move]) -> list[News]:
    old = await public_ids.before_moves(db, context.portal.id, moves, context.now)
    ids = await public_ids.of_memberships(db, context.portal.id, [move.after for move in moves], context.now)
    return [_moved(move, old[move.before.id], ids[move.after.id], context.now) for move in moves]


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
) -> News:
    """Documents are asked for of somebody who is known to wait; else it is their waiting that is told."""
    if one.reason is Reason.PROOF_REQUESTED and one.state is old_state:
        return _asked(one, ids, old_version, now)
    return _changed(one, ids, old_state, old_version, policy, now)


def _asked(one: Membership, ids: MembershipIds, old_version: int, now: datetime) -> MembershipDocumentsAsked:
    return MembershipDocumentsAsked(
        membership_id=one.id,
        contact_id=one.contact_id,
        company_id=one.company_id or None,
        person_id=ids.person_id,
        customer_id=ids.customer_id,
        note=one.note,
        decided_by=one.decided_by,
        decided_by_source=one.decided_by_source.value,
        version=one.version,
        previous_version=old_version,
        occurred_at=one.decided_at or now,
    )


def _changed(
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
