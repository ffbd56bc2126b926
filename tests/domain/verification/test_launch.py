"""Who is checked at the beginning, as a table of cases: orders do nothing where somebody has decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.cards.records import Record
from b24app.domain.verification.decision import Decision, Facts, decide
from b24app.domain.verification.launch import ALLOWED, Act, Order, Phase, Step, undecided
from b24app.domain.verification.membership import DecidedBySource, Membership, Reason, State
from b24app.domain.verification.shown import Shown

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERSON, FIRM = Subject(Kind.CONTACT, 7), Subject(Kind.COMPANY, 3)
ID, LAUNCH, ADMIN = UUID(int=1), UUID(int=9), 5
KNOWN = Membership(ID, 7, 3, State.CONFIRMED, Reason.KNOWN, told_state=State.CONFIRMED)
CHECKED = replace(
    KNOWN,
    state=State.PENDING,
    reason=Reason.LAUNCH,
    decided_by=ADMIN,
    decided_by_source=DecidedBySource.BUTTON,
    decided_at=NOW - timedelta(days=1),
    version=2,
)


def order(step: Step) -> Order:
    return Order(ID, LAUNCH, step, ADMIN)


def decided(
    one: Membership, step: Step, shown: Shown | None = None, record: Record | None = None, subject: Subject = PERSON
) -> Decision:
    shown = shown or Shown()
    links = (3,) if subject.kind is Kind.CONTACT else (7,)
    card = Card(subject, "Илья Соколов", shown.values, links, 8, NOW)
    record = record or Record(shown.values, modified_at=NOW - timedelta(hours=1))
    return decide(Facts(subject, card, record, (one,), orders=(order(step),)), NOW)


def test_whoever_nobody_has_decided_about_is_checked_and_the_admin_stands_for_it() -> None:
    decision = decided(KNOWN, Step.DUE)
    (one,) = decision.memberships
    assert (one.state, one.reason, one.decided_by) == (State.PENDING, Reason.LAUNCH, ADMIN)
    assert one.decided_by_source is DecidedBySource.BUTTON and one.decided_at == NOW
    assert decision.wanted == Shown(True, "pending") and decision.neighbours == {FIRM}
    assert decision.launched == (order(Step.DUE),)
    assert not decision.names, "the button has told who it was"


@pytest.mark.parametrize("subject", [PERSON, FIRM], ids=str)
def test_it_does_not_matter_whose_card_comes_first(subject: Subject) -> None:
    assert [one.reason for one in decided(KNOWN, Step.DUE, subject=subject).memberships] == [Reason.LAUNCH]


@pytest.mark.parametrize(
    "one",
    [
        replace(KNOWN, decided_at=NOW, reason=Reason.BUTTON_CONFIRM),
        replace(KNOWN, state=State.PENDING),
        replace(KNOWN, state=State.REFUSED),
        CHECKED,
    ],
    ids=["confirmed", "waits already", "refused", "ticked already"],
)
def test_nobody_is_checked_against_a_decision(one: Membership) -> None:
    box = one.state is State.PENDING
    decision = decided(one, Step.DUE, Shown(box, one.state.value))
    assert decision.memberships == () and decision.launched == ()


def test_a_person_who_moves_the_box_in_the_same_moment_wins() -> None:
    decision = decided(KNOWN, Step.DUE, Shown(True), Record(Shown(False).values, modified_at=NOW - timedelta(hours=1)))
    assert [one.reason for one in decision.memberships] == [Reason.BOX_TICKED]
    assert decision.launched == ()


def test_undoing_leaves_everything_as_it_was_and_nobody_has_decided() -> None:
    wrote = Record(Shown(True, "pending").values, previous=Shown(False, "confirmed").values, modified_at=NOW)
    decision = decided(CHECKED, Step.RETURN_DUE, Shown(True, "pending"), wrote)
    (one,) = decision.memberships
    assert (one.state, one.reason, one.decided_by, one.decided_at) == (
        State.CONFIRMED,
        Reason.LAUNCH_UNDONE,
        None,
        None,
    )
    assert one.version == 3 and undecided(one)
    assert decision.wanted == Shown(False, "confirmed"), "what stood there before the launch"


@pytest.mark.parametrize(
    "one",
    [
        replace(CHECKED, state=State.CONFIRMED, reason=Reason.BUTTON_CONFIRM),
        replace(CHECKED, reason=Reason.BUTTON_RECHECK),
        replace(CHECKED, state=State.REFUSED, reason=Reason.BUTTON_RECHECK),
    ],
    ids=["confirmed", "sent back", "refused"],
)
def test_undoing_stops_at_what_somebody_has_decided_since(one: Membership) -> None:
    box = one.state is State.PENDING
    assert decided(one, Step.RETURN_DUE, Shown(box, one.state.value)).launched == ()


def test_a_status_that_is_not_ours_stays() -> None:
    decision = decided(KNOWN, Step.RETURN_DUE, Shown(False, "pending"))
    assert decision.wanted == Shown(False, "pending")


def test_what_an_administrator_may_do_when() -> None:
    allowed = {phase: {act for act in Act if phase in ALLOWED[act]} for phase in Phase}
    assert allowed == {
        Phase.OPEN: {Act.CHOOSE, Act.START},
        Phase.RUNNING: {Act.PAUSE, Act.UNDO},
        Phase.PAUSED: {Act.RESUME, Act.UNDO},
        Phase.DONE: {Act.UNDO, Act.AGAIN},
        Phase.UNDOING: set(),
        Phase.UNDONE: {Act.AGAIN},
    }
