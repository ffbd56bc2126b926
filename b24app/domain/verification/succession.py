"""What becomes of the memberships of a deleted card that another one goes on for. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.membership import ALONE, Membership, Reason, State
from b24app.domain.verification.membership_changes import By, MembershipChanges

OPENNESS = (State.REFUSED, State.PENDING, State.CHECKING, State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A card somebody goes on for: its box as last agreed on, and all its memberships."""

    subject: Subject
    box: bool
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A membership on its way to the card that goes on; its state stays."""

    before: Membership
    after: Membership


def stricter(*states: State) -> State:
    """The one that opens least."""
    return min(states, key=OPENNESS.index)


def take_over(
    changes: MembershipChanges, to: Subject, predecessor: Predecessor, *, linked: bool, reason: Reason, by: By
) -> tuple[Move, ...]:
    """Memberships of the deleted card belong to `to` from now on. `linked`: it is a person the CRM links to companies.

    What only the deleted card had moves as it stood. Where both had one, that of the living card goes on in the state
    that opens less: a merge is no decision about a person, so it must not open what either card kept closed. For the
    same reason a person who waited, or was refused, on their own does not slip into a company by a merge."""
    moves: list[Move] = []
    alone = [
        one.effective_state for one in (*predecessor.memberships, *changes.after.values()) if one.company_id == ALONE
    ]
    for one in predecessor.memberships:
        if one.effective_state is None:
            continue
        key = (to.id, one.company_id) if to.kind is Kind.CONTACT else (one.contact_id, to.id)
        own = changes.of(*key)
        if own is None and not (linked and one.company_id == ALONE):
            moved = _moved(one, key)
            moves.append(Move(one, moved))
            changes.take_in(moved)
            changes.move(moved, one.effective_state, reason, by)
            continue
        changes.take_in(one)
        changes.move(one, State.LEFT, Reason.MERGED, by)
        if own is not None:
            changes.move(own, stricter(*filter(None, (one.effective_state, own.effective_state))), reason, by)
    if linked:
        for one in changes.live():
            if one.company_id != ALONE:
                changes.move(one, stricter(one.state, *filter(None, alone)), reason, by)
    return tuple(moves)


def _moved(one: Membership, key: tuple[int, int]) -> Membership:
    """Told of in the same transaction, so what was told counts for the new version."""
    version = one.version + 1
    told = version if one.told_state is one.state else one.told_version
    return replace(one, contact_id=key[0], company_id=key[1], version=version, told_version=told)
