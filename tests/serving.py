"""Run an ASGI app on a real loopback socket inside the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    """Leaves signals to pytest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.asked = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        """Tick once a second for the date header; stop at once when asked."""
        tick = 0
        while not await self.on_tick(tick):
            tick += 10
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.asked.wait(), 1)

    def ask_to_stop(self) -> None:
        self.should_exit = True
        self.asked.set()


def bound(host: str = "127.0.0.1") -> tuple[socket.socket, str]:
    """A listening socket on a free port, and its `host:port`, known before anything is served."""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((host, 0))
    return one, f"{host}:{one.getsockname()[1]}"


@asynccontextmanager
async def serving(app: ASGIApp, socket: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app, log_level="critical", access_log=False, lifespan="on", timeout_graceful_shutdown=1, ws="none"
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[socket]))
    while not server.started:
        if task.done():
            task.result()
            raise RuntimeError("the server stopped before it started")
        await asyncio.sleep(0)
    try:
        yield
    finally:
        server.ask_to_stop()
        await task
