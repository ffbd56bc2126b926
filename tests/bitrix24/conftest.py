"""A portal of the emulator, installed app, admin's tokens, and a client on the other end of a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from b24app.assembly import open_redis
from b24app.bitrix24.auth_server import AuthServer
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.pace import Budget, Pace
from b24app.bitrix24.tokens import FixedToken, TokenKeeper
from b24app.bitrix24.wire import CallRecord, open_session
from b24app.errors import NeedsAdmin
from b24app.lanes import Lane
from emulator.config import EmulatorConfig, PortalConfig
from emulator.model.auth_server import Grant
from emulator.model.installs import Installation, MarketApp, install
from emulator.model.portal import Portal
from emulator.model.world import World
from emulator.run import Emulator, serve
from tests.bitrix24.scripted import Script

APP = MarketApp(
    code="test.app",
    client_id="app.1.1",
    client_secret="secret",
    title={"en": "Test"},
    app_url="http://127.0.0.1:9/app",
    scope=("crm", "placement", "user_brief"),
)
WIDE = Budget(full=5000, capacity=4500, rate=100_000)
"""A budget that never makes a test wait."""


@dataclass
class Keeper:
    """The admins' pairs, newest first; one refresh at a time."""

    auth: AuthServer
    server_endpoint: str
    grants: list[Grant]
    access: str
    refresh: str
    refreshes: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def current(self) -> str:
        return self.access

    async def refreshed(self, rejected: str) -> str:
        async with self.lock:
            if self.access == rejected:
                self.refreshes += 1
                pair = await self.auth.refresh(self.server_endpoint, self.refresh)
                self.access, self.refresh = pair.access_token, pair.refresh_token
            return self.access

    async def replaced(self, rejected: str) -> str:
        if self.access == rejected:
            if not self.grants:
                raise NeedsAdmin("token")
            grant = self.grants.pop(0)
            self.access, self.refresh = grant.access_token, grant.refresh_token
        return self.access


@dataclass
class Rig:
    """Everything a transport test touches. `client` speaks for the installation, in the bulk lane."""

    emulator: Emulator
    installation: Installation
    session: aiohttp.ClientSession
    redis: Redis
    auth: AuthServer
    keeper: Keeper
    client: PortalClient
    calls: list[CallRecord]

    @property
    def world(self) -> World:
        return self.emulator.world

    @property
    def portal(self) -> Portal:
        return self.emulator.portal("first")

    def requests(self, method: str = "batch") -> int:
        """HTTP requests of a method that the portal saw."""
        return self.world.meters.requests["first", method]

    def commands(self, method: str) -> int:
        """Times the portal performed a method."""
        return self.world.meters.commands["first", method]

    def with_(
        self, *, keeper: TokenKeeper | None = None, lane: Lane = Lane.BULK, budget: Budget = WIDE
    ) -> PortalClient:
        """The client, changed."""
        return replace(self.client, keeper=keeper or self.keeper, lane=lane, budget=budget)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = open_redis(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def rig(redis: Redis) -> AsyncIterator[Rig]:
    portals = (PortalConfig("first", "127.0.0.2:0", lang="en"), PortalConfig("second", "127.0.0.3:0", lang="en"))
    config = EmulatorConfig(portals=portals, auth_host="127.0.0.4:0", apps=(APP,))
    async with serve(config) as emulator, open_session() as session:
        made = _rig(emulator, session, redis)
        yield made
        assert not emulator.world.crashes


def _rig(emulator: Emulator, session: aiohttp.ClientSession, redis: Redis) -> Rig:
    world, portal = emulator.world, emulator.portal("first")
    installation = install(portal, APP, portal.users[1])
    grant = world.auth.issue(installation, portal.users[1])
    auth = AuthServer(session, frozenset({world.auth.url}), APP.client_id, APP.client_secret)
    keeper = Keeper(auth, world.auth.server_endpoint, [], grant.access_token, grant.refresh_token)
    calls: list[CallRecord] = []
    client = PortalClient(
        session=session,
        pace=Pace(redis),
        portal_id=1,
        endpoint=f"{emulator.url(portal.host)}/rest/",
        keeper=keeper,
        budget=WIDE,
        on_call=calls.append,
        pause=0.0,
    )
    return Rig(emulator, installation, session, redis, auth, keeper, client, calls)


@pytest.fixture
async def script(redis: Redis) -> AsyncIterator[Script]:
    with socket.create_server(("127.0.0.2", 0)) as listening:
        url = f"http://127.0.0.2:{listening.getsockname()[1]}/rest/"
        async with open_session() as session:
            client = PortalClient(session, Pace(redis), 1, url, FixedToken("token"), budget=WIDE, pause=0.0)
            script, app = Script(client), web.Application()
            app.router.add_route("*", "/{tail:.*}", script.answer)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.SockSite(runner, listening).start()
            yield script
            await runner.cleanup()
