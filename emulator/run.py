"""Runs a world: sockets first (so that port 0 becomes a real port before the world is built), then the server."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import uvicorn

from emulator import keeping
from emulator.app import build_app
from emulator.config import EmulatorConfig
from emulator.model.portal import Portal
from emulator.model.world import World, build
from emulator.tls import Papers, make_papers

STARTED_POLL = 0.005
TICK = 0.1


@dataclass(slots=True, eq=False)
class Emulator:
    """A running world. `papers` is there in TLS mode only."""

    world: World
    papers: Papers | None
    servers: list[tuple["Server", "asyncio.Task[None]"]] = field(default_factory=list)

    def url(self, host: str) -> str:
        """The origin of a host of this world."""
        return f"{self.world.scheme}://{host}"

    def portal(self, name: str) -> Portal:
        """A portal by its name. Raises KeyError."""
        return self.world.portal(name)

    async def listen(self, sockets: list[socket.socket]) -> None:
        """Serve the world on these sockets."""
        config = uvicorn.Config(
            build_app(self.world),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=self.papers.cert if self.papers else None,
            ssl_keyfile=self.papers.key if self.papers else None,
        )
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=sockets))
        self.servers.append((server, task))
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the emulator did not start")
            await asyncio.sleep(STARTED_POLL)

    async def listen_also(self, host: str) -> str:
        """One more host, for a renamed portal; the host really listened on."""
        bound = _bound(host)
        await self.listen([bound])
        return _named(host, bound)

    async def stop(self) -> None:
        """Stop all servers and wait for them; a client that keeps its TLS connection open is cut off."""
        for server, _ in self.servers:
            server.stop()
        await asyncio.gather(*(task for _, task in self.servers))
        for server, _ in self.servers:
            for connection in list(server.server_state.connections):
                connection.transport.abort()
        await asyncio.sleep(0)


class Server(uvicorn.Server):
    """Leaves the process's signals to whoever runs it, and stops at once when told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told = asyncio.Event()

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self.told.wait(), TICK)

    def stop(self) -> None:
        """Shut down as soon as open requests are answered."""
        self.should_exit = True
        self.told.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, without the tenth of a second it sleeps each time: a thousand tests would feel it."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # connections without a request have ended
        try:
            await asyncio.wait_for(self._wait_tasks_to_complete(), self.config.timeout_graceful_shutdown)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
        await self.lifespan.shutdown()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve(config: EmulatorConfig) -> AsyncIterator[Emulator]:
    """Run a world in this event loop. A configured port 0 becomes a free one, and hosts carry it."""
    wanted = list(dict.fromkeys([*(portal.host for portal in config.portals), config.auth_host]))
    sockets = {host: _bound(host) for host in wanted}
    hosts = {host: _named(host, bound) for host, bound in sockets.items()}
    with TemporaryDirectory() as folder:
        names = [host.rpartition(":")[0] for host in hosts.values()]
        spare = [f"127.0.0.{number}" for number in range(2, 10)]
        papers = make_papers(config.tls_dir or Path(folder), sorted({*names, *spare})) if config.tls else None
        kept = keeping.take(config.state, config) if config.state else None
        world = kept or build(config, hosts)
        world.restored = kept is not None
        emulator = Emulator(world, papers)
        world.listen = emulator.listen_also
        async with _posting(papers) as world.session:
            await emulator.listen(list(sockets.values()))
            for host in world.portals.keys() - hosts.values():  # renamed in an earlier run
                await emulator.listen_also(host)
            pump = asyncio.create_task(world.events.pump()) if config.pump else None
            try:
                yield emulator
            finally:
                await _ended(pump)
                await emulator.stop()
        if config.state:
            keeping.keep(world, config.state)


def _posting(papers: Papers | None) -> aiohttp.ClientSession:
    trust = ssl.create_default_context(cafile=str(papers.ca)) if papers else None
    connector = aiohttp.TCPConnector(limit=64, ssl=trust) if trust else aiohttp.TCPConnector(limit=64)
    return aiohttp.ClientSession(connector=connector)


async def _ended(task: "asyncio.Task[None] | None") -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _bound(host: str) -> socket.socket:
    address, _, port = host.rpartition(":")
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets NODELAY only so
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((address, int(port)))
    return bound


def _named(host: str, bound: socket.socket) -> str:
    return f"{host.rpartition(':')[0]}:{bound.getsockname()[1]}"
