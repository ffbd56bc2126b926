"""The policy: every section is there, none is open by chance, nobody answers for another room's."""

from __future__ import annotations

import pytest

from b24app.domain.policy import Access, Policy, Section, SectionRule


def always(state: str) -> Access:
    return Access.OPEN


def test_a_section_without_a_rule_is_blocked() -> None:
    sections = Policy([SectionRule(Section.CHAT, always)]).sections("confirmed")
    assert sections[Section.CHAT] is Access.OPEN
    assert {access for section, access in sections.items() if section is not Section.CHAT} == {Access.BLOCKED}
    assert list(sections) == list(Section)


def test_two_rules_for_one_section_are_refused() -> None:
    rules = [SectionRule(section, always) for section in (Section.CHAT, Section.ORDERS, Section.LOYALTY)]
    with pytest.raises(ValueError, match="chat, orders"):
        Policy([*rules, *rules[:2]])
