"""What comes in from outside, before it means anything: a source, a name, a subject."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from b24app.domain.cards.facts import Topic


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
    """One inbox row to be: `name` is the portal event's name or ours, `user_id` who acted where it says so, `token`
    that person's own access token, which can prove it."""

    source: Source
    name: str
    subject: Topic
    user_id: int | None = None
    body: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A user whom a waiting row names as the one who acted.

    `row`: its id; `sure`: the portal said so in answer to a call of ours, which nobody can forge; `deletes`: what
    happened is a deletion.
    """

    user_id: int
    row: int = 0
    sure: bool = False
    deletes: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted. `doubted`: somebody was named, and nothing bears it out; `ask`: rows whose own token may."""

    user_id: int | None = None
    doubted: bool = False
    ask: tuple[int, ...] = ()


def actor(
    named: Sequence[Named],
    *,
    ours: Collection[int],
    editor: int | None,
    deleted: bool = False,
    proven: Collection[int] = (),
    written: bool = True,
) -> Actor:
    """Who acted, of those whom the waiting rows name, oldest first.

    An event proves nothing by itself, since its application token stands in every employee's browser: whom it names
    counts where `editor`, the card's last one since we looked, is the same, or the row is `proven` by its token.
    Our own writes come back as events of the admins whose tokens we hold (`ours`), so others go before these,
    unless the card was changed later than we have `written` it: then the admin's own hand came last. Where two
    people acted, nobody knows which of them did what counts. Of a card that is `deleted` only deletions tell.
    """
    told = [one for one in named if one.deletes] if deleted else named
    others = [one for one in told if one.user_id not in ours]
    if others and not deleted and not written and editor in ours:
        return Actor(doubted=True)
    pool = others or told
    sure = {one.user_id for one in pool if one.sure or one.user_id == editor or one.row in proven}
    ask = {one.user_id: one.row for one in pool if one.user_id not in sure}
    if not others and not deleted:
        ask = {}  # an echo of what we wrote proves nothing about the box
    found = next(iter(sure)) if len(sure) == 1 else None
    return Actor(found, doubted=found is None and bool(others or (deleted and told)), ask=tuple(ask.values()))
