"""Engines whose errors name no values: titles, notes and tokens stay out of logs, whoever prints the error."""

from __future__ import annotations

from functools import partial
from select import POLLIN, poll
from time import monotonic
from typing import Any

from asyncpg import InternalClientError
from sqlalchemy import event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

RESTED = 1.0  # seconds
COLLISIONS = frozenset({"40P01", "40001"})  # deadlock detected, serialization failure
READ_ONLY = "25006"
UNABLE = ("08", "53", "57P", "58")  # connection, too little of something (memory, disk), told to stop, system error


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


def lost(error: Exception) -> bool:
    """The connection broke under a transaction. Whether it was committed nobody knows; the database may be there."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def away(error: BaseException) -> bool:
    """The database cannot be asked, or cannot be written: no fault of what was asked, and over when it is back."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or state == READ_ONLY or state.startswith(UNABLE)
    return isinstance(error, OSError | PoolTimeout)


def _used(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = monotonic()


def _ask_the_idle(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """A connection that rested is tried before it is handed out; asking each time would cost every transaction.

    One whose server has gone, as all of them have after a restart, is known without asking.
    """
    if _has_ended(dialect.get_driver_connection(connection)):
        raise InvalidatePoolError
    if monotonic() - record.info.get("used_at", monotonic()) > RESTED:
        try:
            dialect.do_ping(connection)
        except Exception as error:
            raise InvalidatePoolError from error


def _has_ended(connection: Any) -> bool:
    """Whether the server let this resting connection go. asyncpg says so only when the event loop came round to it.

    A server says nothing unasked but that it is going: whatever lies in the socket unread is that, or the end itself.
    """
    transport = connection._transport
    if connection.is_closed() or transport.is_closing():
        return True
    unread = poll()
    unread.register(transport.get_extra_info("socket"), POLLIN)
    return bool(unread.poll(0))


def _quote_nothing(context: ExceptionContext) -> None:
    """Server and driver quote values in their messages and details: only kind, code and names of our own remain."""
    if context.sqlalchemy_exception is None:
        return  # nobody answered: a connection that failed
    raw: Any = context.original_exception.__cause__ or context.original_exception
    named = [getattr(raw, name, None) for name in ("sqlstate", "table_name", "constraint_name")]
    said = " ".join([type(raw).__name__, *(str(one) for one in named if one)])
    if isinstance(raw, InternalClientError):
        context.is_disconnect = True  # what the server said and what was asked no longer belong together
    for error in (raw, context.original_exception, context.sqlalchemy_exception):
        error.args = (said,)
    raw.detail = raw.hint = None
