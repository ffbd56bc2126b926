"""Names are looked up in threads of their own: one that no server answers for holds a few of them and nothing else.

Who asks gives up in time, but a thread that asks the system cannot be stopped: it is busy until the system gives up.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from weakref import WeakValueDictionary

from aiohttp.abc import AbstractResolver, ResolveResult

EACH = 2  # lookups of one tenant at a time


class Names(AbstractResolver):
    """The system's resolver, in at most `threads` threads."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._pool, ask)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=family,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family, _, proto, _, address in found
        ]

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class Lookups:
    """Names that tenants want to be called at, `EACH` of one tenant at a time: its bad ones keep no others waiting."""

    def __init__(self, names: AbstractResolver) -> None:
        self._names = names
        self._shares = WeakValueDictionary[int, asyncio.Semaphore]()

    async def addresses(self, host: str, tenant: int) -> list[str]:
        """Raise OSError where there is no such name. The share is free again when the thread is, not the caller."""
        share = self._shares.setdefault(tenant, asyncio.Semaphore(EACH))
        await share.acquire()
        asking = asyncio.ensure_future(self._names.resolve(host, family=socket.AF_UNSPEC))

        def free(asked: asyncio.Future[list[ResolveResult]]) -> None:
            share.release()
            if not asked.cancelled():
                asked.exception()  # who asked may be gone, and a failure nobody reads would be logged

        asking.add_done_callback(free)
        return [one["host"] for one in await asyncio.shield(asking)]
