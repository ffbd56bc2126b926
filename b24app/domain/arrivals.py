"""What comes in from outside, before it means anything: a source, a name, a subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from b24app.domain.facts import Topic


class Source(StrEnum):
    """Who put the row into the inbox."""

    EVENT = "event"  # the portal told us
    OFFLINE = "offline"  # the portal kept it for us, and we fetched it
    BUTTON = "button"  # a person pressed one of ours
    RESCAN = "rescan"  # we looked, and the card had drifted
    IMPORT = "import"  # the first read found the card out of step
    RESTORE = "restore"  # an export file brought back what this card should show
    NEIGHBOUR = "neighbour"  # another card's journey changed something this card shows


@dataclass(frozen=True, slots=True)
class Arrival:
    """One inbox row to be: `name` is the portal event's name or ours, `user_id` who acted where that is known."""

    source: Source
    name: str
    subject: Topic
    user_id: int | None = None
    body: str = ""


def actor(users: Sequence[int], ours: frozenset[int]) -> int | None:
    """Who acted, of the users the waiting events name, oldest first.

    Our own writes come back as events of the admin whose token we hold, so the last user who is none of those wins;
    where only such users are named, an admin did it by hand.
    """
    named = [user for user in users if user not in ours] or users
    return named[-1] if named else None
