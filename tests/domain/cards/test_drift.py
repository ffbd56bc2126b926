"""What counts as drift, and from when on the next look has to look."""

from datetime import UTC, datetime, timedelta

import pytest

from b24app.domain.cards.drift import next_from

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest", "rested", "from_"),
    [
        (None, True, 0),  # nothing was seen: nothing is known of its clock
        (60, True, 55),  # five minutes of overlap
        (3, False, 0),  # looked twice in a row: the overlap stays
        (3, True, 3 + 1 / 60),  # seen by two looks: not a third time
        (-600, True, 0),  # older than what was asked for
    ],
)
def test_from_when_on_the_next_look_looks(newest: int | None, rested: bool, from_: float) -> None:
    since = NOW
    seen = None if newest is None else NOW + timedelta(minutes=newest)
    assert next_from(since, seen, rested=rested) == NOW + timedelta(minutes=from_)
