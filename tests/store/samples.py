"""Rows for any table, made from its columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Column, DateTime, Float, Integer, LargeBinary, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

BARE, FULL = 1, 2  # two rows: only what is required, and every column
SAMPLES: dict[str, Any] = {}  # "table.column": a value, where the type alone does not tell a legal one


def row(table: Table, number: int) -> dict[str, Any]:
    """A row by the types of its columns alone; rows of one number belong together."""
    return {one.name: _value(one, number) for one in table.columns if number == FULL or _required(one)}


def _required(column: Column[Any]) -> bool:
    return column.primary_key or not (column.nullable or column.server_default)


def _value(column: Column[Any], number: int) -> Any:
    """Something of the column's type; the same for a column and for what refers to it."""
    for key in column.foreign_keys:
        return _value(key.column, number)
    if (named := f"{column.table.name}.{column.name}") in SAMPLES:
        return SAMPLES[named]
    match column.type:
        case Boolean():
            return True
        case Integer() | Float():
            return number
        case Uuid():
            return UUID(int=number)
        case DateTime():
            return datetime(2025, 6, number, tzinfo=UTC)
        case LargeBinary():
            return bytes([number])
        case ARRAY():
            return []
        case JSONB():
            return {}
    return f"{column.name}{number}"
