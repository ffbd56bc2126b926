"""A worker sends what it has just published itself, beside its work: a wake-up through Redis would double the wait.

A few, and never two runs for one portal: everything else waits for a worker of the outbox. A worker that dies meanwhile
leaves its claims to run out, as in every drain.
"""

from __future__ import annotations

import asyncio
import os
import socket

import structlog

from b24app.delivery.journeys import drain
from b24app.resources import Resources

RUNS = 4  # at once in one process

log = structlog.get_logger()


def worker_name() -> str:
    """Who holds a claim, for people."""
    return f"{socket.gethostname()}:{os.getpid()}"


class InlineDelivery:
    """`inline` of a worker process (`assembly.open_resources`)."""

    def __init__(self) -> None:
        self.runs: dict[int, asyncio.Task[None]] = {}

    async def __call__(self, resources: Resources, portal_id: int, rows: int) -> bool:
        """Whether we do it. Returns when the first are on their way, so that the work beside does not delay them."""
        if rows > drain.INLINE or portal_id in self.runs or len(self.runs) >= RUNS:
            return False
        begun = asyncio.Event()
        self.runs[portal_id] = asyncio.create_task(self._run(resources, portal_id, begun))
        await begun.wait()
        return True

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self.runs.values())

    async def _run(self, resources: Resources, portal_id: int, begun: asyncio.Event) -> None:
        try:
            done = await drain.deliver_published(resources, portal_id, worker_name(), begun)
        except Exception as error:  # its claims run out; nobody waits for this task
            log.warning("delivery_interrupted", portal=portal_id, error=repr(error))
            return
        finally:
            begun.set()
            del self.runs[portal_id]
        if done.more:
            await resources.wake.outbox()
