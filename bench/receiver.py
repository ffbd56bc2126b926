"""A receiver in a process of its own that does as little as HTTP allows: reads each request, answers 204, counts."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized

from bench.parties import apart

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class _Protocol(asyncio.Protocol):
    def __init__(self, count: Synchronized[int]) -> None:
        self.count, self.rest = count, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n")) >= 0:
            head = self.rest[:end].lower()
            at = head.find(b"content-length:")
            whole = end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.rest) < whole:
                return
            self.rest = self.rest[whole:]
            self.count.value += 1
            self.transport.write(ANSWER)


@contextmanager
def receiver() -> Iterator[tuple[str, Synchronized[int]]]:
    """(its URL, how many requests it has answered)."""
    here, there = multiprocessing.Pipe()
    count: Synchronized[int] = multiprocessing.get_context("spawn").Value("q", 0, lock=False)
    with apart(_serve, there, count):
        yield f"http://127.0.0.1:{here.recv()}/hooks", count


def _serve(pipe: Connection, count: Synchronized[int]) -> None:
    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Protocol(count), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())
