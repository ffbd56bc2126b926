"""The memberships of a card while a decision is being made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from b24app.domain.verification.history import PastDecision, past_decision
from b24app.domain.verification.membership import DecidedBySource, Membership, Reason, State

By = tuple[int | None, DecidedBySource]


@dataclass(slots=True)
class MembershipChanges:
    """`before`: as they are stored, or will be once they have moved; `after`: as decided."""

    now: datetime
    before: dict[UUID, Membership]
    after: dict[UUID, Membership] = field(default_factory=dict)

    def live(self) -> list[Membership]:
        return [one for one in self.after.values() if one.live]

    def waiting(self) -> list[Membership]:
        return [one for one in self.after.values() if one.state is State.PENDING]

    def of(self, contact_id: int, company_id: int) -> Membership | None:
        return next((one for one in self.after.values() if one.key == (contact_id, company_id)), None)

    def take_in(self, one: Membership) -> None:
        """One that belonged to another card until now."""
        self.before[one.id] = self.after[one.id] = one

    def move(self, one: Membership, state: State, reason: Reason, by: By) -> None:
        """Nothing is decided where it is in this state already."""
        if one.state is not state:
            self.decide(one, state, reason, by)

    def decide(self, one: Membership, state: State, reason: Reason, by: By, note: str = "") -> None:
        """A suspended one remembers the state it held."""
        base = self.before.get(one.id)
        self.after[one.id] = replace(
            one,
            state=state,
            held=one.state if state is State.SUSPENDED else None,
            reason=reason,
            note=note,
            decided_by=by[0],
            decided_by_source=by[1],
            decided_at=self.now,
            version=(base.version if base else 1) + 1,
        )

    def changed(self) -> tuple[Membership, ...]:
        return tuple(one for key, one in self.after.items() if self.before.get(key) != one)

    def decisions(self, names: Mapping[int, str]) -> tuple[PastDecision, ...]:
        """What was decided, for the history. `names`: of people who pressed buttons, by id."""
        found: list[PastDecision] = []
        for one in self.changed():
            base = self.before.get(one.id)
            if one.decided_at and (base is None or base.version != one.version):
                found.append(past_decision(one, base.state if base else None, names.get(one.decided_by or 0, "")))
        return tuple(found)
