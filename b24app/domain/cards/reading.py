"""How long the first read of a portal will take yet, from the pace it is going at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

TELLING = 5.0  # seconds a stretch must last before its pace is believed: the first requests ask for little
SILENT = timedelta(minutes=2)  # nothing new for longer than this: people are told so


def pace_of(rows: int, seconds: float, before: float | None) -> float | None:
    """Rows a second of this stretch, or the pace before it while it is too short to tell."""
    if seconds < TELLING and before is not None:
        return before
    return rows / seconds if seconds > 0 else before


def time_left(parts: Iterable[tuple[int, int | None]], pace: float | None) -> timedelta | None:
    """For `parts` of (read, total) at `pace` rows a second; None where a total or the pace is unknown."""
    rest = 0
    for read, total in parts:
        if total is None:
            return None
        rest += max(total - read, 0)
    return timedelta(seconds=rest / pace) if pace else None
