"""How many subjects are carried at a time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

INTERACTIVE = 200  # subjects of a slice that people wait for
FIRST, SMALLEST, LARGEST = 500, 10, 1900
"""Of the bulk lane: a read nearly fills a request, and if one in twenty has to be written, writes and their read-back
fill two."""
LONGEST = 2.0  # seconds that news for a subject of a bulk slice waits for it; slices grow and shrink with it


def next_size(size: int, took: float) -> int:
    """Subjects of the next bulk slice, so that it lasts `LONGEST` seconds: at most twice as many as before."""
    fitting = size * min(LONGEST / took, 2.0) if took else size * 2
    return max(SMALLEST, min(int(fitting), LARGEST))


def halves(claims: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """One bad subject must not keep its neighbours waiting."""
    middle = len(claims) // 2
    return claims[:middle], claims[middle:]
