"""Which sections of a client app a membership opens: decided here only; API, webhooks and cards ask this file."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Section(StrEnum):
    """A part of a client app that a company may close to people it does not know yet."""

    CATALOGUE = "catalogue"
    CHAT = "chat"
    ORDERS = "orders"
    DOCUMENTS = "documents"
    LOYALTY = "loyalty"


class Access(StrEnum):
    """What a client app shows of a section."""

    OPEN = "open"
    BLOCKED = "blocked"


_OPEN: Mapping[str, frozenset[Section]] = MappingProxyType(
    {
        "confirmed": frozenset(Section),
        "pending": frozenset({Section.CATALOGUE, Section.CHAT}),
    }
)


def sections(state: str) -> Mapping[Section, Access]:
    """Sections of a membership in this state (domain.membership.State). Any other state sees the catalogue only."""
    open_ = _OPEN.get(state, frozenset({Section.CATALOGUE}))
    return {section: Access.OPEN if section in open_ else Access.BLOCKED for section in Section}
