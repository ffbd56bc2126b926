"""The few long-lived things, built once per process and event loop. Nothing is created at import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from b24app.guard import open_outward
from b24app.manifest import Manifest
from b24app.settings import Settings
from b24app.vault import Vault
from b24app.wake import Wake

Clock = Callable[[], datetime]
FailPoint = Callable[[str], None]


def utc_now() -> datetime:
    return datetime.now(UTC)


def _never_fail(name: str) -> None:
    """Stories put a function here that dies at a named point; in production nothing happens."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What doors, journeys and workers are handed.

    `portal_http` speaks to portals and auth servers, `outward_http` to the endpoints of client apps only.
    """

    settings: Settings
    manifest: Manifest
    engine: AsyncEngine
    redis: Redis
    portal_http: aiohttp.ClientSession
    outward_http: aiohttp.ClientSession
    vault: Vault
    wake: Wake
    now: Clock = utc_now
    failpoint: FailPoint = field(default=_never_fail)

    @asynccontextmanager
    async def tenant(self, portal_id: int) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees this portal's rows only. Commits at the end, rolls back on any exception."""
        async with self.engine.begin() as db:
            await db.execute(text("SELECT set_config('app.portal', :portal, true)"), {"portal": str(portal_id)})
            yield db

    @asynccontextmanager
    async def directory(self) -> AsyncIterator[AsyncConnection]:
        """One transaction over the directory and the work index: no tenant's row can be seen."""
        async with self.engine.begin() as db:
            yield db


@asynccontextmanager
async def open_resources(
    settings: Settings, manifest: Manifest, *, now: Clock = utc_now, failpoint: FailPoint = _never_fail
) -> AsyncIterator[Resources]:
    """Everything for one event loop; closed in reverse order."""
    engine = create_async_engine(settings.database_url, pool_size=10, max_overflow=10, pool_pre_ping=True)
    redis = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=65)
    async with (
        aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as portal_http,
        open_outward(settings, manifest.delivery) as outward_http,
    ):
        try:
            yield Resources(
                settings=settings,
                manifest=manifest,
                engine=engine,
                redis=redis,
                portal_http=portal_http,
                outward_http=outward_http,
                vault=Vault(settings.secret_keys),
                wake=Wake(settings.redis_url),
                now=now,
                failpoint=failpoint,
            )
        finally:
            await redis.aclose()
            await engine.dispose()
