"""When a chore is due next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from b24app.domain.work.clock import LONGEST, SOON, next_turn, night, try_again

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "began"), [(NOON, 30), (NOON.replace(hour=2), 30), (NOON.replace(hour=1), 29), (NOON.replace(hour=0), 29)]
)
def test_a_night_begins_once_a_day(now: datetime, began: int) -> None:
    assert night(now, 2) == datetime(2026, 11, began, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "turn"),
    [
        (NOON, datetime(2026, 12, 1, 2, 30, tzinfo=UTC)),
        (NOON.replace(hour=2), datetime(2026, 11, 30, 2, 30, tzinfo=UTC)),
        (NOON.replace(hour=2, minute=30), datetime(2026, 12, 1, 2, 30, tzinfo=UTC)),
        (NOON.replace(hour=1), datetime(2026, 11, 30, 2, 30, tzinfo=UTC)),
    ],
)
def test_a_turn_is_ahead_and_the_next_one(now: datetime, turn: datetime) -> None:
    assert next_turn(now, 2, timedelta(minutes=30)) == turn


def test_a_turn_of_yesterdays_night_may_still_come() -> None:
    late = datetime(2026, 11, 30, 1, tzinfo=UTC)
    assert next_turn(late, 23, timedelta(hours=3)) == datetime(2026, 11, 30, 2, tzinfo=UTC)


def test_a_portal_is_asked_again_in_a_minute_and_a_fault_of_ours_waits_longer_each_time() -> None:
    assert [try_again(tries, NOON, ours=False) - NOON for tries in (1, 9)] == [SOON, SOON]
    waits = [try_again(tries, NOON, ours=True) - NOON for tries in (*range(1, 9), 1000)]
    assert waits == sorted(waits) and (waits[0], waits[-1]) == (SOON, LONGEST)
