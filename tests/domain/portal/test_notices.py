"""When a notice is sent, and when it waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from b24app.domain.portal.notices import CALM, LONGEST, Told, due, plain, quiet_until

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "day", "until"),
    [(12, 30, None), (19, 30, None), (20, 30, 1), (23, 30, 1), (0, 30, 30), (7, 30, 30), (8, 30, None)],
)
def test_quiet_hours_go_over_midnight(hour: int, day: int, until: int | None) -> None:
    there = NOON.replace(hour=hour, day=day, minute=59 if hour in (19, 7) else 0)
    morning = quiet_until(there, 20, 8)
    assert morning == (None if until is None else datetime(2026, 11 if until == 30 else 12, until, 8, tzinfo=UTC))


@pytest.mark.parametrize(("hour", "quiet"), [(12, False), (13, True), (14, True), (15, False)])
def test_quiet_hours_may_lie_within_a_day(hour: int, quiet: bool) -> None:
    morning = quiet_until(NOON.replace(hour=hour), 13, 15)
    assert morning == (NOON.replace(hour=15) if quiet else None)


def test_equal_hours_are_none() -> None:
    assert quiet_until(NOON, 12, 12) is None


@pytest.mark.parametrize(
    ("about", "said", "wait"),
    [
        ("a", "", timedelta()),
        ("ab", "a", timedelta()),
        ("b", "a", timedelta()),
        ("a", "ab", CALM),
        ("", "ab", timedelta()),
    ],
)
def test_what_tells_of_nothing_new_takes_its_time(about: str, said: str, wait: timedelta) -> None:
    assert due(about, said, NOON) == NOON + wait


def test_a_notice_is_sent_where_it_tells_of_something_else() -> None:
    assert Told("case", 1, ("a",)).to_send and Told("case", 1, ("a",), ("a", "b")).to_send
    assert not Told("case", 1, ("a", "b"), ("b", "a")).to_send and not Told("case", 1, (), ("a",)).to_send
    assert Told("case", 1, (), ("a",)).to_take_back and not Told("case", 1).to_take_back


def test_texts_hold_no_markup_and_one_line() -> None:
    assert plain("[URL=x]A[/URL]\r\n  b#BR#c") == "(URL=x)A(/URL) b c"
    assert len(plain("a" * 1000)) == LONGEST
