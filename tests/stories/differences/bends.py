"""Portals that answer otherwise than the documentation says: the emulator, bent where it makes the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from emulator.crm import item_query, items
from emulator.crm.entities import Entity
from emulator.crm.store import Crm

Row = dict[str, Any]
Change = Callable[[Row], object]


def cards(monkeypatch: pytest.MonkeyPatch, change: Change, only: int = 0, entity: Entity = Entity.CONTACT) -> None:
    """Rows of card lists are changed; what `change` returns stands in the place of the row, unless it is None."""
    real = items.read_row

    def read_row(crm: Any, kind: Entity, record: Any, select: list[str], *, original: bool = False) -> Any:
        row = real(crm, kind, record, select, original=original)
        if kind is entity and only in (0, record["ID"]):
            changed = change(row)
            return row if changed is None else changed
        return row

    monkeypatch.setattr(items, "read_row", read_row)


def clock(monkeypatch: pytest.MonkeyPatch, off: timedelta) -> None:
    """Dates of records are off: the portal's clock is wrong, or its database has another zone than its PHP."""
    real = Crm.now
    monkeypatch.setattr(Crm, "now", lambda crm: real(crm) + off)


def filters(monkeypatch: pytest.MonkeyPatch, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Filters of card lists are understood otherwise."""
    real = item_query.where

    def where(crm: Any, entity: Entity, given: Any, *, original: bool = False) -> Any:
        return real(crm, entity, change(given) if isinstance(given, dict) else given, original=original)

    monkeypatch.setattr(item_query, "where", where)


def order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Card lists come by id, whatever was asked."""
    monkeypatch.setattr(item_query, "order", lambda *_, **__: (("ID", False),))
