"""Facts of a slice of subjects, gathered in bulk, and the decision each of them comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from b24app.bitrix24.cards import LIST
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.writing import Value
from b24app.cards.journeys import odd
from b24app.cards.journeys.test_cards import passed_over
from b24app.cards.store import records
from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.decision import Decision, Facts, decide, last_editor
from b24app.domain.verification.membership import Membership, Record, Shown, State
from b24app.domain.verification.succession import Predecessor
from b24app.domain.work.arrivals import Actor, actor
from b24app.portal.journeys.fields import field_map
from b24app.portal.journeys.tokens import StoredTokens
from b24app.portal.store import tokens
from b24app.resources import Resources
from b24app.verification.journeys import witnesses
from b24app.verification.journeys.slices import VerificationSlice, read_existing
from b24app.verification.journeys.succession import look_up
from b24app.verification.store import aliases, intents, memberships
from b24app.work.store import inbox
from b24app.work.store.index import Claim

CLOCKS = timedelta(seconds=2)  # the portal's and ours; its dates are whole seconds
WAITS, PATIENCE = "waits_for_another", 6  # a card waits for the journey of another one so many times


@dataclass(frozen=True, slots=True)
class Case:
    """One subject of the slice on its way through the journey.

    `held_back`: what it should show was written a moment ago and not stored; `not_stored`: the card as it was read back
    after a write that the portal had said yes to.
    """

    claim: Claim
    rows: inbox.Waiting
    facts: Facts
    decision: Decision
    marks: bool = False  # the portal has our field for it
    asks: tuple[int, ...] = ()  # rows whose token could tell who acted
    held_back: bool = False
    not_stored: Card | None = None
    error: Exception | None = None

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
        if self.marks and set(self.decision.marks) != set(card.marks) and (found or self._decided or self.facts.copied):
            found["mark"] = self.decision.marks
        return found

    @property
    def _decided(self) -> bool:
        """Somebody has decided about it just now, or in a try whose write did not come to its end."""
        unwritten = self.facts.record is not None and self.facts.record.intended is not None
        return unwritten or any(one.live and one.decided_at for one in self.decision.memberships)

    def memberships(self) -> list[Membership]:
        """All of the subject's, as decided."""
        after = {one.id: one for one in self.facts.memberships} | {one.id: one for one in self.decision.memberships}
        return list(after.values())


def waits_of(claim: Claim) -> int:
    """How often the card has waited for another one by now, tries that failed aside."""
    return claim.tries - 1 if claim.error == WAITS else 0


async def gather(
    resources: Resources, portal: Portal, claims: Sequence[Claim], client: PortalClient, keeper: StoredTokens
) -> tuple[list[Case], list[odd.Unread]]:
    """One case per claim, and those whose card nobody can understand. Raises the PortalErrors of the read."""
    subjects = [inbox.parse(one.key) for one in claims]
    async with resources.tenant(portal.id) as db:
        waiting = await inbox.waiting(db, portal.id, subjects)
        known = await records.load(db, portal.id, subjects)
        members = await memberships.of_subjects(db, portal.id, subjects)
        pressed = await intents.pressed(db, portal.id, subjects)
        pairs = await tokens.every(db, portal.id)
        successors, owed = await aliases.around(db, portal.id, set(subjects))
    keeper.known(pairs)
    cards = passed_over(resources, portal, await read_existing(portal, client, subjects), known)
    readable = tuple(one for one in subjects if one not in cards.odd)
    slice_ = VerificationSlice(resources, portal, client, readable, cards, known, members, successors, owed)
    successions = await look_up(slice_)
    ticked = await _ticked(slice_, successions.predecessors)
    fields, ours = field_map(portal), frozenset(one.user_id for one in pairs)
    cases = []
    for claim, subject in zip(claims, subjects, strict=True):
        if subject in cards.odd:
            continue
        rows, card, before = waiting.get(subject, inbox.Waiting()), cards.get(subject), known.get(subject)
        record = before.record if before else None
        acted = _actor(rows, record, card, ours)
        facts = Facts(
            subject=subject,
            card=card,
            record=record,
            memberships=members[subject],
            intents=tuple(pressed.get(subject, ())),
            event_user=acted.user_id,
            doubted=acted.doubted,
            ids=tuple(uuid4() for _ in (card.links if card else ())) or (uuid4(),),
            ticked=ticked,
            predecessors=successions.predecessors.get(subject, ()),
            successor=successions.successors.get(subject),
            unsettled=successions.unsettled.get(subject, frozenset()) if waits_of(claim) < PATIENCE else frozenset(),
            copied=successions.copied.get(subject, frozenset()),
            requisites=successions.requisites.get(subject, frozenset()),
        )
        now = resources.now()
        decision, marks = decide(facts, now), bool(fields[subject.kind].mark)
        cases.append(Case(claim, rows, facts, decision, marks, acted.ask, _held_back(facts, decision, now)))
    return await _borne_out(resources, portal, cases, ours), odd.unread(portal, claims, cards.odd.values(), LIST)


def _actor(
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


async def _borne_out(resources: Resources, portal: Portal, cases: Sequence[Case], ours: frozenset[int]) -> list[Case]:
    """Decisions that could name somebody whom only an event names are made again with what its own token says."""
    asking = [one for one in cases if one.asks and one.decision.names]
    proven = await witnesses.proven(resources, portal, [row for one in asking for row in one.asks])
    return [_named(one, proven, ours, resources.now()) if proven.intersection(one.asks) else one for one in cases]


def _named(case: Case, proven: frozenset[int], ours: frozenset[int], now: datetime) -> Case:
    facts = case.facts
    acted = _actor(case.rows, facts.record, facts.card, ours, proven)
    facts = replace(facts, event_user=acted.user_id, doubted=acted.doubted)
    return replace(case, facts=facts, decision=decide(facts, now))


async def _ticked(slice_: VerificationSlice, predecessors: Mapping[Subject, Sequence[Predecessor]]) -> frozenset[int]:
    """Companies some contact is newly linked to, whose box is ticked although nobody of them waits: as the slice shows
    them; read now where something of theirs waits for a later one, or they are new to us; else as we know them."""
    fresh: set[Subject] = set()
    for subject, card in slice_.cards.found.items():
        if subject.kind is Kind.CONTACT:
            ours = {one.company_id for one in slice_.members[subject] if one.live}
            fresh |= {Subject(Kind.COMPANY, one) for one in set(card.links) - ours}
    if not fresh:
        return frozenset()
    resources, portal = slice_.resources, slice_.portal
    async with resources.tenant(portal.id) as db:
        known = await records.load(db, portal.id, fresh)
        later = await inbox.on_their_way(db, portal.id, fresh)
        waiting = await memberships.waiting_in(db, portal.id, [one.id for one in fresh])
    asked = [one for one in fresh if one in slice_.cards.found or one in later or one not in known]
    shown = (await slice_.look_at(asked)).found
    merged = {one for one, many in predecessors.items() if any(map(_waits_in, many))}
    ticked = {one for one, card in shown.items() if card.needs_check and one not in merged}
    ticked |= {one for one in fresh & set(known) if one not in shown and known[one].record.settled.check}
    return frozenset({one.id for one in ticked} - waiting)


def _waits_in(predecessor: Predecessor) -> bool:
    """Somebody of this deleted company waits: that ticked the box of the one that goes on."""
    return any(one.standing is State.PENDING for one in predecessor.memberships)
