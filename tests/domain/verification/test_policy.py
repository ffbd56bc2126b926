"""Which sections a membership opens."""

from __future__ import annotations

import pytest

from b24app.domain.policy import Access, Policy, Section
from b24app.domain.verification.membership import State
from b24app.domain.verification.policy import ACCESS


@pytest.mark.parametrize(
    ("state", "open_"),
    [
        ("confirmed", set(Section)),
        ("pending", {Section.CATALOGUE, Section.CHAT}),
        ("checking", {Section.CATALOGUE, Section.CHAT}),
        ("refused", {Section.CATALOGUE}),
        ("left", {Section.CATALOGUE}),
        ("suspended", {Section.CATALOGUE}),
        ("something new", {Section.CATALOGUE}),
    ],
)
def test_sections_open_by_state(state: str, open_: set[Section]) -> None:
    assert {name for name, access in Policy(ACCESS).sections(state).items() if access is Access.OPEN} == open_


def test_every_state_is_decided() -> None:
    assert {str(state) for state in State} == {"confirmed", "pending", "checking", "refused", "left", "suspended"}
