"""Run an ASGI app on a real loopback socket inside the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from emulator.run import Server


def bound(host: str = "127.0.0.1") -> tuple[socket.socket, str]:
    """A listening socket on a free port, and its `host:port`, known before anything is served."""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((host, 0))
    return one, f"{host}:{one.getsockname()[1]}"


@asynccontextmanager
async def serving(app: ASGIApp, socket: socket.socket) -> AsyncIterator[None]:
    quiet: dict[str, Any] = {"log_config": None, "log_level": "critical", "access_log": False}
    server = Server(uvicorn.Config(app, lifespan="on", timeout_graceful_shutdown=1, ws="none", **quiet))
    task = asyncio.create_task(server.serve(sockets=[socket]))
    while not server.started:
        if task.done():
            task.result()
            raise RuntimeError("the server stopped before it started")
        await asyncio.sleep(0)
    try:
        yield
    finally:
        server.stop()
        await task
