"""Engines whose errors name no values: titles, notes and tokens stay out of logs, whoever prints the error."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

RESTED = 1.0  # seconds
COLLISIONS = frozenset({"40P01", "40001"})  # deadlock detected, serialization failure


def open_engine(url: str, **pool: Any) -> AsyncEngine:
    """As SQLAlchemy makes it, with parameters hidden and the server's quotations of a row cut out of every error."""
    engine = create_async_engine(url, hide_parameters=True, **pool)
    event.listen(engine.sync_engine, "handle_error", _quote_nothing)
    event.listen(engine.sync_engine, "checkin", _used)
    event.listen(engine.sync_engine, "checkout", partial(_ask_the_idle, engine.dialect))
    return engine


def collided(error: Exception) -> bool:
    """Two transactions wanted the same rows and this one gave way: doing it again is right."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in COLLISIONS


def _used(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = monotonic()


def _ask_the_idle(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """A connection that rested is tried before it is handed out; asking each time would cost every transaction."""
    if monotonic() - record.info.get("used_at", monotonic()) > RESTED:
        try:
            dialect.do_ping(connection)
        except Exception as error:
            raise InvalidatePoolError from error


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
