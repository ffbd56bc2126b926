"""Who goes on for a card that is gone, and what becomes of its memberships: tables of cases and a property."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.cards.records import Record
from b24app.domain.cards.succession import Trace, same_name, successor
from b24app.domain.verification.decision import Facts, decide
from b24app.domain.verification.membership import ALONE, DecidedBySource, Membership, Reason, State
from b24app.domain.verification.membership_changes import MembershipChanges
from b24app.domain.verification.shown import Shown
from b24app.domain.verification.succession import (
    OPENNESS,
    Predecessor,
    stricter,
    take_over,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOBODY = (None, DecidedBySource.UNKNOWN)
OLD, NEW, OTHER = Subject(Kind.CONTACT, 5), Subject(Kind.CONTACT, 8), Subject(Kind.CONTACT, 9)
OLD_FIRM, NEW_FIRM, OTHER_FIRM = Subject(Kind.COMPANY, 7), Subject(Kind.COMPANY, 3), Subject(Kind.COMPANY, 4)
CONFIRMED, PENDING, REFUSED, LEFT, SUSPENDED = (
    State.CONFIRMED,
    State.PENDING,
    State.REFUSED,
    State.LEFT,
    State.SUSPENDED,
)
numbers = count(1)


def member(contact: int, company: int, state: State, held: State | None = None) -> Membership:
    return Membership(
        UUID(int=next(numbers)), contact, company, state, Reason.KNOWN, told_state=state, held=held, version=3
    )


@pytest.mark.parametrize(
    ("traces", "found"),
    [
        ([], None),
        ([Trace(NEW)], None),
        ([Trace(NEW, marked=True), Trace(OTHER, took=True, named=True)], NEW),
        ([Trace(NEW, marked=True), Trace(OTHER, marked=True)], None),
        ([Trace(NEW, marked=True), Trace(OTHER, holds=True)], NEW),
        ([Trace(NEW, holds=True)], NEW),  # nobody moves a requisite by hand
        ([Trace(NEW_FIRM, holds=True), Trace(OTHER_FIRM, took=True)], NEW_FIRM),
        ([Trace(NEW_FIRM, holds=True), Trace(OTHER_FIRM, holds=True)], None),
        ([Trace(NEW_FIRM, holds=True, took=True), Trace(OTHER_FIRM, holds=True)], None),
        ([Trace(NEW, took=True)], None),  # another person in the same company now: no proof for a contact
        ([Trace(NEW, took=True, named=True)], NEW),
        ([Trace(NEW, took=True, named=True), Trace(OTHER, took=True, named=True)], None),
        ([Trace(NEW_FIRM, took=True)], NEW_FIRM),
        ([Trace(NEW_FIRM, took=True), Trace(OTHER_FIRM, took=True)], None),
    ],
)
def test_only_one_plain_trace_tells_who_goes_on(traces: list[Trace], found: Subject | None) -> None:
    assert successor(traces) == found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Илья Соколов", "илья соколов", True),
        ("Илья", "Илья Соколов", True),
        ("Илья Соколов", "Вера Соколова", False),
        ("", "Илья", False),
        ("", "", False),
    ],
)
def test_names_that_a_merge_may_have_made_one_of(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same_name(other, one) is same


def taken_over(
    gone: list[Membership], own: list[Membership], to: Subject = NEW, linked: bool = True
) -> MembershipChanges:
    changes = MembershipChanges(NOW, {one.id: one for one in own}, {one.id: one for one in own})
    take_over(changes, to, Predecessor(OLD, False, tuple(gone)), linked=linked, reason=Reason.MERGED, by=NOBODY)
    return changes


@pytest.mark.parametrize("theirs", [CONFIRMED, PENDING, REFUSED])
def test_what_only_the_gone_card_had_moves_as_it_stood(theirs: State) -> None:
    gone = member(5, 3, theirs)
    changes = taken_over([gone], [])
    (one,) = changes.after.values()
    assert (one.id, one.key, one.state, one.version, one.told_version) == (gone.id, (8, 3), theirs, 4, 4)
    assert changes.changed() == ()


@pytest.mark.parametrize(
    ("theirs", "own", "after"),
    [
        (CONFIRMED, CONFIRMED, CONFIRMED),
        (PENDING, CONFIRMED, PENDING),
        (CONFIRMED, PENDING, PENDING),
        (REFUSED, CONFIRMED, REFUSED),
        (CONFIRMED, REFUSED, REFUSED),
        (REFUSED, PENDING, REFUSED),
        (CONFIRMED, LEFT, CONFIRMED),  # the merged card is linked again
        (PENDING, LEFT, PENDING),
    ],
)
def test_where_both_had_one_it_stays_with_the_living_card_and_opens_no_more(
    theirs: State, own: State, after: State
) -> None:
    gone, kept = member(5, 3, theirs), member(8, 3, own)
    changes = taken_over([gone], [kept])
    assert changes.after[kept.id].state is after
    assert (changes.after[gone.id].state, changes.after[gone.id].reason) == (LEFT, Reason.MERGED)


@pytest.mark.parametrize(("held", "after"), [(CONFIRMED, CONFIRMED), (REFUSED, REFUSED), (None, PENDING)])
def test_a_suspended_one_is_again_what_it_was(held: State | None, after: State) -> None:
    changes = taken_over([member(5, 3, SUSPENDED, held)], [])
    (one,) = changes.after.values()
    assert (one.key, one.state, one.held, one.version) == ((8, 3), after, None, 5)


def test_one_that_has_ended_stays_where_it_ended() -> None:
    assert taken_over([member(5, 3, LEFT)], []).after == {}


@pytest.mark.parametrize(("alone", "after"), [(CONFIRMED, CONFIRMED), (PENDING, PENDING), (REFUSED, REFUSED)])
def test_who_waited_on_their_own_does_not_slip_into_a_company(alone: State, after: State) -> None:
    gone, kept = member(5, ALONE, alone), member(8, 3, CONFIRMED)
    changes = taken_over([gone], [kept])
    assert changes.after[kept.id].state is after
    assert not changes.after[gone.id].live
    other_way_round = taken_over([member(5, 3, CONFIRMED)], [member(8, ALONE, alone)])
    assert {one.state for one in other_way_round.live() if one.company_id} == {after}


def test_two_private_persons_are_one() -> None:
    changes = taken_over([member(5, ALONE, PENDING)], [member(8, ALONE, CONFIRMED)], linked=False)
    assert [(one.key, one.state) for one in changes.live()] == [((8, ALONE), PENDING)]


def test_a_company_takes_over_the_people() -> None:
    changes = taken_over([member(11, 7, PENDING), member(12, 7, CONFIRMED)], [member(12, 3, PENDING)], to=NEW_FIRM)
    assert sorted((one.key, one.state) for one in changes.live()) == [((11, 3), PENDING), ((12, 3), PENDING)]


standings = st.sampled_from([CONFIRMED, PENDING, REFUSED, LEFT, SUSPENDED])
belongings = st.dictionaries(st.sampled_from([ALONE, 3, 4]), standings, max_size=3)


@given(belongings, belongings)
def test_a_merge_never_opens_what_either_card_kept_closed(theirs: dict[int, State], own: dict[int, State]) -> None:
    gone = [member(5, company, state, CONFIRMED) for company, state in theirs.items()]
    kept = [member(8, company, state, CONFIRMED) for company, state in own.items()]
    changes = taken_over(gone, kept)
    keys = [one.key for one in changes.live()]
    assert len(keys) == len(set(keys)), "one membership per person and company"
    for one in changes.live():
        if one.contact_id == 8 and one.id not in {each.id for each in kept if each.state in (LEFT, SUSPENDED)}:
            both = [each for each in (*gone, *kept) if each.company_id == one.company_id]
            ceiling = stricter(*(each.effective_state for each in both if each.effective_state))
            assert OPENNESS.index(one.state) <= OPENNESS.index(ceiling)


def card(subject: Subject, ticked: bool, links: tuple[int, ...], status: str = "") -> Card:
    return Card(subject, "ООО «Кран»", Shown(ticked, status).values, links, 5, NOW)


@pytest.mark.parametrize("box", [True, False])
def test_a_box_that_a_merge_moved_decides_nothing(box: bool) -> None:
    waiting, confirmed = member(11, 7, PENDING if box else CONFIRMED), member(12, 3, CONFIRMED)
    record = Record(Shown(not box, "").values, modified_at=NOW - timedelta(hours=1))
    facts = Facts(
        NEW_FIRM,
        card(NEW_FIRM, box, (11, 12)),
        record,
        (confirmed,),
        predecessors=(Predecessor(OLD_FIRM, box, (waiting,)),),
    )
    decision = decide(facts, NOW)
    assert decision.memberships == ()
    assert [one.after.key for one in decision.moves] == [(11, 3)]
    assert decision.wanted and decision.wanted.check is box


def test_a_card_somebody_goes_on_for_suspends_nobody() -> None:
    facts = Facts(OLD_FIRM, None, Record(Shown().values), (member(11, 7, CONFIRMED),), successor=NEW_FIRM)
    decision = decide(facts, NOW)
    assert decision.memberships == ()
    assert decision.deleted


def test_a_deletion_is_final_after_thirty_days() -> None:
    one = member(11, 7, SUSPENDED, CONFIRMED)
    for days, expected in ((29, []), (30, [(LEFT, Reason.EXPIRED)])):
        gone = Membership(
            **{name: getattr(one, name) for name in one.__slots__} | {"decided_at": NOW - timedelta(days)}
        )
        decision = decide(Facts(OLD_FIRM, None, Record(Shown().values, deleted=True), (gone,)), NOW)
        assert [(each.state, each.reason) for each in decision.memberships] == expected
