"""Who waits for a check, case by case: what the responsible employee hears of, and which case a membership is of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.verification.membership import DecidedBySource, Membership, State

KNOWN_TO_ACT = frozenset({DecidedBySource.BUTTON, DecidedBySource.EVENT})
NEVER = datetime.min.replace(tzinfo=UTC)


def case_of(membership: Membership) -> Subject:
    """The company, or the person who belongs to nobody but themselves."""
    if membership.company_id:
        return Subject(Kind.COMPANY, membership.company_id)
    return Subject(Kind.CONTACT, membership.contact_id)


def waiting_in(case: Subject, members: Iterable[Membership]) -> list[Membership]:
    """Those of the case that wait, whoever waits longest first."""
    mine = [one for one in members if one.state is State.PENDING and case_of(one) == case]
    return sorted(mine, key=lambda one: (one.decided_at or NEVER, one.contact_id))


def unknown_to(user_id: int, waiting: Iterable[Membership]) -> tuple[str, ...]:
    """What this employee did not bring about by themselves, by the ids of the memberships. Whoever edited a card last
    need not have ticked its box: a robot may have."""
    theirs = {one.id for one in waiting if one.decided_by == user_id and one.decided_by_source in KNOWN_TO_ACT}
    return tuple(sorted(str(one.id) for one in waiting if one.id not in theirs))


def touched_cases(members: Iterable[Membership]) -> set[Subject]:
    """Cases in which somebody waits now, or waited when client apps were told last."""
    return {case_of(one) for one in members if State.PENDING in (one.state, one.told_state)}
