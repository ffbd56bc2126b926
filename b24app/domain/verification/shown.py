"""Verification's two fields as a card shows them."""

from __future__ import annotations

from dataclasses import dataclass

from b24app.domain.cards.facts import Value, Values

CHECK, STATUS = "check", "status"
CODES = frozenset({CHECK, STATUS})


@dataclass(frozen=True, slots=True)
class Shown:
    """`check`: the box, ticked where a check is needed; `status`: an option's code, empty for none."""

    check: bool = False
    status: str = ""

    @property
    def values(self) -> dict[str, Value]:
        return {CHECK: self.check, STATUS: self.status}


def shown(values: Values) -> Shown:
    return Shown(bool(values.get(CHECK)), str(values.get(STATUS) or ""))
