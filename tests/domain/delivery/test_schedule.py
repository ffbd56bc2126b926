"""When a webhook is tried again, and when not: tables and properties of the pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.domain.delivery import schedule
from b24app.domain.delivery.schedule import (
    Answer,
    Delivered,
    Exhausted,
    Failure,
    Retry,
    Schedule,
    Trigger,
    Unchanged,
    after,
    answer,
    hold_until,
    instantly_again,
    retry_after,
    wait,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
WAITS = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
SCHEDULE = Schedule(WAITS, jitter=0.1, slow=60.0)

chances = st.floats(0, 1, exclude_max=True)
asked = st.none() | st.floats(allow_nan=False, min_value=0, max_value=1e12)
failures = st.builds(answer, st.integers(300, 599), asked) | st.builds(
    Answer, st.none(), st.sampled_from(sorted(set(Failure) - {Failure.STATUS, Failure.REDIRECT}))
)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_success(status: int) -> None:
    assert after(answer(status), Trigger.SCHEDULED, 1, SCHEDULE, NOW, 0.5) == Delivered()


@pytest.mark.parametrize(("status", "failure"), [(302, Failure.REDIRECT), (404, Failure.STATUS), (500, Failure.STATUS)])
def test_anything_else_is_a_failure(status: int, failure: Failure) -> None:
    assert answer(status).failure is failure
    assert after(answer(status), Trigger.SCHEDULED, 1, SCHEDULE, NOW, 0) == Retry(NOW + timedelta(seconds=5))


@pytest.mark.parametrize(
    ("made", "base", "seconds"),
    [
        (answer(500), 5.0, 5.0),
        (answer(429), 5.0, 60.0),  # busy: at least a minute
        (Answer(None, Failure.TIMEOUT), 5.0, 60.0),
        (answer(429), 300.0, 300.0),
        (answer(503, 7.0), 5.0, 7.0),
        (answer(503, 0.5), 5.0, 5.0),  # never sooner than the schedule
        (answer(503, 604800.0), 5.0, 10.0),  # a receiver cannot stop its queue for a week
        (answer(429, 500.0), 300.0, 500.0),
        (answer(429, 7.0), 5.0, 60.0),
    ],
)
def test_the_wait_is_the_longest_of_slow_asked_and_base(made: Answer, base: float, seconds: float) -> None:
    assert wait(made, base, SCHEDULE, chance=0) == seconds


@given(failures, st.sampled_from(WAITS), chances)
def test_the_wait_stays_within_its_bounds(made: Answer, base: float, chance: float) -> None:
    seconds = wait(made, base, SCHEDULE, chance)
    assert base <= seconds <= max(60.0, 2 * base) * 1.1


@given(failures, st.integers(1, 10), chances)
def test_a_scheduled_failure_is_tried_again_until_the_schedule_ends(made: Answer, tries: int, chance: float) -> None:
    outcome = after(made, Trigger.SCHEDULED, tries, SCHEDULE, NOW, chance)
    if made.status == 410:
        assert outcome == Exhausted(gone=True)
    elif tries == 10:
        assert outcome == Exhausted()
    else:
        assert isinstance(outcome, Retry)
        assert outcome.at >= NOW + timedelta(seconds=WAITS[tries - 1])


@given(failures, st.integers(0, 10), chances)
def test_a_manual_failure_plans_nothing(made: Answer, tries: int, chance: float) -> None:
    assert after(made, Trigger.MANUAL, tries, SCHEDULE, NOW, chance) == Unchanged(made.status == 410)


def test_the_default_schedule_spans_75_hours() -> None:
    """Standard Webhooks, "Deliverability and reliability": 10 attempts over 75 h 35 m 05 s."""
    assert sum(WAITS) == timedelta(hours=75, minutes=35, seconds=5).total_seconds()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Sun, 22 Nov 2026 10:02:00 GMT", 120.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", None),
        ("Sun, 22 Nov 2026 10:02:00 -0000", None),  # a date without a zone says nothing
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2027 00:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=40))
def test_retry_after_never_raises(header: str) -> None:
    found = retry_after(header, NOW)
    assert found is None or 0 <= found < float("inf")


def test_only_a_quickly_failed_connection_is_tried_again_at_once() -> None:
    assert instantly_again(Answer(None, Failure.CONNECTION), 0.2, limit=1)
    assert not instantly_again(Answer(None, Failure.CONNECTION), 1.2, limit=1)
    assert not instantly_again(Answer(None, Failure.TIMEOUT), 0.2, limit=1)
    assert not instantly_again(answer(500), 0.2, limit=1)


@given(st.integers(0, 200), st.integers(-100, 100_000))
def test_later_news_waits_for_earlier_news_a_minute_at_most(age: int, due_in: int) -> None:
    created = NOW - timedelta(seconds=age)
    until = hold_until(created, NOW + timedelta(seconds=due_in), NOW)
    if age >= 60:
        assert until is None
    else:
        assert until is not None
        assert NOW < until <= created + schedule.ORDER_BOUND
