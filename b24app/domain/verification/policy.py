"""Which sections a membership opens by its state. Whoever wants to know asks `b24app.domain.policy`."""

from __future__ import annotations

from collections.abc import Callable

from b24app.domain.policy import Access, Section, SectionRule
from b24app.domain.verification.membership import State


def _always(state: str) -> Access:
    return Access.OPEN


def _open_in(*states: State) -> Callable[[str], Access]:
    return lambda state: Access.OPEN if state in states else Access.BLOCKED


ACCESS = (
    SectionRule(Section.CATALOGUE, _always),
    SectionRule(Section.CHAT, _open_in(State.CONFIRMED, State.PENDING, State.CHECKING)),
    SectionRule(Section.ORDERS, _open_in(State.CONFIRMED)),
    SectionRule(Section.DOCUMENTS, _open_in(State.CONFIRMED)),
    SectionRule(Section.LOYALTY, _open_in(State.CONFIRMED)),
)
