"""Loose values in, typed values kept: what the portal makes of what it is given.

Values of user fields follow main/lib/userfield/types; a flag of a `boolean` user field is true for whatever PHP holds
true, so the text "N" is true (source: booleantype.php, onBeforeSave).
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from emulator.crm.dates import iso, iso_date, parse_date, parse_datetime

MULTI_TYPES = {"PHONE": "WORK", "EMAIL": "WORK", "WEB": "WORK", "IM": "OTHER", "LINK": "USER"}
"""Multiple system fields and the VALUE_TYPE a row gets when none is given."""

_INTEGERS = frozenset(
    {"integer", "user", "employee", "crm_contact", "crm_company", "crm_lead", "crm_quote", "enumeration"}
)
_INTEGERS |= {"crm_category"}


def truthy(value: Any) -> bool:
    """PHP's idea of true."""
    return value not in (None, False, 0, 0.0, "", "0") and value != [] and value != {}


def to_int(value: Any) -> int:
    """PHP's (int): leading digits of a text, else 0."""
    if isinstance(value, bool | int | float):
        return int(value)
    text = str(value).strip() if value is not None else ""
    digits = text[1:] if text[:1] in "+-" else text
    end = next((i for i, char in enumerate(digits) if not char.isascii() or not char.isdigit()), len(digits))
    return int(text[: len(text) - len(digits) + end]) if end else 0


def to_float(value: Any) -> float:
    """PHP's (float) for plain decimal texts, else 0."""
    try:
        return float(str(value).strip().replace(",", "."))
    except ValueError:
        return 0.0


def _flag(value: Any) -> str:
    return "Y" if value in (True, "Y", "y", "1", 1) else "N"


def _as_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    return "" if value is None else str(value)


_CASTS: dict[str, Callable[[Any], Any]] = {
    "double": to_float,
    "char": _flag,
    "boolean": truthy,
    "date": parse_date,
    "datetime": parse_datetime,
    "file": _as_is,
    **dict.fromkeys(_INTEGERS, to_int),
}


def cast(kind: str, value: Any) -> Any:
    """One value of a field of this type; empty input becomes None (a flag and a boolean become "N" and False)."""
    if kind not in ("char", "boolean") and (value is None or value == "" or value is False):
        return None
    if isinstance(value, list | dict) and kind != "file":
        return None
    make: Callable[[Any], Any] = _CASTS.get(kind, _text)
    return make(value)


def cast_many(kind: str, value: Any) -> list[Any]:
    """Values of a multiple field; empty ones are dropped."""
    rows = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    found = (cast(kind, row) for row in rows)
    return [row for row in found if row not in (None, "", 0)]


def plain_number(value: float) -> str:
    """3000000.0 → "3000000", 0.5 → "0.5"."""
    return str(int(value)) if value.is_integer() else str(value)


def text_of(kind: str, value: Any) -> Any:
    """Legacy output of one value: everything but null and files is text; see dates for dates."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return iso_date(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:.2f}" if kind == "double" else plain_number(value)
    return value if isinstance(value, dict | list) else str(value)


def equal(old: Any, new: Any) -> bool:
    """Whether a write changes nothing: None, "" and [] are one emptiness."""
    return old == new or (old in (None, "", []) and new in (None, "", []))
