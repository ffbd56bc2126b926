"""What an old box does not have yet: methods and parameters that came to the portal later.

Dates from the documentation's whats-new.md and the pages' own notes (api-reference/crm/universal/index.md: CRM 25.0.0).
A parameter it does not know an old portal passes over in silence, which is what a careful app must survive.
"""

from typing import Any

from emulator.crm.filters import parse_key
from emulator.errors import RestError

ITEM = ("add", "get", "list", "update", "fields")
LATER_PARAMETERS: dict[str, tuple[str, ...]] = {
    **{f"crm.item.{name}": ("useOriginalUfNames",) for name in ITEM},  # 19 March 2025
}
LATER_METHODS = frozenset({"crm.timeline.item.pin", "crm.timeline.item.unpin"})  # 26 February 2025
LATER_FILTERS: dict[str, tuple[str, ...]] = {"crm.item.list": ("contactIds",)}  # 26 March 2025
LATER_FIELDS: dict[str, tuple[str, ...]] = {
    "crm.item.add": ("fm",),  # January 2025
    "crm.item.update": ("fm",),
}


def known(method: str) -> bool:
    """Whether an old box has the method at all."""
    return method.casefold() not in LATER_METHODS


def as_understood(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that an old box takes in; later fields inside `fields` fall away with them. Raises RestError
    INVALID_ARG_VALUE for a filter it cannot do."""
    for key in params["filter"] if isinstance(params.get("filter"), dict) else ():
        if (name := parse_key(str(key))[1]) in LATER_FILTERS.get(method, ()):
            text = f"Invalid filter: field '{name}' is not allowed in filter"
            raise RestError(400, "INVALID_ARG_VALUE", text)
    later, fields = LATER_PARAMETERS.get(method, ()), params.get("fields")
    kept = {name: value for name, value in params.items() if name not in later}
    if isinstance(fields, dict) and method in LATER_FIELDS:
        kept["fields"] = {name: value for name, value in fields.items() if name not in LATER_FIELDS[method]}
    return kept
