"""Filters of list methods: keys with prefixes, compiled to a test of one record.

Pages: api-reference/crm/universal/crm-item-list.md, api-reference/crm/companies/crm-company-list.md.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Test = Callable[[Any], bool]

_PREFIXES = {
    "!=%": "!like", "!%=": "!like", "!%": "!has", "!@": "!in", "!=": "!=", "!": "!=",
    ">=": ">=", "<=": "<=", ">": ">", "<": "<", "=%": "like", "%=": "like", "%": "has", "@": "in", "=": "=",
}  # fmt: skip
_KEY = re.compile(r"^(!=%|!%=|!%|!@|!=|!|>=|<=|>|<|=%|%=|%|@|=)?(.*)$", re.S)


@dataclass(frozen=True, slots=True)
class Condition:
    """`op` is one of = != > >= < <= in !in has !has like !like."""

    op: str
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined by AND, or by OR."""

    parts: tuple["Condition | Group", ...]
    any: bool = False


ALL = Group(())


def parse_key(key: str) -> tuple[str, str]:
    """Operation and field name of a filter key: ">=DATE_CREATE" → (">=", "DATE_CREATE")."""
    found = _KEY.match(key)
    assert found is not None
    return _PREFIXES.get(found[1] or "=", "="), found[2]


def compile_group(group: Group, read: Callable[[Any, str], Any]) -> Test:
    """A test of a record; `read(record, field)` gives the value, a list where the field is multiple."""
    tests = [compile_group(part, read) if isinstance(part, Group) else _condition(part, read) for part in group.parts]
    if group.any:
        return lambda record: any(test(record) for test in tests)
    return lambda record: all(test(record) for test in tests)


def _condition(condition: Condition, read: Callable[[Any, str], Any]) -> Test:
    match, field = matcher(condition.op, condition.value), condition.field
    return lambda record: match(read(record, field))


def matcher(op: str, wanted: Any) -> Test:
    """A test of one field value. A list on either side matches if any pair does; `wanted` is already typed."""
    if op.startswith("!"):
        positive = matcher({"!=": "="}.get(op, op[1:]), wanted)
        return lambda value: not positive(value)
    return _any_value(_single(op, wanted))


def _any_value(test: Test) -> Test:
    def check(value: Any) -> bool:
        if isinstance(value, list):
            return any(test(item) for item in value) if value else test(None)
        return test(value)

    return check


def _single(op: str, wanted: Any) -> Test:
    if op in ("in", "=") and isinstance(wanted, list):
        keys = {_key(item) for item in wanted}
        return lambda value: _key(value) in keys
    if op in ("=", "in"):
        key = _key(wanted)
        return lambda value: _key(value) == key
    if op in ("has", "like"):
        pattern = _pattern(str(wanted if wanted is not None else ""), anywhere=op == "has")
        return lambda value: value is not None and pattern.fullmatch(str(value)) is not None
    return lambda value: _ordered(op, value, wanted)


def _ordered(op: str, value: Any, wanted: Any) -> bool:
    if value is None or value == "" or wanted is None:
        return False
    left, right = _fold(value), _fold(wanted)
    try:
        below, same = bool(left < right), bool(left == right)
    except TypeError:
        return False
    return {">": not below and not same, ">=": not below, "<": below, "<=": below or same}[op]


def _key(value: Any) -> Any:
    """Null, an empty text, 0 and false are one and the same to the database of a portal."""
    return _fold(value) or ""


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _pattern(text: str, *, anywhere: bool) -> re.Pattern[str]:
    body = ".*".join(re.escape(part) for part in text.split("%")) if not anywhere else f".*{re.escape(text)}.*"
    return re.compile(body, re.S | re.I)


def bounds(parts: Iterable["Condition | Group"], field: str) -> tuple[int | None, int | None, list[int] | None]:
    """What AND conditions on an integer key field say: (above or None, below or None, exact ids or None).

    Nothing stands above or below what is no number, such as a reference of a batch that led nowhere.
    """
    above: int | None = None
    below: int | None = None
    exact: list[int] | None = None
    for part in parts:
        if not isinstance(part, Condition) or part.field != field:
            continue
        if part.op in ("in", "="):
            ids = [v for v in (part.value if isinstance(part.value, list) else [part.value]) if isinstance(v, int)]
            exact = ids if exact is None else [one for one in exact if one in ids]
        elif isinstance(part.value, int) and part.op in (">", ">="):
            low = part.value - (part.op == ">=")
            above = low if above is None else max(above, low)
        elif isinstance(part.value, int) and part.op in ("<", "<="):
            high = part.value + (part.op == "<=")
            below = high if below is None else min(below, high)
        elif part.op in (">", ">=", "<", "<="):
            exact = []
    return above, below, exact
