"""The same world with the app in processes of its own: `serve`, `worker` and `tick` as a deployment starts them.

The portal and the client app's receiver stay in the test's event loop. Time is the machine's: `settle()` waits until
nothing is left to do, up to a deadline.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from b24app.assembly import open_resources
from b24app.demo import servers
from b24app.manifest import Manifest, read_manifest
from b24app.settings import ROOT, Settings, as_environment
from emulator.config import EmulatorConfig, PortalConfig
from emulator.model.installs import MarketApp
from emulator.run import Emulator, serve
from tests.receiver import Receiver
from tests.serving import bound, serving
from tests.world import CLIENT_ID, CLIENT_SECRET, FailPoints, World

WAIT, POLL = 90.0, 0.05  # seconds; a wake-up whose job was lost is believed for 30 (`wake.LOOK_AGAIN`)


@dataclass(slots=True)
class Holding(Receiver):
    """A receiver that can keep its answer back: it has heard, and whoever told it does not know."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        answer = await Receiver.take(self, request)
        await self.gate.wait()
        return answer


@dataclass
class Running(World):
    """A world whose app runs in processes. `children`: those alive, by what they do."""

    home: Path = Path()
    environment: Mapping[str, str] = field(default_factory=dict)
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *command: str, name: str = "") -> None:
        """`python -m b24app <command>`; what it has to say goes into a file of `home`."""
        with (self.home / "log.txt").open("ab") as log:
            self.children[name or command[0]] = subprocess.Popen(
                [sys.executable, "-m", "b24app", *command], cwd=ROOT, env=dict(self.environment), stderr=log
            )

    def said(self, words: str) -> int:
        """How often these words stand in what the processes have said."""
        return (self.home / "log.txt").read_text().count(words)

    def all_up(self) -> None:
        """Whatever the last story left dead or broken is well again."""
        self.emulator.world.faults.clear()
        for name in {"worker", "tick"} - set(self.children):
            self.start(name)

    def kill(self, name: str, sign: signal.Signals = signal.SIGKILL) -> None:
        """Whoever has not ended after 20 s is killed, as a supervisor does."""
        child = self.children.pop(name)
        child.send_signal(sign)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    async def until(self, true: Callable[[], object], what: str) -> None:
        """Look again and again until something is so. `true` may be a coroutine function."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT
        while not await _value(true()):
            dead = [name for name, child in self.children.items() if child.poll() is not None]
            if dead or loop.time() > deadline:
                tail = (self.home / "log.txt").read_text()[-3000:]
                raise AssertionError(f"{what}: not within {WAIT} s; dead: {dead}\n{tail}")
            await asyncio.sleep(POLL)

    async def settle(self) -> None:
        await self.until(self.rested, "everything is done")

    async def rested(self) -> bool:
        """Nothing waits and nothing is under way, here or in the portal."""
        events = self.emulator.world.events
        return not (events.queued or events.under_way or await self.waiting())

    async def end_claims(self) -> None:
        """As a minute would: whoever held a row and died no longer does."""
        engine = create_async_engine(self.resources.settings.database_owner_url)
        async with engine.begin() as db:
            await db.execute(text("UPDATE work SET claimed_until = now() - interval '1 second'"))
        await engine.dispose()

    async def holds(self, rows: int) -> bool:
        """Whether somebody holds so many rows."""
        async with self.resources.transaction() as db:
            query = text("SELECT count(*) FROM work WHERE claimed_until > now()")
            return int((await db.execute(query)).scalar_one()) == rows


async def _value(found: object) -> object:
    return await found if asyncio.iscoroutine(found) else found


class RedisServer:
    """A Redis that can be stopped and started again at the same address."""

    def __init__(self, home: Path, sockets: Path) -> None:
        self.home, self.sockets, self.stack, self.url = home, sockets, ExitStack(), ""

    def start(self) -> None:
        self.url = self.stack.enter_context(servers.redis(self.home, self.sockets))

    def stop(self) -> None:
        self.stack.close()


@contextmanager
def redis_server(home: Path) -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="b24-", dir="/tmp") as sockets:
        server = RedisServer(home, Path(sockets))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@asynccontextmanager
async def running(
    home: Path, postgres: servers.Postgres, redis: RedisServer, manifest_file: Path = ROOT / "app.yaml"
) -> AsyncIterator[Running]:
    """Both portals, the app's web process and the tick; the stories start and kill the workers."""
    manifest = read_manifest(manifest_file)
    async with AsyncExitStack() as stack:
        place = _free_place("127.0.0.1")
        emulator = await stack.enter_async_context(serve(_emulator(f"http://{place}", manifest)))
        settings = _settings(home, postgres, redis.url, f"http://{place}", emulator, manifest_file)
        resources = await stack.enter_async_context(open_resources(settings, manifest))
        receiver = await stack.enter_async_context(holding(emulator))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        (app,) = emulator.world.catalogue.values()
        world = Running(
            emulator,
            resources,
            settings.public_url,
            http,
            receiver,
            FailPoints(),
            app,
            home=home,
            environment=dict(os.environ) | as_environment(settings),
        )
        try:
            world.start("serve", "--host", place.split(":")[0], "--port", place.split(":")[1])
            world.start("tick")
            await world.until(lambda: _answers(http, f"{world.app_url}/readyz"), "the app answers")
            yield world
        finally:
            receiver.gate.set()
            for name in list(world.children):
                world.kill(name)


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _free_place(host: str) -> str:
    socket, place = bound(host)
    socket.close()
    return place


@asynccontextmanager
async def holding(emulator: Emulator) -> AsyncIterator[Holding]:
    socket, place = bound("127.0.0.5")
    receiver = Holding(f"http://{place}/webhooks", emulator.world.now)
    receiver.gate.set()
    app = Starlette(routes=[Route("/webhooks", receiver.take, methods=["POST"])])
    async with serving(app, socket):
        yield receiver


def _emulator(url: str, manifest: Manifest) -> EmulatorConfig:
    app = MarketApp(
        code=manifest.code,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        title=dict(manifest.title),
        app_url=f"{url}/app",
        install_url=f"{url}/install",
        scope=manifest.scopes,
    )
    first, second = PortalConfig("first", "127.0.0.2:0"), PortalConfig("second", "127.0.0.3:0", lang="en")
    return EmulatorConfig(portals=(first, second), auth_host="127.0.0.4:0", apps=(app,), pump=True)


def _settings(
    home: Path, postgres: servers.Postgres, redis_url: str, url: str, emulator: Emulator, manifest: Path
) -> Settings:
    return Settings(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        public_url=url,
        secret_keys=(Fernet.generate_key().decode(),),
        auth_servers=(emulator.url(emulator.world.auth_host),),
        database_url=postgres.url(),
        database_owner_url=postgres.url(servers.OWNER),
        redis_url=redis_url,
        data_dir=home,
        manifest=manifest,
        dev_mode=True,
    )
