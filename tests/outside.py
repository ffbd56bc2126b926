"""The far end of the outbox in tests: a receiver with its own will, and a database with two portals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography.fernet import Fernet
from sqlalchemy import insert, text

from b24app import embedded
from b24app.assembly import open_resources
from b24app.domain.installation import PortalState
from b24app.manifest import read_manifest
from b24app.resources import FailPoint, Resources
from b24app.settings import ROOT, Settings
from b24app.store import schema, tables

MANIFEST = ROOT / "app.yaml"
Reply = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Clock:
    """The world's time: starts now, so that receivers accept our timestamps, and moves only when told."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.at

    def move(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as the receiver got it."""

    headers: dict[str, str]
    body: bytes
    path: str


@dataclass(slots=True)
class Receiver:
    """A client app's endpoint; `answers` are used up one by one, then it says 204."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: list[Reply | int] = field(default_factory=list)
    always: Reply | int = 204

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.heard.append(Heard({k.lower(): v for k, v in request.headers.items()}, body, request.path))
        answer = self.answers.pop(0) if self.answers else self.always
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request, body)


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.5", 0)
    await site.start()
    receiver.url = f"http://127.0.0.5:{runner.addresses[0][1]}/hooks"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@contextmanager
def servers(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(app URL, owner URL, Redis URL) of migrated servers that are thrown away."""
    with embedded.postgres(folder, durable=False) as database, embedded.redis(folder) as redis_url:
        schema.migrate(database.url(embedded.OWNER), database.url())
        yield database.url(), database.url(embedded.OWNER), redis_url


def settings(app_url: str, owner_url: str, redis_url: str, folder: Path, *, dev_mode: bool = True) -> Settings:
    return Settings(
        client_id="app.test",
        client_secret="secret",
        public_url="http://127.0.0.1:8000",
        secret_keys=(Fernet.generate_key().decode(),),
        auth_servers=("http://127.0.0.4:8004",),
        database_url=app_url,
        database_owner_url=owner_url,
        redis_url=redis_url,
        data_dir=folder,
        manifest=MANIFEST,
        dev_mode=dev_mode,
    )


@asynccontextmanager
async def opened(found: Settings, clock: Clock, failpoint: FailPoint) -> AsyncIterator[Resources]:
    async with open_resources(found, read_manifest(MANIFEST), now=clock, failpoint=failpoint) as resources:
        await empty(resources)
        yield resources


async def empty(resources: Resources) -> None:
    async with resources.directory() as db:
        await db.execute(text("DELETE FROM portals"))


async def portal(resources: Resources, name: str) -> int:
    """An active portal named `name`."""
    async with resources.directory() as db:
        row = await db.execute(
            insert(tables.portals)
            .values(
                member_id=f"member-{name}",
                public_id=f"p_{name}",
                state=PortalState.ACTIVE.value,
                domain=f"{name}.example",
                endpoint=f"https://{name}.example/rest/",
                auth_server="https://auth.example",
                created_at=resources.now(),
            )
            .returning(tables.portals.c.id)
        )
        return int(row.scalar_one())
