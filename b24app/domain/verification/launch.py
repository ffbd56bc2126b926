"""The choice at the beginning: who keeps the access that the CRM gave them before anybody was asked.

Until somebody chooses, everybody the CRM knows is open (decision 0001). A launch sends people to be checked whom nobody
has decided about: their memberships are planned as they stand when it starts, and handed out in batches as *orders*,
which the rule of a changed card carries out. An order does nothing where somebody has decided meanwhile. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from b24app.domain.verification.membership import DecidedBySource, Membership, Reason, State
from b24app.domain.verification.membership_changes import MembershipChanges

RECENTLY = timedelta(days=365)  # a deal created or changed within it makes a client of somebody
FRESH = timedelta(days=1)  # what was counted longer ago is counted anew before anybody starts by it
BATCH = 200  # cards handed out at once
MANY = 1_000  # above so many people the administrator is told that it goes in batches
UNDO_WITHIN = timedelta(days=30)


class Choice(StrEnum):
    """Who keeps access."""

    RECENT = "recent"  # whoever has had a deal lately, by themselves or by their company
    EVERYONE = "everyone"
    NOBODY = "nobody"  # everybody is checked first


class Phase(StrEnum):
    """How far a launch has come."""

    OPEN = "open"  # nothing was changed yet
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class Act(StrEnum):
    """What an administrator does about it."""

    CHOOSE = "choose"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    UNDO = "undo"
    AGAIN = "again"


ALLOWED: Mapping[Act, frozenset[Phase]] = {
    Act.CHOOSE: frozenset({Phase.OPEN}),
    Act.START: frozenset({Phase.OPEN}),
    Act.PAUSE: frozenset({Phase.RUNNING}),
    Act.RESUME: frozenset({Phase.PAUSED}),
    Act.UNDO: frozenset({Phase.RUNNING, Phase.PAUSED, Phase.DONE}),
    Act.AGAIN: frozenset({Phase.DONE, Phase.UNDONE}),
}


class Step(StrEnum):
    """Where a membership of a launch stands."""

    PLANNED = "planned"
    DUE = "due"  # handed out: its card's journey puts it to checking
    TICKED = "ticked"
    KEPT = "kept"  # somebody decided first, or the launch was undone before its turn
    FAILED = "failed"  # its card could not be read or written
    RETURN_PLANNED = "return_planned"
    RETURN_DUE = "return_due"  # handed out again: its card's journey opens it as before
    RETURNED = "returned"


CARRIED_OUT: Mapping[Step, Step] = {Step.DUE: Step.TICKED, Step.RETURN_DUE: Step.RETURNED}
"""What becomes of an order that was carried out."""


@dataclass(frozen=True, slots=True)
class Order:
    """A membership that was handed out. `step`: `DUE` or `RETURN_DUE`; `author_id`: who started the launch."""

    membership_id: UUID
    launch_id: UUID
    step: Step
    author_id: int


def undecided(one: Membership) -> bool:
    """Open because the CRM knew them, and nobody has said anything about it."""
    return one.state is State.CONFIRMED and one.decided_at is None


def concerns(step: Step, one: Membership) -> bool:
    """Whether an order of this step still has something to do: nobody has decided since it was given."""
    if step is Step.DUE:
        return undecided(one)
    return one.state is State.PENDING and one.reason is Reason.LAUNCH


def carry_out(changes: MembershipChanges, orders: Iterable[Order]) -> tuple[Order, ...]:
    """Change the memberships that orders concern. Returns the orders that were carried out."""
    done = []
    for order in orders:
        one = changes.after.get(order.membership_id)
        if one is None or not concerns(order.step, one):
            continue
        if order.step is Step.DUE:
            changes.move(one, State.PENDING, Reason.LAUNCH, (order.author_id, DecidedBySource.BUTTON))
        else:
            changes.move(one, State.CONFIRMED, Reason.LAUNCH_UNDONE, (None, DecidedBySource.UNKNOWN))
            changes.after[one.id] = replace(changes.after[one.id], decided_at=None)
        done.append(order)
    return tuple(done)
