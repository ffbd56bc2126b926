"""Filter and order of crm.item.list: camelCase names, nested groups, refusals instead of silence.

Page: api-reference/crm/universal/crm-item-list.md.
"""

from typing import TYPE_CHECKING, Any

from emulator.crm import legacy
from emulator.crm.dates import parse_datetime
from emulator.crm.entities import Entity
from emulator.crm.fields import EXTRA
from emulator.crm.filters import Condition, Group, parse_key
from emulator.crm.heeding import heeded
from emulator.crm.items import ItemError, names_of
from emulator.crm.names import upper

if TYPE_CHECKING:
    from emulator.crm.store import Crm


def where(crm: "Crm", entity: Entity, given: Any, *, original: bool = False) -> Group:
    """A filter with nested groups and `logic`. Raises ItemError INVALID_ARG_VALUE for what cannot be filtered."""
    rows = dict(enumerate(given)) if isinstance(given, list) else given if isinstance(given, dict) else {}
    names = names_of(crm, entity, original=original)
    parts: list[Condition | Group] = []
    for key, value in rows.items():
        if str(key).isdigit():
            parts.append(where(crm, entity, value, original=original))
        elif key != "logic":
            parts += _condition(crm, entity, names, str(key), value)
    return Group(tuple(parts), any=str(rows.get("logic", "")).upper() == "OR")


def _condition(
    crm: "Crm", entity: Entity, names: dict[str, str], key: str, value: Any
) -> tuple[Condition | Group, ...]:
    op, name = parse_key(key)
    source = names.get(name)
    if source is None and key == name:
        source = next((held for held in names if upper(held) == name or names[held] == name), None)
        source = names[source] if source else None
    if source is None:
        raise ItemError("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")
    kind = legacy.kind_of(crm, entity, source) or EXTRA[source].type
    _check_value(name, kind, value)
    return heeded(crm.portal, kind, value, Condition(op, source, legacy.typed(kind, value)))


def _check_value(name: str, kind: str, value: Any) -> None:
    """A filter by a boolean user field takes 1 and 0 only; a date must be one."""
    for item in value if isinstance(value, list) else value.values() if isinstance(value, dict) else [value]:
        odd_flag = kind == "boolean" and item not in (None, "", 0, 1, "0", "1", True, False)
        odd_date = kind in ("date", "datetime") and item not in (None, "") and parse_datetime(item) is None
        if odd_flag or odd_date:
            raise ItemError("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' has invalid value")


def order(crm: "Crm", entity: Entity, given: Any, *, original: bool = False) -> tuple[tuple[str, bool], ...]:
    """(record field, descending). Upper-case names are tolerated here. Raises ItemError INVALID_ARG_VALUE."""
    names = names_of(crm, entity, original=original)
    by_upper = {upper(name): source for name, source in names.items()}
    found: list[tuple[str, bool]] = []
    for key, way in given.items() if isinstance(given, dict) else ():
        source = names.get(key) or by_upper.get(key)
        if source is None:
            raise ItemError("INVALID_ARG_VALUE", f"Invalid order: field '{key}' is not allowed in order")
        if str(way).upper() not in ("ASC", "DESC"):
            text = f"Invalid order: allowed sort directions are ASC, DESC. But got '{way}' for field '{key}'"
            raise ItemError("INVALID_ARG_VALUE", text)
        found.append((source, str(way).upper() == "DESC"))
    return tuple(found)
