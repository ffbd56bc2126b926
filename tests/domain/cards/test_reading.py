"""How long a first read will take yet."""

from __future__ import annotations

from datetime import timedelta

import pytest

from b24app.domain.cards.reading import pace_of, time_left


@pytest.mark.parametrize(
    ("rows", "seconds", "before", "pace"),
    [
        (50, 0.5, None, 100.0),  # better than nothing
        (50, 0.5, 400.0, 400.0),  # too short to be believed
        (5000, 10.0, 400.0, 500.0),
        (0, 0.0, None, None),
    ],
)
def test_pace(rows: int, seconds: float, before: float | None, pace: float | None) -> None:
    assert pace_of(rows, seconds, before) == pace


def test_time_left() -> None:
    assert time_left([(84_200, 200_000), (0, 4_200)], 500.0) == timedelta(seconds=240)
    assert time_left([(210, 200)], 10.0) == timedelta()  # more cards came than were counted
    assert time_left([(84_200, 200_000)], None) is None
    assert time_left([(84_200, None)], 500.0) is None
