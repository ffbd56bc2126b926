"""An installation: the states a portal goes through, the difference between what should be there and what is, and when
it is over."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class PortalState(StrEnum):
    """Only an `active` portal is worked for; the others keep their rows until something changes."""

    INSTALLING = "installing"
    ACTIVE = "active"
    NEEDS_ADMIN = "needs_admin"  # no stored token works: the next admin who opens the app mends it
    UNPAID = "unpaid"
    REMOVED = "removed"


def missing(wanted: Iterable[T], present: Iterable[T]) -> list[T]:
    """What has to be added, in the order wanted. Set-up, upgrade and repair are this one difference."""
    there = set(present)
    return [one for one in wanted if one not in there]


ERASED_AFTER = timedelta(days=1)  # of a removal that asks for it: time to call it off
UNPROVEN_FOR = timedelta(days=30)  # what a removal is kept for that nothing bears out
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=1)


class Word(StrEnum):
    """What the auth server says of a stored token pair."""

    WORKS = "works"
    REFUSED = "refused"
    SILENT = "silent"  # it could not be asked, or somebody else is refreshing the pair


class Verdict(StrEnum):
    """What there is to an event that says the app was removed."""

    INSTALLED = "installed"
    REMOVED = "removed"
    ASK_AGAIN = "ask_again"
    UNPROVEN = "unproven"  # no token was left that the removal could have ended


def verdict(words: Collection[Word]) -> Verdict:
    """Of the pairs that worked before the event. The portal ends all of them at once: where one works, the app is
    installed."""
    if Word.WORKS in words:
        return Verdict.INSTALLED
    if Word.SILENT in words:
        return Verdict.ASK_AGAIN
    return Verdict.REMOVED if words else Verdict.UNPROVEN


def ask_again_at(since: datetime, now: datetime) -> datetime:
    """When to ask the auth server next, which could not be asked since then: each wait as long as all before it."""
    return now + min(max(now - since, FIRST_WAIT), LONGEST_WAIT)


def erasable_at(
    state: PortalState,
    removed_at: datetime | None,
    with_data: bool,
    said_at: datetime | None,
    due_at: datetime | None,
    kept: timedelta,
) -> datetime | None:
    """When the rows of a portal have been kept long enough, None while nothing says that they need not be kept.

    A removal that asked for it, one that did not (`kept`), and one that nothing bore out and no administrator called
    off: said at `said_at`, and the auth server is not asked about it again (`due_at`).
    """
    if state is PortalState.REMOVED:
        return removed_at + min(ERASED_AFTER, kept) if with_data and removed_at else removed_at and removed_at + kept
    if state is PortalState.ACTIVE or said_at is None or due_at is not None:
        return None
    return said_at + UNPROVEN_FOR
