"""The rows of a list as they are believed: each a record with an id, among those that were asked for, by rising id.

Portals drop system fields from rows, print a row with nothing left as `[]`, pass over an empty filter and show the
whole base, and pass over a cursor (bitrix-tools/b24-rest-docs 263 and 368; bitrix24/b24jssdk 113). Nothing of this is
an end of the list or a deletion, so nothing of it is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from b24app.bitrix24 import values
from b24app.errors import PortalDown

Row = dict[str, Any]


def checked(filter: Mapping[str, Any]) -> Row:
    """The filter, where it has no empty value: portals drop such a one and show the whole base.

    Raises ValueError: it is our fault.
    """
    if empty := [name for name, value in filter.items() if value is None or value in ("", [], ())]:
        raise ValueError(f"empty filter {empty[0]}")
    return dict(filter)


def rows_of(method: str, result: object, key: str, id_field: str) -> list[tuple[int, Row]]:
    """The rows with their ids; `key`: of the list inside the result, empty where the result is the list itself.

    Raises PortalDown `NOT_A_LIST`, `ROW_WITHOUT_ID`; each names the method and the field.
    """
    found = result.get(key) if key and isinstance(result, dict) else result
    if not isinstance(found, list) or (key and not isinstance(result, dict)):
        raise PortalDown(method, 200, "NOT_A_LIST", field=key)
    return [_identified(method, row, id_field) for row in found]


def asked_for(method: str, rows: list[tuple[int, Row]], id_field: str, ids: Collection[int]) -> list[tuple[int, Row]]:
    """The rows, where all are of these ids. Raises PortalDown `FILTER_IGNORED`."""
    wanted = set(ids)
    if any(one not in wanted for one, _ in rows):
        raise PortalDown(method, 200, "FILTER_IGNORED", field=id_field)
    return rows


def rising(method: str, rows: list[tuple[int, Row]], id_field: str, after: int) -> None:
    """Raises PortalDown `CURSOR_STUCK` unless each id is above the one before it, the first above `after`."""
    for one, _ in rows:
        if one <= after:
            raise PortalDown(method, 200, "CURSOR_STUCK", field=id_field)
        after = one


def _identified(method: str, row: object, id_field: str) -> tuple[int, Row]:
    found = values.ident(row.get(id_field)) if isinstance(row, dict) else None
    if found is None:
        raise PortalDown(method, 200, "ROW_WITHOUT_ID", field=id_field)
    assert isinstance(row, dict)
    return found, row
