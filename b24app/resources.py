"""The few long-lived things, handed to everything that needs them. Built in `b24app.assembly`, once per event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import aiohttp
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from b24app.bitrix24.auth_server import AuthServer
from b24app.bitrix24.pace import Pace
from b24app.bitrix24.wire import CallRecord
from b24app.card_rules import CardRules
from b24app.domain.delivery.news import NewsCatalogue
from b24app.domain.policy import Policy
from b24app.manifest import Manifest
from b24app.net.resolver import Lookups
from b24app.settings import Settings
from b24app.vault import Vault
from b24app.work.wake import Wake

Clock = Callable[[], datetime]
FailPoint = Callable[[str], None]


_TENANT = text("SELECT set_config('app.portal', :portal, true)")
_TENANT_IN_HASTE = text("SELECT set_config('app.portal', :portal, true), set_config('synchronous_commit', 'off', true)")
_IN_BULK = text(
    "SELECT set_config('app.portal', :portal, true), set_config('synchronous_commit', 'off', true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true)"
)
NOBODY = ""  # no tenant's row can be seen


def utc_now() -> datetime:
    return datetime.now(UTC)


def never_fail(name: str) -> None:
    """Stories put a function here that dies at a named point; in production nothing happens."""


class Calls(Protocol):
    """Where requests to portals are noted (`b24app.portal.call_log`)."""

    def note(self, record: CallRecord) -> None: ...

    async def flush(self, resources: Resources) -> None: ...


@dataclass(frozen=True, slots=True)
class Resources:
    """What doors, journeys and workers are handed.

    `portal_http` speaks to portals and auth servers, `outward_http` to the endpoints of client apps only.
    `news`, `policy`, `rules`: what all rooms have handed in; `product`: the rest of it (`b24app.plug.product_of`).
    """

    settings: Settings
    manifest: Manifest
    engine: AsyncEngine
    redis: Redis
    portal_http: aiohttp.ClientSession
    outward_http: aiohttp.ClientSession
    pace: Pace
    auth: AuthServer
    vault: Vault
    lookups: Lookups
    wake: Wake
    calls: Calls
    news: NewsCatalogue
    policy: Policy
    rules: CardRules
    product: object
    now: Clock = utc_now
    failpoint: FailPoint = field(default=never_fail)

    @asynccontextmanager
    async def tenant(
        self, portal_id: int, *, durable: bool = True, bulk: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees this portal's rows only. Commits at the end, rolls back on any exception.

        Not `durable`: the commit does not wait for the disk; for rows that may be lost in a crash of the server.
        `bulk`: not durable, and plans are made for the real arrays: one made while the tables were empty is kept by the
        connection and reads them from end to end.
        """
        async with self.engine.begin() as db:
            setting = _IN_BULK if bulk else _TENANT if durable else _TENANT_IN_HASTE
            await db.execute(setting, {"portal": str(portal_id)})
            yield db

    @asynccontextmanager
    async def transaction(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:
        """One transaction over the directory and the work index: no tenant's row can be seen. `bulk` as in `tenant`."""
        async with self.engine.begin() as db:
            if bulk:
                await db.execute(_IN_BULK, {"portal": NOBODY})
            yield db

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection]:
        """Directory and work index, each statement a transaction of its own: none waits for a BEGIN and a COMMIT."""
        async with self.engine.connect() as db:
            await db.execution_options(isolation_level="AUTOCOMMIT")
            yield db
