"""`/healthz`: the process lives. `/readyz`: what it depends on answers and can be written."""

from __future__ import annotations

import asyncio

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from b24app.resources import Resources
from b24app.store.schema import reads_only

PATIENCE = 3.0  # seconds: whoever asks soon asks again

log = structlog.get_logger()


async def alive(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """503 where nothing can be stored. Redis away only slows us down: webhooks wait for the rewake.

    `database`: `ok`, `away`, `read_only` (a standby, or told so); `redis`: `ok`, `away` (a replica or one that is full
    as well: nothing can be written).
    """
    resources: Resources = request.state.resources
    database, redis = await asyncio.gather(_database(resources), _redis(resources))
    return JSONResponse({"database": database, "redis": redis}, 200 if database == "ok" else 503)


async def _database(resources: Resources) -> str:
    try:
        async with asyncio.timeout(PATIENCE), resources.autocommit() as db:
            return "read_only" if await reads_only(db) else "ok"
    except (SQLAlchemyError, OSError) as error:
        log.warning("not_ready", part="database", error=repr(error))
        return "away"


async def _redis(resources: Resources) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await resources.redis.set("b24app:ready", 1, ex=60)
    except (RedisError, OSError) as error:
        log.warning("not_ready", part="redis", error=type(error).__name__)
        return "away"
    return "ok"
