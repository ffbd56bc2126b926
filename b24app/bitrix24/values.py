"""The boundary: whatever a portal answers becomes a value of ours through here, so that no odd one gets any further.

PHP writes nothing as null, false, "" or [], a flag as true, "Y", "1" or 1, a number as a text. JSON carries what no
column of PostgreSQL takes: a NUL, half of a surrogate pair, numbers of hundreds of digits. A text is mended, a date
that is none is no date; what decides about somebody (a flag, a link) and cannot be understood raises ValueError.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import isfinite
from typing import Any

LONGEST_TEXT = 500  # characters: the portal's own names and titles have 255 at most
LONGEST_CODE = 100  # characters of what is compared and found again: codes, INN, KPP
LONGEST_ID = 18  # digits: a bigint holds any number of so many
HOUR = 3600
OLDEST = datetime(1970, 1, 1, tzinfo=UTC)
"""The date of what has none; no other is older, and none is near the ends of the calendar, where zones overflow."""

_YEARS = range(OLDEST.year, 2200)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_YES, _NO = frozenset({"y", "yes", "1", "true"}), frozenset({"n", "no", "0", "false", ""})


def text(raw: object, longest: int = LONGEST_TEXT) -> str:
    """What can be stored, cut to so many characters; empty for nothing and for what is no text and no number."""
    if isinstance(raw, str):
        return (raw if raw.isascii() and "\0" not in raw else _NO_TEXT.sub("", raw))[:longest]
    plain = isinstance(raw, float) or (isinstance(raw, int) and abs(raw) < 10**LONGEST_ID)
    return str(raw) if plain and not isinstance(raw, bool) else ""


def number(raw: object) -> int | None:
    """A whole number from 0 that a bigint holds; None for anything else."""
    plain = isinstance(raw, str) or (isinstance(raw, int) and not isinstance(raw, bool))
    if not plain or (isinstance(raw, int) and not 0 <= raw < 10**LONGEST_ID):
        return None
    digits = str(raw)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_ID else None


def lifetime(raw: object) -> int:
    """Seconds of an access token: an hour is what the portal gives (settings/oauth/index.md), and no word of anybody's
    makes it more."""
    seconds = number(raw)
    return HOUR if seconds is None else max(1, min(seconds, HOUR))


def ident(raw: object) -> int | None:
    """The id of something; None for none, 0 among them."""
    return number(raw) or None


def idents(raw: object) -> tuple[int, ...]:
    """Several ids, in their order. Raises ValueError where one is there and cannot be read: it is not left out."""
    if _nothing(raw):
        return ()
    many = list(raw.values()) if isinstance(raw, dict) else raw
    if not isinstance(many, list):
        raise ValueError("no list of ids")
    found = [ident(one) for one in many if not _nothing(one) and one not in (0, "0")]
    if None in found:
        raise ValueError("no id")
    return tuple(one for one in found if one)


def flag(raw: object) -> bool:
    """Raises ValueError for what says neither yes nor no."""
    if isinstance(raw, bool) or _nothing(raw):
        return bool(raw)
    said = str(raw).strip().lower() if isinstance(raw, str | int) else None
    if said not in _YES | _NO:
        raise ValueError("no flag")
    return said in _YES


def whole(raw: object) -> int | None:
    """A whole number of either sign; None for none. Raises ValueError for anything else."""
    if _nothing(raw):
        return None
    said = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if number(said.removeprefix("-")) is None:
        raise ValueError("no whole number")
    return int(said)


def decimal(raw: object) -> float | None:
    """A number that need not be whole; None for none. Raises ValueError for anything else."""
    if _nothing(raw):
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise ValueError("no number")
    found = float(raw)
    if not isfinite(found):
        raise ValueError("no number")
    return found


def option(raw: object) -> str:
    """The id of a chosen option as a text; empty for none. Raises ValueError for several."""
    if _nothing(raw):
        return ""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise ValueError("no option")
    return text(raw, LONGEST_CODE)


def fact(raw: object) -> str | int | float | bool | tuple[int, ...] | None:
    """The value of a field of any type: several as ids, None for nothing and for what no column takes."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, list | dict):
        try:
            return idents(raw)
        except ValueError:
            return None
    if isinstance(raw, int | float):
        return raw if isfinite(raw) and abs(raw) < 10**LONGEST_ID else None
    return text(raw) or None


def utc(raw: object) -> str | None:
    """A time as a text that is the same in every zone; None for what is none."""
    found = moment(raw)
    return found.astimezone(UTC).isoformat() if found else None


def moment(raw: object) -> datetime | None:
    """An aware time out of ISO 8601, in UTC where no zone is named; None for what is none."""
    try:
        found = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
    if found is None or found.year not in _YEARS:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def mapping(raw: object) -> dict[str, Any]:
    """PHP writes an empty map as a list; whatever else is no map is taken for an empty one, too."""
    return raw if isinstance(raw, dict) else {}


def rows(raw: object) -> list[dict[str, Any]]:
    """The maps of a list, or of a map in the place of a list with gaps. Not for lists of records: see `rows.py`."""
    found = list(raw.values()) if isinstance(raw, dict) else raw
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _nothing(raw: object) -> bool:
    return raw is None or raw is False or raw == "" or raw == [] or raw == {}
