"""When the weekly export goes, and what follows a try that failed. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

WEEK = timedelta(days=7)


def next_week(begun: datetime, now: datetime) -> datetime:
    """The first moment after `now` that is whole weeks after `begun`: the same day and hour, however late this one
    was."""
    return begun + ((now - begun) // WEEK + 1) * WEEK


def next_try(tries: int, waits: tuple[float, ...], begun: datetime, now: datetime) -> datetime | None:
    """When to try the same file again after its `tries`-th failed try (from 1); None: no more before next week."""
    if tries > len(waits):
        return None
    at = now + timedelta(seconds=waits[tries - 1])
    return at if at < next_week(begun, now) else None
