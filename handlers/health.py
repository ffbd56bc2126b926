"""`/healthz`: the process lives. `/readyz`: what it depends on answers."""

from __future__ import annotations

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from b24app.resources import Resources


async def alive(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """503 names what is away. Redis away only slows us down: webhooks wait for the rewake."""
    resources: Resources = request.state.resources
    state = {"database": await _database(resources), "redis": await _redis(resources)}
    return JSONResponse(state, 200 if state["database"] == "ok" else 503)


async def _database(resources: Resources) -> str:
    try:
        async with resources.glance() as db:
            await db.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError):
        return "away"
    return "ok"


async def _redis(resources: Resources) -> str:
    try:
        await resources.redis.ping()
    except (RedisError, OSError):
        return "away"
    return "ok"
