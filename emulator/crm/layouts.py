"""Saved layouts of cards: which sections and fields a person sees.

Pages: api-reference/crm/universal/item-details-configuration/*; checks: crm/lib/entity/entityeditorconfig.php.
"""

from dataclasses import dataclass
from typing import Any

COMMON, PERSONAL = "C", "P"


@dataclass(frozen=True, slots=True)
class Variant:
    """One card: entityTypeId, and the pipeline of a deal or the kind of a lead (1 simple, 2 repeat)."""

    type_id: int
    extra: int = 0


class LayoutError(ValueError):
    """Data that `set` refuses, in the portal's words."""


class Layouts:
    """Saved layouts by (variant, scope, user); user 0 for the common one."""

    def __init__(self) -> None:
        self._saved: dict[tuple[Variant, str, int], list[dict[str, Any]]] = {}

    def get(self, variant: Variant, scope: str, user: int) -> list[dict[str, Any]] | None:
        """Saved sections, None if nothing was ever saved (the built-in layout is not readable)."""
        return self._saved.get(_key(variant, scope, user))

    def shown(self, variant: Variant, user: int) -> list[dict[str, Any]] | None:
        """What this person's card uses: the personal layout if there is one, else the common."""
        return self.get(variant, PERSONAL, user) or self.get(variant, COMMON, 0)

    def set(self, variant: Variant, scope: str, user: int, data: Any) -> None:
        """Replace a layout. Raises LayoutError. Field names are not checked."""
        self._saved[_key(variant, scope, user)] = [_section(row, i) for i, row in enumerate(_rows(data))]

    def reset(self, variant: Variant, scope: str, user: int) -> None:
        """Forget a layout; quiet if there is none."""
        self._saved.pop(_key(variant, scope, user), None)

    def force_common(self, variant: Variant) -> None:
        """Forget every personal layout of a card."""
        for key in [key for key in self._saved if key[0] == variant and key[1] == PERSONAL]:
            del self._saved[key]


def _key(variant: Variant, scope: str, user: int) -> tuple[Variant, str, int]:
    return (variant, COMMON, 0) if scope == COMMON else (variant, PERSONAL, user)


def _rows(data: Any) -> list[Any]:
    if isinstance(data, dict) and data:
        if set(data) != {str(i) for i in range(len(data))}:
            raise LayoutError("The data must be indexed array.")
        data = list(data.values())
    if not isinstance(data, list) and data != {}:
        raise LayoutError("Parameter 'data' must be array.")
    if not data:
        raise LayoutError("There are no data to write.")
    return list(data)


def _section(row: Any, index: int) -> dict[str, Any]:
    where = f"Section at index {index}"
    if not isinstance(row, dict):
        raise LayoutError(f"{where} has type '{type(row).__name__}'. The expected type is 'array'.")
    if not row.get("name"):
        raise LayoutError(f"{where} does not have name.")
    if not row.get("title"):
        raise LayoutError(f"{where} does not have title.")
    if row.get("type", "section") != "section":
        raise LayoutError(f"{where} has type '{row['type']}'. The expected type is 'section'.")
    elements = row.get("elements") or []
    rows = list(elements.values()) if isinstance(elements, dict) else elements
    made = [_element(item, i, where) for i, item in enumerate(rows)]
    return {"name": str(row["name"]), "title": str(row["title"]), "type": "section", "elements": made}


def _element(item: Any, index: int, where: str) -> dict[str, Any]:
    name = item.get("name") if isinstance(item, dict) else None
    if not name:
        raise LayoutError(f"Element at index {index} in {where[0].lower()}{where[1:]} does not have name.")
    made: dict[str, Any] = {"name": str(name)}
    if "optionFlags" in item:
        made["optionFlags"] = str(item["optionFlags"])
    if item.get("options"):
        made["options"] = item["options"]
    return made
