"""Drift: what the portal shows otherwise than we know it, found by looking and not told by an event. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from b24app.domain.cards.facts import Card
from b24app.domain.cards.records import Known

ON_ITS_WAY = timedelta(minutes=1)
"""A card changed so lately has an event under way: it is looked at, but counts as no drift."""


OVERLAP = timedelta(minutes=5)
"""Of two looks at what was changed: a change becomes visible after its own date."""


def next_from(since: datetime, newest: datetime | None, *, rested: bool) -> datetime:
    """From when on the next look has to look, all by the portal's clock, whose dates are whole seconds.

    `since`: from when on this one looked; `newest`: the newest change it saw; `rested`: the look before it was
    `OVERLAP` ago or longer. What two looks that far apart have seen alike is not looked at a third time, or thousands
    of cards changed at once, and nothing after them, would be read for ever.
    """
    if newest is None:
        return since
    if newest - OVERLAP > since:
        return newest - OVERLAP
    return max(since, newest + timedelta(seconds=1)) if rested else since


class Scope(StrEnum):
    """What one look compares."""

    RECENT = "recent"  # cards modified since the last look
    PEOPLE = "people"  # people decided about within a day: their links show in no date
    ALL = "all"  # every card there is


class ScanTrigger(StrEnum):
    """Why a look was made."""

    CLOCK = "clock"
    BUTTON = "button"
    SWITCH = "switch"  # a rule that was off is on again
    OUTAGE = "outage"  # nobody could look for longer than usual


class Drift(StrEnum):
    """How a card differs from what we know of it."""

    FIELDS = "fields"  # one that we write, or that a rule goes by
    LINK = "link"
    DELETED = "gone"
    NEW = "new"
    RESTORED = "restored"  # it was gone
    REQUISITE = "requisite"  # one that hangs on it: new, changed, moved or gone


def drift_of(
    card: Card, known: Known | None, codes: Collection[str], facts: Collection[str] = frozenset()
) -> Drift | None:
    """How this card differs from what we know of it: in these codes, these facts or in its links. An echo of our own
    write is none, nor a fact that we have never seen."""
    if known is None:
        return Drift.NEW
    record = known.record
    if record.deleted:
        return Drift.RESTORED
    for code in codes:
        agreed = record.settled.get(code)
        if code in card.values and card.values[code] not in (agreed, record.intended.get(code, agreed)):
            return Drift.FIELDS
    if any(name in card.facts and known.facts.get(name, card.facts[name]) != card.facts[name] for name in facts):
        return Drift.FIELDS
    return Drift.LINK if set(card.links) != set(known.links) else None
