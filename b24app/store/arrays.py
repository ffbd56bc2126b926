"""Many rows in one parameter each: how arrays are handed to statements."""

from __future__ import annotations


def unnest(**arrays: str) -> str:
    """`unnest` of array parameters, typed in SQL: SQLAlchemy's own array types look at every element, which costs."""
    return f"unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in arrays.items())})"
