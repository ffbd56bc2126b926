"""Engines whose errors name no values: titles, notes and tokens stay out of logs, whoever prints the error."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def open_engine(url: str, **pool: Any) -> AsyncEngine:
    """As SQLAlchemy makes it, with parameters hidden and the server's quotations of a row cut out of every error."""
    engine = create_async_engine(url, hide_parameters=True, **pool)
    event.listen(engine.sync_engine, "handle_error", _quote_nothing)
    return engine


def _quote_nothing(context: ExceptionContext) -> None:
    """Server and driver quote values in their messages and details: only kind, code and names of our own remain."""
    if context.sqlalchemy_exception is None:
        return  # nobody answered: a connection that failed
    raw: Any = context.original_exception.__cause__ or context.original_exception
    named = [getattr(raw, name, None) for name in ("sqlstate", "table_name", "constraint_name")]
    said = " ".join([type(raw).__name__, *(str(one) for one in named if one)])
    for error in (raw, context.original_exception, context.sqlalchemy_exception):
        error.args = (said,)
    raw.detail = raw.hint = None
