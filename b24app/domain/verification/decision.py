"""The verification checkbox: who may open the closed sections of a client app, and who said so.

The box in the CRM is the truth, our membership row its projection: *ticked* means *a check is needed*. A person, a
robot or a button changes the box; `decide` compares what the card shows now with what we last agreed on, and says
which memberships change and what the card should show. Pure: the same facts always give the same decision.

Whose box moves which memberships:
- ticking a contact (company) puts every live membership of it back to checking, a company also those of people it is
  linked with whose cards come later;
- unticking approves when exactly one membership of it waits; with several the box is put back (`Problem.WHICH_ONE`);
- a button names one membership and wins over the bare box, once the card shows what the button wrote;
- orders of a launch come last: they change only what nobody has decided about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.cards.records import Record, last_editor
from b24app.domain.cards.succession import RETURNS_WITHIN
from b24app.domain.verification.launch import Order, carry_out
from b24app.domain.verification.membership import (
    ALONE,
    Action,
    BoxProblem,
    DecidedBySource,
    Intent,
    Membership,
    Reason,
    State,
)
from b24app.domain.verification.membership_changes import MembershipChanges
from b24app.domain.verification.shown import STATUS, Shown, shown
from b24app.domain.verification.succession import Move, Predecessor, take_over

STATED_FOR = timedelta(minutes=2)  # after this an intent whose write never showed is dropped
PENDING = (State.PENDING.value, State.PENDING.value)  # the status as the card shows it, and as it was agreed on


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one decision rests on.

    `intents`: buttons pressed in this card and not done with, in order; `event_user`: who acted, as portal events told
    and something else bore out; `doubted`: they name somebody whom nothing bears out; `ids`: fresh ids; `ticked`:
    linked companies whose box is ticked although nobody of them waits: whoever is linked next has to be checked.
    `predecessors`: deleted cards this one goes on for; `successor`: the card that goes on for this deleted one;
    `orders`: of a launch, about these memberships."""

    subject: Subject
    card: Card | None
    record: Record | None
    memberships: tuple[Membership, ...]
    intents: tuple[Intent, ...] = ()
    event_user: int | None = None
    doubted: bool = False
    ids: tuple[UUID, ...] = ()
    ticked: frozenset[int] = frozenset()
    predecessors: tuple[Predecessor, ...] = ()
    successor: Subject | None = None
    orders: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What should be. `memberships` holds changed and new ones only; `wanted` is what the card should show.

    `moves` come before `memberships`. `neighbours` are cards whose own journey has to look again; `waits` for the
    portal's answer to a button; `launched`: orders that were carried out."""

    memberships: tuple[Membership, ...] = ()
    moves: tuple[Move, ...] = ()
    wanted: Shown | None = None
    neighbours: frozenset[Subject] = frozenset()
    applied: tuple[UUID, ...] = ()
    dropped: tuple[UUID, ...] = ()
    problem: BoxProblem | None = None
    waits: bool = False
    deleted: bool = False
    launched: tuple[Order, ...] = ()

    @property
    def names(self) -> bool:
        """Whether it says of any membership who decided, and no button told."""
        said = [one for one in (*self.memberships, *(move.after for move in self.moves)) if one.decided_at]
        return any(one.decided_by_source is not DecidedBySource.BUTTON for one in said)

    @property
    def touched(self) -> set[UUID | tuple[int, int]]:
        """Memberships it writes, and for which contact and company: a person has one in a company, whoever makes it."""
        written = [*self.memberships, *(one.after for one in self.moves), *(one.before for one in self.moves)]
        return {one.id for one in written} | {(one.contact_id, one.company_id) for one in written}


def decide(facts: Facts, now: datetime) -> Decision:
    """What the card's change means. `facts.ids` must hold a fresh id for each link the card may bring."""
    changes = MembershipChanges(
        now, {one.id: one for one in facts.memberships}, {one.id: one for one in facts.memberships}
    )
    if facts.card is None:
        return _decide_deleted(facts, changes)
    if _being_pressed(facts, facts.card, now):
        return Decision(waits=True)
    moves = _take_over(facts, facts.card, changes)
    if facts.subject.kind is Kind.CONTACT:
        _follow_links(facts, facts.card, changes)
    applied, dropped = _apply_intents(facts, facts.card, changes)
    problem = BoxProblem.INTENT_NOT_SHOWN if dropped else None
    if not applied:
        problem = _take_box(facts, facts.card, changes) or problem
    launched = carry_out(changes, facts.orders)
    changed = changes.changed()
    return Decision(
        memberships=changed,
        moves=moves,
        wanted=project(changes.after.values(), _left_of(facts, facts.card)),
        neighbours=_neighbours(facts, facts.card, changes, (*changed, *(one.after for one in moves))),
        applied=applied,
        dropped=dropped,
        problem=problem,
        launched=launched,
    )


def _left_of(facts: Facts, card: Card) -> Shown:
    """What the card shows where nobody has decided about it: the `pending` we wrote gives way to what stood before."""
    now, record = shown(card.values), facts.record
    if record is None or STATUS not in record.previous or (now.status, shown(record.settled).status) != PENDING:
        return now
    return Shown(now.check, str(record.previous[STATUS] or ""))


def project(memberships: Iterable[Membership], now: Shown) -> Shown:
    """What a card of these memberships should show, which shows `now`.

    A card nobody ever decided about keeps the status it has: a quiet portal stays quiet. A card without anybody keeps
    its box too: whoever is linked to it later finds it ticked.
    """
    live = [one for one in memberships if one.live]
    if not live:
        return now
    if any(one.state is State.PENDING for one in live):
        return Shown(True, "pending")
    decided = [one for one in live if one.decided_at is not None]
    if any(one.state is State.CONFIRMED for one in decided):
        return Shown(False, "confirmed")
    if any(one.state is State.REFUSED for one in live):
        return Shown(False, "refused")
    return Shown(False, now.status)


def first_sight(card: Card, contact_id: int, company_id: int, id: UUID, *, box: bool | None = None) -> Membership:
    """A membership as the CRM already shows it. `box` overrides the card's own (a ticked company box counts too)."""
    pending = shown(card.values).check if box is None else box
    state = State.PENDING if pending else _as_shown(card)
    return Membership(id, contact_id, company_id, state, Reason.KNOWN, told_state=state)


def _as_shown(card: Card) -> State:
    """A standing that the card's status still tells of."""
    return State.REFUSED if shown(card.values).status == "refused" else State.CONFIRMED


def _decide_deleted(facts: Facts, changes: MembershipChanges) -> Decision:
    """Suspended until somebody goes on for the card, or for good. Whoever goes on has it all from its own journey."""
    if facts.successor:
        return Decision(deleted=True)
    nobody = (None, DecidedBySource.UNKNOWN)
    for one in list(changes.after.values()):
        if one.live:
            changes.move(one, State.SUSPENDED, Reason.CARD_DELETED, (facts.event_user, _event_source(facts.event_user)))
        elif one.state is State.SUSPENDED and one.decided_at and changes.now - one.decided_at >= RETURNS_WITHIN:
            changes.move(one, State.LEFT, Reason.EXPIRED, nobody)
    changed = changes.changed()
    across = {one.other_side(facts.subject.kind) for one in changed}
    return Decision(memberships=changed, neighbours=frozenset(one for one in across if one), deleted=True)


def _take_over(facts: Facts, card: Card, changes: MembershipChanges) -> tuple[Move, ...]:
    linked = facts.subject.kind is Kind.CONTACT and bool(card.links)
    reason = Reason.MERGED if facts.record and not facts.record.deleted else Reason.RESTORED
    who = _who(facts, card)
    each = [take_over(changes, facts.subject, one, linked=linked, reason=reason, by=who) for one in facts.predecessors]
    return tuple(move for moves in each for move in moves)


def _follow_links(facts: Facts, card: Card, changes: MembershipChanges) -> None:
    """Memberships follow the contact's company links; a person without any belongs to themselves."""
    wanted = card.links or (ALONE,)
    known = {one.company_id: one for one in changes.after.values() if one.contact_id == facts.subject.id}
    fresh = iter(facts.ids)
    box_was = shown(facts.record.settled).check if facts.record else False
    for company_id in wanted:
        one = known.get(company_id)
        if one is None:
            one = first_sight(card, facts.subject.id, company_id, next(fresh), box=False)
            changes.after[one.id] = one
            if box_was or company_id in facts.ticked:
                changes.move(one, State.PENDING, Reason.BOX_TICKED, _who(facts, card))
        elif not one.live:
            back = State.PENDING if box_was or company_id in facts.ticked else one.held or _as_shown(card)
            changes.move(one, back, Reason.LINKED, _who(facts, card))
        elif not one.linked:
            changes.after[one.id] = replace(one, linked=True)
    for company_id, one in known.items():
        if company_id not in wanted and one.linked and one.live:
            changes.move(one, State.LEFT, Reason.UNLINKED, _who(facts, card))


def _apply_intents(facts: Facts, card: Card, changes: MembershipChanges) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    """Buttons whose effect the card shows, in the order they were pressed; (applied, dropped)."""
    proven = [one for one in facts.intents if one.proven]
    box = shown(card.values).check
    effects = [index for index, one in enumerate(proven) if one.shown == box]
    taken = proven[: effects[-1] + 1] if effects else []
    for intent in taken:
        one = changes.after.get(intent.membership_id)
        if one is None or not one.live:
            continue
        confirm = intent.action is Action.CONFIRM
        state, reason = (State.CONFIRMED, Reason.BUTTON_CONFIRM) if confirm else (State.PENDING, Reason.BUTTON_RECHECK)
        changes.move(one, state, reason, (intent.author_id, DecidedBySource.BUTTON))
        changes.after[one.id] = replace(changes.after[one.id], note=intent.note)
    late = [one.id for one in proven[len(taken) :] if changes.now - one.created_at > STATED_FOR]
    return tuple(one.id for one in taken), tuple(late)


def _being_pressed(facts: Facts, card: Card, now: datetime) -> bool:
    """The box stands where a button puts it that the portal has not answered yet: the intent will say what it means."""
    pressing = [one for one in facts.intents if not one.proven and now - one.created_at <= STATED_FOR]
    return any(one.shown == shown(card.values).check for one in pressing) and _box_moved(facts, card)


def _box_moved(facts: Facts, card: Card) -> bool:
    """Somebody put the box where neither we nor a merge or restoration put it, which decide nothing."""
    record = facts.record or Record({})
    ours = {shown(record.settled).check, shown({**record.settled, **record.intended}).check}
    return shown(card.values).check not in ours | {one.box for one in facts.predecessors}


def _take_box(facts: Facts, card: Card, changes: MembershipChanges) -> BoxProblem | None:
    """What it decides that somebody moved the box."""
    if not _box_moved(facts, card):
        return None
    who = _who(facts, card)
    if shown(card.values).check:
        for one in (*changes.live(), *_unread(facts, card, changes)):
            changes.move(one, State.PENDING, Reason.BOX_TICKED, who)
        return None
    waiting = changes.waiting()
    if len(waiting) > 1:
        return BoxProblem.WHICH_ONE
    for one in waiting:
        changes.move(one, State.CONFIRMED, Reason.BOX_UNTICKED, who)
    return None


def _unread(facts: Facts, card: Card, changes: MembershipChanges) -> Iterator[Membership]:
    """Of people whom a company's card links already while their own cards were not read yet: the box is for all."""
    if card.subject.kind is not Kind.COMPANY:
        return
    fresh = iter(facts.ids)
    for person in card.links:
        one = changes.of(person, card.subject.id)
        if one is None:
            state = State.CONFIRMED
            yield Membership(next(fresh), person, card.subject.id, state, Reason.KNOWN, told_state=state)
        elif one.state is State.LEFT:
            yield one


def _who(facts: Facts, card: Card) -> tuple[int | None, DecidedBySource]:
    """The portal event's user, else whoever the record says modified it since we last looked; nobody we know where the
    two differ."""
    if facts.event_user:
        return facts.event_user, DecidedBySource.EVENT
    if facts.record and not facts.doubted and (editor := last_editor(facts.record, card)):
        return editor, DecidedBySource.MODIFIED_BY
    return None, DecidedBySource.UNKNOWN


def _event_source(user: int | None) -> DecidedBySource:
    return DecidedBySource.EVENT if user else DecidedBySource.UNKNOWN


def _neighbours(
    facts: Facts, card: Card, changes: MembershipChanges, changed: tuple[Membership, ...]
) -> frozenset[Subject]:
    """Cards across whose picture may have changed; for a company also people its contact list and ours disagree on."""
    across = {one.other_side(facts.subject.kind) for one in changed}
    if facts.subject.kind is Kind.COMPANY:
        ours = {one.contact_id for one in changes.after.values() if one.linked and one.live}
        across |= {Subject(Kind.CONTACT, person) for person in ours ^ set(card.links)}
    return frozenset(one for one in across if one)
