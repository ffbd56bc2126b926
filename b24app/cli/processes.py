"""The three long-running processes of a deployment."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
import uvicorn

from b24app.assembly import open_resources
from b24app.logs import set_up_logs
from b24app.manifest import read_manifest
from b24app.settings import Settings, WrongSettings
from b24app.store.engine import away
from b24app.store.schema import refuse_strong_role
from b24app.work.wake import ERASING

TICK, MINUTE = 1.0, 60

log = structlog.get_logger()


def serve(settings: Settings, host: str, port: int) -> None:
    """One web process. Behind a reverse proxy, start as many as there are cores."""
    set_up_logs()
    asyncio.run(refuse_strong_role(settings.database_url, waits=True))  # uvicorn, once started, would not hear a signal
    uvicorn.run(
        "b24app.asgi:create_app",
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # query strings of the portal's own requests stay out of logs
        server_header=False,
        proxy_headers=False,
    )


def worker(settings: Settings, queues: list[str]) -> None:
    """Raise `WrongSettings` where it would have to erase without being the owner."""
    from workers.runtime import serve_queues  # the workers' layer stands beside this one

    if ERASING in queues and settings.database_owner_url == settings.database_url:
        raise WrongSettings(["B24APP_DATABASE_OWNER_URL is missing: the queue `erasing` is served as the owner."])
    set_up_logs()
    asyncio.run(refuse_strong_role(settings.database_url, waits=True))
    serve_queues(settings, read_manifest(settings.manifest), queues)


def tick(settings: Settings) -> None:
    set_up_logs()
    with suppress(asyncio.CancelledError):
        asyncio.run(_tick(settings))


async def _tick(settings: Settings) -> None:
    """Each second wake what fell due; each minute give new portals the chores that go by the clock."""
    from workers.chores import keep_clocks, wake_due

    async with open_resources(settings, read_manifest(settings.manifest)) as resources:
        beats = 0
        while True:
            try:
                if beats % MINUTE == 0:
                    await keep_clocks(resources)
                await wake_due(resources)
            except Exception as error:  # there is one tick, and the next second may go well
                log.warning("tick_missed", error=repr(error), exc_info=not away(error))
            beats += 1
            await asyncio.sleep(TICK)
