"""Which number a card has. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from b24app.domain.cards.facts import Subject

STAMP = "stamp"
"""The code of the field."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """`version`: 0 while it is only reserved; `told`: the version that client apps know of; `shadow`: taken by a rule
    that only watched; `lead_id`: the lead that it was given to first, of a deal that was made of one."""

    subject: Subject
    number: int
    version: int = 0
    told: int | None = None
    shadow: bool = False
    lead_id: int | None = None


@dataclass(frozen=True, slots=True)
class StampPlan:
    """`keep`: the card has this number from now on; `drop`: rows that go, of it or of cards it goes on for."""

    keep: Stamp
    drop: tuple[Stamp, ...] = ()


def plan(subject: Subject, own: Stamp | None, before: Sequence[Stamp], lead_id: int | None = None) -> StampPlan | None:
    """Of several numbers the lower one stays. None where nothing changes. `before`: of cards that it goes on for, and
    of the lead it was made of."""
    every = [stamp for stamp in (own, *before) if stamp]
    if not every:
        return None
    lowest = min(every, key=lambda stamp: stamp.number)
    if lowest == own and own.version and not before:
        return None
    version = max(stamp.version for stamp in every) + 1
    told = max((stamp.told for stamp in every if stamp.told is not None), default=None)
    leads = (stamp.lead_id for stamp in every if stamp.lead_id)
    keep = Stamp(subject, lowest.number, version, told, lowest.shadow, next(leads, lead_id))
    return StampPlan(keep, tuple(every))
