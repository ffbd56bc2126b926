"""The client app's end in tests of delivery and API: a receiver with its own will, portals without an emulator."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from aiohttp import web
from cryptography.fernet import Fernet
from sqlalchemy import func, insert, select
from standardwebhooks import Webhook

from b24app.asgi import build_app
from b24app.assembly import open_resources
from b24app.delivery.journeys import client_apps, registering
from b24app.delivery.journeys import drain as delivery
from b24app.delivery.journeys.registering import Wanted
from b24app.delivery.store import deliveries, publishing
from b24app.delivery.store.deliveries import Delivery
from b24app.demo import servers
from b24app.domain.delivery import news
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.news import MembershipVerificationChanged
from b24app.manifest import Manifest
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.settings import ROOT, Settings
from b24app.store.tables import portals as portals_table
from b24app.verification.store.tables import memberships
from b24app.work.store.tables import work
from tests.databases import engine_of
from tests.serving import bound, serving
from tests.world import FailPoints

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Clock:
    """Starts now, so that the published library accepts our timestamps, and moves only when told."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came."""

    headers: Mapping[str, str]
    body: bytes
    path: str
    target: str = ""  # as it stood in the request's first line

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def sequence(self) -> int | None:
        text = self.headers.get("webhook-sequence")
        return int(text) if text else None


@dataclass(slots=True)
class Receiver:
    """An endpoint that answers as told: `answers` one by one, then `always`. An answer is a status or a handler."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: list[Answer | int] = field(default_factory=list)
    always: Answer | int = 204

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.heard.append(Heard(headers, await request.read(), request.path, request.raw_path))
        answer = self.answers.pop(0) if self.answers else self.always
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request)

    def news(self) -> list[Heard]:
        return [one for one in self.heard if b'"endpoint.ping"' not in one.body]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    socket, address = bound("127.0.0.5")
    await web.SockSite(runner, socket).start()
    receiver.url = f"http://{address}/hooks"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True)
class Shop:
    """A portal with one client app and one registered endpoint."""

    portal: Portal
    app_id: UUID
    key: str
    endpoint_id: UUID
    secret: str


@dataclass(slots=True)
class Desk:
    """Verbs for tests of the way out."""

    resources: Resources
    clock: Clock
    receiver: Receiver
    failpoints: FailPoints
    api_url: str
    http: aiohttp.ClientSession

    async def portal(self, name: str) -> Portal:
        """An installed, imported portal."""
        values = {
            "member_id": f"member-{name}",
            "public_id": f"p_{name}",
            "state": PortalState.ACTIVE.value,
            "domain": f"{name}.example",
            "endpoint": f"https://{name}.example/rest/",
            "auth_server": "https://auth.example",
            "created_at": self.clock(),
            "imported_at": self.clock(),
        }
        async with self.resources.transaction() as db:
            id_ = (await db.execute(insert(portals_table).values(values).returning(portals_table.c.id))).scalar_one()
            found = await portals.by_id(db, id_)
        assert found
        return found

    async def shop(self, name: str = "one", url: str | None = None, *event_types: str) -> Shop:
        """Portal, client app and an endpoint that has answered its ping."""
        portal = await self.portal(name)
        app = await client_apps.create(self.resources, portal.id, "Кабинет")
        wanted = Wanted(url or self.receiver.url, event_types)
        made = await registering.register(self.resources, portal, app.app.id, wanted)
        await self.drain()
        return Shop(portal, app.app.id, app.key, made.endpoint.id, made.secret)

    def event(self, portal: Portal, membership: UUID | None = None, version: int = 2) -> news.Event:
        told = MembershipVerificationChanged(
            membership_id=membership or uuid4(),
            contact_id=7,
            company_id=3,
            person_id=uuid4(),
            customer_id=uuid4(),
            old_state="pending",
            new_state="confirmed",
            reason="box_unticked",
            decided_by=1,
            decided_by_source="event",
            sections=self.resources.policy.sections("confirmed"),
            version=version,
            previous_version=version - 1,
            occurred_at=self.clock(),
        )
        return news.event(told, portal=portal.public_id, randomness=secrets.token_bytes(16))

    async def publish(self, portal: Portal, *published: news.Event) -> int:
        async with self.resources.tenant(portal.id) as db:
            return await publishing.publish(db, portal.id, published, self.clock())

    async def drain(self, **span: float) -> int:
        """Let time pass and send what is due."""
        self.clock.move(**span)
        return (await delivery.drain(self.resources)).settled

    async def waiting(self) -> int:
        async with self.resources.transaction() as db:
            waits = select(func.count()).select_from(work).where(work.c.kind != "chore")
            return int((await db.execute(waits)).scalar_one())

    async def deliveries(self, shop: Shop) -> list[Delivery]:
        """Oldest first, pings left out."""
        async with self.resources.tenant(shop.portal.id) as db:
            found = await deliveries.of_endpoint(
                db, shop.portal.id, shop.endpoint_id, before=None, states=(), limit=1000
            )
        return [one for one in reversed(found) if one.type != news.EndpointPing.TYPE]

    async def api(self, method: str, path: str, key: str = "", body: Any = None, **headers: str) -> Reply:
        sent = {"Authorization": f"Bearer {key}"} if key else {}
        async with self.http.request(
            method,
            f"{self.api_url}{path}",
            json=body,
            headers=sent | {k.replace("_", "-"): v for k, v in headers.items()},
        ) as answer:
            return Reply(answer.status, answer.headers, await answer.text())


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


def verified(heard: Heard, secret: str) -> Any:
    """The body, where the published library accepts the signature."""
    return Webhook(secret).verify(heard.body, dict(heard.headers))


@asynccontextmanager
async def open_desk(server: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        socket, address = bound("127.0.0.1")
        settings, clock, failpoints = _settings(server, redis_url, f"http://{address}"), Clock(), FailPoints()
        resources = await stack.enter_async_context(open_resources(settings, manifest, now=clock, failpoint=failpoints))
        resources = replace(resources, engine=engine_of(server))
        await stack.enter_async_context(serving(build_app(settings, manifest, resources), socket))
        receiver = await stack.enter_async_context(receiving())
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Desk(resources, clock, receiver, failpoints, f"http://{address}/api/v1", http)


async def remember(
    desk: Desk, portal: Portal, contact: int, company: int, state: str = "confirmed", age: float = 0
) -> str:
    """A membership row, as the verification journey leaves it."""
    id_ = uuid4()
    async with desk.resources.tenant(portal.id) as db:
        await db.execute(
            insert(memberships).values(
                id=id_,
                portal_id=portal.id,
                contact_id=contact,
                company_id=company,
                state=state,
                reason="known",
                decided_by_source="unknown",
                told_state=state,
                updated_at=desk.clock() - timedelta(seconds=age),
            )
        )
    return str(id_)


def strict(resources: Resources) -> Resources:
    """The same, as outside DEV_MODE."""
    return replace(resources, settings=replace(resources.settings, dev_mode=False))


def _settings(server: servers.Postgres, redis_url: str, url: str) -> Settings:
    return Settings(
        client_id="app.test",
        client_secret="not-a-real-secret",
        public_url=url,
        secret_keys=(Fernet.generate_key().decode(),),
        auth_servers=("http://127.0.0.4:8004",),
        database_url=server.url(),
        database_owner_url=server.url(servers.OWNER),
        redis_url=redis_url,
        data_dir=ROOT / ".data",
        manifest=ROOT / "app.yaml",
        dev_mode=True,
    )
