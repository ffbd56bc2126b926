"""What we last agreed with the portal about a card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

HELD_BACK = timedelta(minutes=10)  # what a portal did not store is not written again for so long


@dataclass(frozen=True, slots=True)
class Shown:
    """Our two fields as a card shows them; `status` is an option's code, empty for none."""

    check: bool = False
    status: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What we last agreed with the portal about one card, and what we were about to write.

    `previous`: what stood there before our last write. Where that is what the card went on showing, the portal said yes
    to `intended` and stored nothing.
    """

    settled: Shown
    previous: Shown | None = None
    intended: Shown | None = None
    written_at: datetime | None = None
    modified_at: datetime | None = None
    stale_seen: bool = False
    deleted: bool = False

    def held_back(self, observed: Shown, wanted: Shown, now: datetime) -> bool:
        """Whether this very write came to nothing a moment ago: the portal tells of it as of any other, and whoever
        answers by writing again does so for ever."""
        futile = self.intended == wanted and self.settled == self.previous == observed
        return futile and self.written_at is not None and now - self.written_at < HELD_BACK
