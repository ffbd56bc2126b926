"""What the smaller legacy lists share: filter, order, select and page rows that are plain maps of texts."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from emulator.crm.entities import Record
from emulator.crm.filters import ALL, Condition, Group, compile_group, parse_key
from emulator.crm.heeding import heeded
from emulator.crm.legacy import typed
from emulator.crm.values import text_of
from emulator.rest.crm_legacy import listed
from emulator.rest.registry import PAGE_SIZE, Call, Reply

if TYPE_CHECKING:
    from emulator.model.portal import Portal

Kinds = dict[str, str]
"""Field → type word (integer, string, datetime…); the names are all that a list knows."""


def flags(kind: str, title: str, *, required: bool = False, read_only: bool = False, immutable: bool = False) -> Record:
    """A description in a `fields` answer."""
    row: Record = {"type": kind, "isRequired": required, "isReadOnly": read_only, "isImmutable": immutable}
    return row | {"isMultiple": False, "isDynamic": False, "title": title}


def conditions(given: Any, kinds: Kinds, warnings: list[str], what: str, portal: "Portal | None" = None) -> Group:
    """A legacy filter over known fields, as `portal` heeds it; unknown ones are dropped and the world warned."""
    parts: list[Condition | Group] = []
    for key, value in given.items() if isinstance(given, dict) else ():
        op, name = parse_key(str(key))
        if name in kinds:
            one = Condition(op, name, typed(kinds[name], value))
            parts += heeded(portal, kinds[name], value, one) if portal else (one,)
        else:
            warnings.append(f"unknown filter field {key} of {what}")
    return Group(tuple(parts)) if parts else ALL


def ordered(rows: list[Record], given: Any, kinds: Kinds, default: tuple[str, ...] = ("ID",)) -> list[Record]:
    """Rows by the given order, unknown fields left out."""
    wanted = [(k, str(v).upper() == "DESC") for k, v in given.items() if k in kinds] if isinstance(given, dict) else []
    for name, descending in reversed(wanted or [(name, False) for name in default]):
        rows.sort(key=lambda row, name=name: _key(row.get(name)), reverse=descending)  # type: ignore[misc]
    return rows


def _key(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None or value == "" else (1, value)


def texts(row: Record, names: Iterable[str]) -> Record:
    """The named values as legacy text."""
    return {name: text_of("", row.get(name)) for name in names}


def list_rows(
    call: Call,
    rows: Iterable[Record],
    kinds: Kinds,
    what: str,
    read: Callable[[Record, str], Any] = dict.get,
) -> Reply:
    """One page of matching rows with the selected fields as texts.

    `rows` come by ID where they have one; an uncounted page in that order stops as soon as it is full.
    """
    group = conditions(call.params.get("filter"), kinds, call.portal.world.warnings, what, call.portal)
    test, start, order = compile_group(group, read), max(call.start, 0), call.params.get("order")
    call.swallow(order, kinds, f"order field of {what}")
    matching = (row for row in rows if test(row))
    if call.start < 0 and "ID" in kinds and _by_id(order):
        found, total = list(islice(matching, PAGE_SIZE)), None
    else:
        found = ordered(list(matching), order, kinds)
        found, total = found[start : start + PAGE_SIZE], len(found) if call.start >= 0 else None
    given = call.params.get("select") or ["*"]
    select = [str(name) for name in (given.values() if isinstance(given, dict) else given)]
    names = list(kinds) if "*" in select else [name for name in select if name in kinds] or list(kinds)
    shown = [texts({name: read(row, name) for name in names}, names) for row in found]
    return listed(shown, total, call.start)


def _by_id(order: Any) -> bool:
    return not order or (isinstance(order, dict) and {k: str(v).upper() for k, v in order.items()} == {"ID": "ASC"})
