"""One place that makes answers of errors, for every door but the client API, which speaks problem details itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from b24app.errors import Refused
from b24app.store.engine import away

log = structlog.get_logger()


async def refused(request: Request, error: Exception) -> Response:
    """4xx with the stable code; machines read the code, people never see this page."""
    assert isinstance(error, Refused)
    return JSONResponse({"code": error.code, **error.params}, error.status)


async def http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"code": f"http_{error.status_code}"}, error.status_code, headers=error.headers)


async def not_now(request: Request, error: Exception) -> Response:
    """503 while the database is away or only reads."""
    if not away(error):
        raise error
    log.warning("database_away", path=request.scope["path"], error=repr(error))
    return JSONResponse({"code": "not_now"}, 503, {"Retry-After": "1"})


async def unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected", path=request.scope["path"], error=repr(error), exc_info=error)
    return JSONResponse({"code": "internal_error"}, 500)


HANDLERS: Mapping[Any, Any] = {
    Refused: refused,
    HTTPException: http,
    SQLAlchemyError: not_now,
    OSError: not_now,
    Exception: unexpected,
}
