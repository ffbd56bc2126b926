"""Memberships and what is known of a card: the words that verification is decided in. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from b24app.domain.cards.facts import Kind, Subject

ALONE = 0  # company_id of a person who belongs to nobody but themselves


class State(StrEnum):
    """Where a membership stands. Only `confirmed` opens everything."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    CHECKING = "checking"  # accepted, and not judged yet; it may come before any card
    REFUSED = "refused"
    LEFT = "left"  # the CRM no longer links the person with the company
    SUSPENDED = "suspended"  # the card was deleted; kept for 30 days


class Reason(StrEnum):
    """Why a membership is in its state; shown to people in their language."""

    KNOWN = "known"  # the CRM already linked them when we first looked
    LINKED = "linked"
    UNLINKED = "unlinked"
    BOX_TICKED = "box_ticked"
    BOX_UNTICKED = "box_unticked"
    BUTTON_CONFIRM = "button_confirm"
    BUTTON_RECHECK = "button_recheck"
    CARD_DELETED = "card_deleted"
    MERGED = "merged"  # another card goes on for this one
    RESTORED = "restored"  # the card came back from the recycle bin
    EXPIRED = "expired"  # the card was deleted and did not come back
    LAUNCH = "launch"  # an administrator had everybody checked whom nobody had decided about
    LAUNCH_UNDONE = "launch_undone"  # and took it back: as open as before, and still nobody has decided


class DecidedBySource(StrEnum):
    """How we know who decided. Unknown is legal, never guessed."""

    BUTTON = "button"
    EVENT = "event"
    MODIFIED_BY = "modified_by"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What a button asks for."""

    CONFIRM = "confirm"
    RECHECK = "recheck"


class BoxProblem(StrEnum):
    """Why a change in the card was not taken as a decision."""

    WHICH_ONE = "which_one"  # several wait: the card tab asks which
    INTENT_NOT_SHOWN = "intent_not_shown"  # the card does not show what the button wrote


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's belonging to one company, or to themselves. `told_*`: what client apps were last told."""

    id: UUID
    contact_id: int
    company_id: int
    state: State
    reason: Reason
    linked: bool = True
    note: str = ""
    decided_by: int | None = None
    decided_by_source: DecidedBySource = DecidedBySource.UNKNOWN
    decided_at: datetime | None = None
    version: int = 1
    told_state: State | None = None
    told_version: int = 1
    held: State | None = None  # of a suspended one: what it was before

    @property
    def key(self) -> tuple[int, int]:
        return self.contact_id, self.company_id

    @property
    def effective_state(self) -> State | None:
        """The state that counts when its card goes on elsewhere; None where it has ended."""
        if self.state is State.SUSPENDED:
            return self.held or State.PENDING
        return None if self.state is State.LEFT else self.state

    @property
    def live(self) -> bool:
        return self.state not in (State.LEFT, State.SUSPENDED)

    @property
    def newsworthy(self) -> bool:
        """Whether client apps hear of its state. Being replaced by a company's membership takes nothing away."""
        return not (self.company_id == ALONE and self.state is State.LEFT and self.reason is not Reason.MERGED)

    def other_side(self, kind: Kind) -> Subject | None:
        """The card across: the company of a contact's membership, the contact of a company's."""
        if kind is Kind.COMPANY:
            return Subject(Kind.CONTACT, self.contact_id)
        return Subject(Kind.COMPANY, self.company_id) if self.company_id else None


@dataclass(frozen=True, slots=True)
class Intent:
    """A button that was pressed. `shown`: the box after its write; `proven`: the portal has taken that write."""

    id: UUID
    membership_id: UUID
    action: Action
    author_id: int
    shown: bool
    note: str
    created_at: datetime
    proven: bool = False
