"""What was decided about a membership, one row a decision: what a card's timeline shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from b24app.domain.verification.membership import DecidedBySource, Membership, Reason, State


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision, and the version of the membership it made. `before`: the state until then, None where there was no
    membership or nobody knows; `decided_by_name`: kept, since users go; empty where nobody has told it yet."""

    membership_id: UUID
    version: int
    at: datetime
    before: State | None
    state: State
    reason: Reason
    note: str = ""
    decided_by: int | None = None
    decided_by_name: str = ""
    source: DecidedBySource = DecidedBySource.UNKNOWN


def past_decision(one: Membership, before: State | None, name: str = "") -> PastDecision:
    """The decision that has just made the membership what it is."""
    assert one.decided_at, "somebody has decided"
    return PastDecision(
        membership_id=one.id,
        version=one.version,
        at=one.decided_at,
        before=before,
        state=one.state,
        reason=one.reason,
        note=one.note,
        decided_by=one.decided_by,
        decided_by_name=name,
        source=one.decided_by_source,
    )
