"""Build the long-lived things of one process: the only place that knows all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis

from b24app.bitrix24.auth_server import AuthServer
from b24app.bitrix24.pace import Pace
from b24app.bitrix24.wire import open_session
from b24app.card_rules import CardRules
from b24app.features import PRODUCT
from b24app.manifest import Manifest
from b24app.net import guard
from b24app.net.resolver import Lookups, Names
from b24app.plug import Product
from b24app.portal.call_log import CallLog
from b24app.resources import Clock, FailPoint, Resources, never_fail, utc_now
from b24app.settings import Settings
from b24app.store.engine import open_engine
from b24app.vault import Vault
from b24app.work.wake import Wake

Inline = Callable[[Resources, int, int], Awaitable[bool]]
"""Portal and rows of what was just published: whether it is delivered here."""


def open_redis(url: str) -> Redis:
    """Whoever finds every connection in use waits for one: a crowd must not look like a Redis that is away."""
    pool = BlockingConnectionPool.from_url(
        url, max_connections=50, timeout=5, socket_timeout=5, socket_connect_timeout=2
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def open_resources(
    settings: Settings,
    manifest: Manifest,
    *,
    now: Clock = utc_now,
    failpoint: FailPoint = never_fail,
    product: Product = PRODUCT,
    inline: Inline | None = None,
) -> AsyncIterator[Resources]:
    """Everything for one event loop; closed in reverse order. `inline`: delivers what this process publishes."""
    async with AsyncExitStack() as stack:
        engine = open_engine(settings.database_url, pool_size=10, max_overflow=10)
        stack.push_async_callback(engine.dispose)
        redis = open_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        portal_names, endpoint_names = Names(threads=8), Names(threads=8)
        stack.push_async_callback(portal_names.close)
        stack.push_async_callback(endpoint_names.close)
        portal_http = await stack.enter_async_context(open_session(None if settings.dev_mode else portal_names))

        async def deliver_published(portal_id: int, rows: int) -> bool:
            return inline is not None and await inline(resources, portal_id, rows)

        calls = CallLog(now)
        resources = Resources(
            settings=settings,
            manifest=manifest,
            engine=engine,
            redis=redis,
            portal_http=portal_http,
            outward_http=await stack.enter_async_context(guard.open_outward(settings, manifest.delivery)),
            pace=Pace(redis),
            auth=AuthServer(portal_http, frozenset(settings.auth_servers), settings.client_id, settings.client_secret),
            vault=Vault(settings.secret_keys),
            lookups=Lookups(endpoint_names),
            wake=Wake(settings.redis_url, deliver_published),
            calls=calls,
            news=product.news,
            policy=product.policy,
            rules=CardRules(product.rules, manifest.modes, {code: one.cards for code, one in manifest.fields.items()}),
            product=product,
            now=now,
            failpoint=failpoint,
        )
        await stack.enter_async_context(calls.kept(resources))
        yield resources
