"""An installation: the states a portal goes through, and the difference between what should be there and what is."""

from __future__ import annotations

from collections.abc import Iterable
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
