"""How a portal answers what we ask of it, as the check of the connection found it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NEAR = 60
"""Seconds that the clocks of two machines may differ by."""


class DateFilter(StrEnum):
    """What a portal makes of a filter by the moment of change; `digits`: it compares them, whatever their zone."""

    KEPT = "kept"
    DIGITS = "digits"
    NOTHING = "nothing"
    EVERYTHING = "everything"
    UNSEEN = "unseen"


class Operating(StrEnum):
    """Whether answers tell how long a method has worked."""

    COUNTED = "counted"
    ZERO = "zero"
    ABSENT = "absent"


class Oddity(StrEnum):
    """What is otherwise than documented, and what the app lives with."""

    DATES_DIGITS = "dates_digits"
    DATES_NOTHING = "dates_nothing"
    DATES_EVERYTHING = "dates_everything"
    EMPTY_DROPPED = "empty_dropped"


@dataclass(frozen=True, slots=True)
class Ways:
    """`cards`: whether there were any to look at; `lacking`: fields of our selects that no card came with, as
    "fields:contact.updatedTime"; `failed`: the code of an answer that could not be believed; `ahead`: seconds of the
    portal's clock before ours, None where it does not tell; `operating`: None likewise."""

    cards: bool
    lacking: tuple[str, ...] = ()
    failed: str = ""
    odd: tuple[Oddity, ...] = ()
    ahead: int | None = None
    operating: Operating | None = None


DATES = {
    DateFilter.DIGITS: Oddity.DATES_DIGITS,
    DateFilter.NOTHING: Oddity.DATES_NOTHING,
    DateFilter.EVERYTHING: Oddity.DATES_EVERYTHING,
}


def oddities(dates: DateFilter, *, drops_empty: bool) -> tuple[Oddity, ...]:
    return (*([DATES[dates]] if dates in DATES else ()), *([Oddity.EMPTY_DROPPED] if drops_empty else ()))
