"""Structured logs: one JSON line per event on standard error, or readable lines on a terminal. No tokens, no names."""

from __future__ import annotations

import logging
import sys

import structlog
from redis import RedisError


def set_up_logs(level: int = logging.INFO) -> None:
    """Ours through structlog; libraries at WARNING (fast_bitrix24 and aiohttp would log bodies below that)."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
    for name in ("fast_bitrix24", "rq.worker", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("rq.worker").addFilter(_in_one_line)
    readable = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_stderr,
    )


def _in_one_line(record: logging.LogRecord) -> bool:
    """Redis in trouble is no fault of the program: RQ's tracebacks of it say nothing more."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, RedisError | OSError):
        record.msg, record.args, record.exc_info = f"{record.getMessage()} {type(error).__name__}", (), None
    return True


def _to_stderr(*arguments: object) -> structlog.PrintLogger:
    """Standard error as it is now: tests replace it."""
    return structlog.PrintLogger(sys.stderr)
