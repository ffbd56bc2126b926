"""What the buttons of a card do to a membership, which of them are offered, and when one can be taken back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from b24app.domain.policy import Access, Policy, Section
from b24app.domain.verification.history import PastDecision
from b24app.domain.verification.membership import Action, DecidedBySource, Intent, Membership, Reason, State

UNDO_OFFERED, UNDO_WITHIN = timedelta(seconds=10), timedelta(minutes=1)  # by the page, and by us
LONGEST_NOTE = 500

EFFECT: Mapping[Action, tuple[State, Reason]] = {
    Action.CONFIRM: (State.CONFIRMED, Reason.BUTTON_CONFIRM),
    Action.RECHECK: (State.PENDING, Reason.BUTTON_RECHECK),
    Action.REFUSE: (State.REFUSED, Reason.BUTTON_REFUSE),
    Action.ASK_DOCUMENTS: (State.PENDING, Reason.PROOF_REQUESTED),
}
NOTED = frozenset({Action.REFUSE, Action.ASK_DOCUMENTS})
"""Actions that say why."""

OFFERED: Mapping[State, tuple[Action, ...]] = {
    State.PENDING: (Action.CONFIRM, Action.ASK_DOCUMENTS, Action.REFUSE),
    State.REFUSED: (Action.CONFIRM,),
    State.CONFIRMED: (Action.RECHECK, Action.REFUSE),
}


def allowed(action: Action, state: State) -> bool:
    """Whether it changes anything. Documents are asked for of those who wait, as often as it takes."""
    if action is Action.ASK_DOCUMENTS:
        return state is State.PENDING
    return action is Action.UNDO or state is not EFFECT[action][0]


def effect(intent: Intent, one: Membership) -> tuple[State, Reason] | None:
    """What a pressed button makes of the membership; None where somebody else has decided since it was pressed."""
    if intent.seen not in (None, one.state) or not allowed(intent.action, one.state):
        return None
    if intent.action is Action.UNDO:
        return intent.back_to or one.state, Reason.BUTTON_UNDO
    return EFFECT[intent.action]


def undo_refused(one: Membership, newest: PastDecision | None, user_id: int, now: datetime) -> str:
    """Why this person cannot take back the newest decision any more; empty where they can."""
    theirs = newest is not None and (newest.decided_by, newest.source) == (user_id, DecidedBySource.BUTTON)
    if newest is None or not theirs or newest.version != one.version or newest.reason is Reason.BUTTON_UNDO:
        return "decided_since"
    return "undo_over" if now - newest.at > UNDO_WITHIN or newest.before is None else ""


def closes(policy: Policy, state: State, action: Action) -> tuple[Section, ...]:
    """Sections that are open in this state and will not be after the press."""
    now, then = policy.sections(state.value), policy.sections(EFFECT[action][0].value)
    return tuple(one for one in now if now[one] is Access.OPEN and then[one] is not Access.OPEN)
