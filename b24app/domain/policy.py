"""What a person may see: each room says when its sections open, and everybody asks the one policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class SectionRule:
    """When a section is open. `rule(state)`: for a membership in this state (domain.verification.membership.State, or
    one that is not known yet)."""

    section: Section
    rule: Callable[[str], Access]


class Policy:
    """All rules together. A section without a rule is blocked."""

    def __init__(self, rules: Iterable[SectionRule]) -> None:
        """Raise ValueError where a section has two rules."""
        rows = tuple(rules)
        twice = sorted(section for section, count in Counter(row.section for row in rows).items() if count > 1)
        if twice:
            raise ValueError(f"sections with two rules: {', '.join(twice)}")
        self._rules = {row.section: row.rule for row in rows}

    def sections(self, state: str) -> Mapping[Section, Access]:
        """What a membership in this state opens: every section, in the order of `Section`."""
        return {section: self._rules.get(section, _blocked)(state) for section in Section}


def _blocked(state: str) -> Access:
    return Access.BLOCKED
