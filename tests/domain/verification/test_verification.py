"""What a moved box means, as a table of cases and two properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.cards.records import Record
from b24app.domain.verification.decision import STATED_FOR, Decision, Facts, decide, project
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
from b24app.domain.verification.shown import Shown

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERSON, FIRM, OTHER_FIRM = Subject(Kind.CONTACT, 7), Subject(Kind.COMPANY, 3), Subject(Kind.COMPANY, 4)
IDS = tuple(UUID(int=number) for number in range(100, 110))


def card(ticked: bool, status: str = "", links: tuple[int, ...] = (3,), subject: Subject = PERSON, by: int = 5) -> Card:
    return Card(subject, "Илья Соколов", Shown(ticked, status).values, links, by, NOW)


def member(state: State, company: int = 3, contact: int = 7, decided: bool = False, number: int = 1) -> Membership:
    at = NOW - timedelta(days=1) if decided else None
    return Membership(UUID(int=number), contact, company, state, Reason.KNOWN, decided_at=at, told_state=state)


def facts(shown: Card | None, *members: Membership, was: bool = False, **more: object) -> Facts:
    record = Record(Shown(was, "").values, modified_at=NOW - timedelta(hours=1))
    subject = shown.subject if shown else PERSON
    return Facts(subject, shown, record, members, ids=IDS, **more)  # type: ignore[arg-type]


def states(decision: Decision) -> list[State]:
    return [one.state for one in decision.memberships]


def test_ticking_puts_every_live_membership_back_to_checking() -> None:
    one, two = member(State.CONFIRMED), member(State.REFUSED, company=4, number=2)
    gone = member(State.LEFT, company=5, number=3)
    decision = decide(facts(card(True, links=(3, 4)), one, two, gone, event_user=9), NOW)
    assert states(decision) == [State.PENDING, State.PENDING]
    assert decision.memberships[0].decided_by == 9
    assert decision.memberships[0].decided_by_source is DecidedBySource.EVENT
    assert decision.wanted == Shown(True, "pending")
    assert decision.neighbours == {FIRM, OTHER_FIRM}


def test_unticking_approves_the_only_one_that_waits() -> None:
    waiting, fine = member(State.PENDING), member(State.CONFIRMED, company=4, number=2)
    decision = decide(facts(card(False, "pending", links=(3, 4)), waiting, fine, was=True), NOW)
    assert states(decision) == [State.CONFIRMED]
    assert decision.wanted == Shown(False, "confirmed")


def test_unticking_with_two_waiting_puts_the_box_back() -> None:
    members = member(State.PENDING), member(State.PENDING, company=4, number=2)
    decision = decide(facts(card(False, "pending", links=(3, 4)), *members, was=True), NOW)
    assert states(decision) == []
    assert decision.problem is BoxProblem.WHICH_ONE
    assert decision.wanted == Shown(True, "pending")


def test_our_own_write_coming_back_means_nothing() -> None:
    record = Record(Shown(False, "").values, intended=Shown(True, "pending").values)
    decision = decide(Facts(PERSON, card(True, "pending"), record, (member(State.PENDING),), ids=IDS), NOW)
    assert states(decision) == []
    assert decision.wanted == Shown(True, "pending")


def test_a_quiet_card_stays_quiet() -> None:
    assert project([member(State.CONFIRMED)], Shown()) == Shown()
    assert project([member(State.CONFIRMED, decided=True)], Shown()) == Shown(False, "confirmed")


def test_a_card_without_anybody_keeps_its_box() -> None:
    """A company ticked before anybody is linked: whoever comes next has to be checked."""
    decision = decide(facts(card(True, links=(), subject=FIRM)), NOW)
    assert decision.wanted == Shown(True, "")
    newcomer = decide(facts(card(False, links=(3,)), ticked=frozenset({3})), NOW)
    (joined,) = newcomer.memberships
    assert (joined.state, joined.told_state) == (State.PENDING, State.CONFIRMED)


def test_a_card_that_is_there_again_is_live_again() -> None:
    """A membership of a deleted card, or of one our admin could not see for a while."""
    back = decide(facts(card(False), member(State.SUSPENDED)), NOW)
    assert states(back) == [State.CONFIRMED]
    refused = decide(facts(card(False, "refused"), member(State.SUSPENDED)), NOW)
    assert states(refused) == [State.REFUSED]


@pytest.mark.parametrize(
    ("modified_by", "since", "source"), [(5, -1, "modified_by"), (5, 1, "unknown"), (0, -1, "unknown")]
)
def test_without_an_event_user_the_record_may_say_who(modified_by: int, since: int, source: str) -> None:
    """MODIFY_BY counts only when the record was modified since we last looked."""
    seen = Record(Shown().values, modified_at=NOW + timedelta(hours=since))
    decision = decide(Facts(PERSON, card(True, by=modified_by), seen, (member(State.CONFIRMED),), ids=IDS), NOW)
    assert decision.memberships[0].decided_by_source == source


def intent(action: Action, shown: bool, number: int = 1, minutes: int = 0, proven: bool = True) -> Intent:
    at = NOW - timedelta(minutes=minutes)
    return Intent(UUID(int=number + 50), UUID(int=number), action, 12, shown, "по договору", at, proven)


def test_a_button_names_the_membership_and_wins_over_the_bare_box() -> None:
    members = member(State.PENDING), member(State.PENDING, company=4, number=2)
    pressed = (intent(Action.CONFIRM, shown=True), intent(Action.CONFIRM, shown=False, number=2))
    both = decide(facts(card(False, "pending", links=(3, 4)), *members, was=True, intents=pressed), NOW)
    assert states(both) == [State.CONFIRMED, State.CONFIRMED]
    assert {one.note for one in both.memberships} == {"по договору"}
    assert {one.decided_by_source for one in both.memberships} == {DecidedBySource.BUTTON}
    first = decide(facts(card(True, "pending", links=(3, 4)), *members, was=True, intents=pressed), NOW)
    assert (states(first), first.applied) == ([State.CONFIRMED], (pressed[0].id,))


def test_a_box_that_a_button_is_just_moving_waits_for_the_button() -> None:
    """«Проверить снова» about one of two: the card shows the box before the portal has answered to the press."""
    members = member(State.CONFIRMED), member(State.CONFIRMED, company=4, number=2)
    shown = card(True, "pending", links=(3, 4))
    pressing = facts(shown, *members, intents=(intent(Action.RECHECK, shown=True, proven=False),))
    assert decide(pressing, NOW) == Decision(waits=True)
    given_up = facts(shown, *members, intents=(intent(Action.RECHECK, shown=True, proven=False, minutes=3),))
    assert states(decide(given_up, NOW)) == [State.PENDING, State.PENDING]
    elsewhere = facts(shown, *members, intents=(intent(Action.CONFIRM, shown=False, proven=False),))
    assert states(decide(elsewhere, NOW)) == [State.PENDING, State.PENDING]


def test_a_button_whose_write_never_showed_is_dropped_and_said_so() -> None:
    late = intent(Action.CONFIRM, shown=False, minutes=int(STATED_FOR.total_seconds() // 60) + 1)
    decision = decide(facts(card(True, "pending"), member(State.PENDING), was=True, intents=(late,)), NOW)
    assert (decision.dropped, decision.problem) == ((late.id,), BoxProblem.INTENT_NOT_SHOWN)


def test_links_make_and_end_memberships() -> None:
    alone = member(State.CONFIRMED, company=ALONE)
    joined = decide(facts(card(False, links=(3,)), alone), NOW)
    new, old = (next(one for one in joined.memberships if one.company_id == company) for company in (3, ALONE))
    assert (new.state, new.told_state) == (State.CONFIRMED, State.CONFIRMED)
    assert (old.state, old.newsworthy) == (State.LEFT, False)
    parted = decide(facts(card(False, links=()), member(State.CONFIRMED)), NOW)
    left = next(one for one in parted.memberships if one.company_id == 3)
    assert (left.state, left.newsworthy) == (State.LEFT, True)


def test_a_deleted_card_suspends_and_keeps() -> None:
    decision = decide(facts(None, member(State.CONFIRMED), member(State.LEFT, company=4, number=2)), NOW)
    assert decision.deleted
    assert states(decision) == [State.SUSPENDED]


@st.composite
def situations(draw: st.DrawFn) -> Facts:
    companies = draw(st.lists(st.integers(1, 6), unique=True, max_size=4))
    members = tuple(
        member(draw(st.sampled_from(list(State))), company, number=place)
        for place, company in enumerate(draw(st.lists(st.integers(0, 6), unique=True, max_size=5)), 1)
    )
    shown = card(draw(st.booleans()), draw(st.sampled_from(["", "pending", "confirmed", "refused"])), tuple(companies))
    return facts(shown, *members, was=draw(st.booleans()), event_user=draw(st.none() | st.integers(1, 9)))


@given(situations())
def test_deciding_again_on_what_was_decided_changes_nothing(before: Facts) -> None:
    once = decide(before, NOW)
    assert once.wanted and before.card
    after = {one.id: one for one in before.memberships} | {one.id: one for one in once.memberships}
    written = replace(before.card, values=once.wanted.values)
    again = decide(
        replace(before, card=written, record=Record(once.wanted.values), memberships=tuple(after.values())), NOW
    )
    assert (again.memberships, again.wanted) == ((), once.wanted)


@given(situations())
def test_the_box_is_ticked_exactly_while_somebody_waits(before: Facts) -> None:
    decision = decide(before, NOW)
    after = {one.id: one for one in before.memberships} | {one.id: one for one in decision.memberships}
    waits = any(one.state is State.PENDING for one in after.values())
    assert decision.wanted and (decision.wanted.check == waits or not any(one.live for one in after.values()))


def test_two_new_memberships_of_one_person_in_one_company_touch_each_other() -> None:
    """Each journey gives its own a fresh id: stored together they would meet in the database."""
    mine, theirs = (Decision(memberships=(member(State.CONFIRMED, number=number),)) for number in (1, 2))
    elsewhere = Decision(memberships=(member(State.CONFIRMED, company=4, number=3),))
    assert mine.touched & theirs.touched
    assert not mine.touched & elsewhere.touched
