"""A small world for stories: a portal, the app, a client app. Verbs people would use; one per line; no sleeps.

`settle()` runs whatever waits, here and in the portal, until nothing is left: portal events, inbox, outbox.
The world owns the clock: `pass_time()` moves it for the portal and the app alike.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import aiohttp
from cryptography.fernet import Fernet
from redis.asyncio import Redis
from sqlalchemy import func, or_, select

from b24app.asgi import OURS, Doors, build_app
from b24app.assembly import open_resources
from b24app.cards.journeys import modes, sweep
from b24app.cards.store import imports
from b24app.delivery.journeys import client_apps
from b24app.demo import servers
from b24app.demo.parties import VENDOR, listing
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Mode
from b24app.domain.portal.portal import Portal as PortalRow
from b24app.domain.portal.viewer import Viewer
from b24app.features import PRODUCT
from b24app.lanes import Lane
from b24app.manifest import Manifest
from b24app.plug import Product
from b24app.portal.journeys import notices
from b24app.portal.journeys.installation import IMPORT
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.settings import ROOT, Settings
from b24app.work.store import inbox, index
from b24app.work.store.tables import work as work_table
from emulator.config import EmulatorConfig, PortalConfig
from emulator.crm.entities import Entity
from emulator.model.installs import Installation, MarketApp, finish, install, uninstall
from emulator.model.people import User
from emulator.model.portal import Portal
from emulator.opening import open_form
from emulator.run import Emulator, serve
from tests.chores import due, expire_one, portal_ids, rescan_one, rewake_all, sweep_one
from tests.databases import engine_of
from tests.receiver import Receiver, receiving
from tests.serving import bound, serving
from workers.chores import do_due
from workers.inbox import drain_portal
from workers.outbox import drain_outbox

CLIENT_ID, CLIENT_SECRET = "app.6a1f3c5e7b9d.12345678", "not-a-real-secret"
CHECK, STATUS = "UF_CRM_B24APP_CHECK", "UF_CRM_B24APP_STATUS"
ROUNDS = 60
WAITED_FOR = ("import_portal", "export", "restore", "weekly")


class Killed(BaseException):
    """A worker dies here: nothing that catches Exception may live on."""


@dataclass
class FailPoints:
    """Names a worker dies at, once each; `meanwhile`: what happens outside while it is there, once as well."""

    armed: set[str] = field(default_factory=set)
    passed: list[str] = field(default_factory=list)
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)

    def __call__(self, name: str) -> None:
        self.passed.append(name)
        if name in self.meanwhile:
            self.meanwhile.pop(name)()
        if name in self.armed:
            self.armed.remove(name)
            raise Killed(name)


@dataclass
class World:
    """Everything a story touches."""

    emulator: Emulator
    resources: Resources
    app_url: str
    http: aiohttp.ClientSession
    receiver: Receiver
    failpoints: FailPoints
    market_app: MarketApp
    kills: int = 0
    expected_failures: int = 0
    leftovers_explained: str = ""

    # --- the portal's side -------------------------------------------------------------------------------------

    @property
    def portal(self) -> Portal:
        return self.emulator.portal("first")

    @property
    def other_portal(self) -> Portal:
        return self.emulator.portal("second")

    def admin(self, portal: Portal | None = None) -> User:
        return (portal or self.portal).admin()

    def manager(self, portal: Portal | None = None) -> User:
        """Somebody who works in the CRM and is no admin."""
        return next(one for one in (portal or self.portal).users.values() if not one.admin and one.active)

    async def install(self, portal: Portal | None = None) -> Installation:
        """An admin presses Install on the marketplace page and the installer's page ends by itself."""
        portal = portal or self.portal
        installation = install(portal, self.market_app, self.admin(portal))
        page = await self.open(installation, self.admin(portal))
        assert page.status == 200, page.text
        finish(installation, self.admin(portal))
        page = await self.open(installation, self.admin(portal))  # the portal reloads, and our own page opens
        assert page.status == 200, page.text
        await self.settle()
        return installation

    async def open(
        self, installation: Installation, user: User, placement: str = "DEFAULT", handler: str = "", **options: Any
    ) -> Page:
        """A frame of ours is opened as the portal opens it: a form POST by the browser. `handler`: a path of ours."""
        bound_ = next((one.handler for one in installation.placements if one.placement == placement), None)
        handler = f"{self.app_url}{handler}" if handler else bound_ or ""
        form = open_form(installation, user, placement, options or None, handler=handler or None)
        async with self.http.post(form.action, data=form.fields) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers))

    async def uninstall(self, installation: Installation, *, clean: bool) -> None:
        uninstall(installation, self.admin(installation.portal), clean=clean)
        await self.settle()

    def installation(self, portal: Portal | None = None) -> Installation:
        return (portal or self.portal).installations[self.market_app.client_id]

    async def mode(self, mode: str, rule: str = "verification") -> None:
        """An admin switches a rule in the settings; what it asks for is begun."""
        await modes.set_mode(self.resources, await self._viewer(), rule, Mode(mode))
        await self._chores("sweep_portal")

    async def read_anew(self) -> int:
        """As it is where a version of the app reads what the one before did not; the portal's id."""
        portal_id = (await self.row()).id
        async with self.resources.tenant(portal_id) as db:
            await portals.change(db, portal_id, imported_at=None)
            await imports.restart(db, portal_id)
            await index.ask(db, portal_id, IMPORT, self.resources.now())
        return portal_id

    async def ask_sweep(self) -> None:
        """An admin presses "compare everything now" in the settings."""
        await sweep.ask(self.resources, await self._viewer())

    async def _viewer(self) -> Viewer:
        portal = await self.row()
        return Viewer(uuid4(), portal.id, self.admin().id, "", True, "ru", self.resources.now())

    async def failed(self) -> int:
        """Inbox rows kept for a person to look at."""
        portal_id = (await self.row()).id
        async with self.resources.tenant(portal_id) as db:
            return await inbox.count(db, portal_id, "failed")

    async def chores(self) -> None:
        """What the tick sends workers to do about portals that were removed, or are said to be."""
        await self._chores("prove_removal")
        await self._chores("erase_portal")

    async def erase(self) -> None:
        """The day in which a removal with its data can be called off goes by."""
        self.pass_time(days=1)
        await self.chores()

    async def _chores(self, *names: str) -> int:
        """Chores of these names that are due; how many."""
        waiting = await due(self.resources, *names)
        for name, portal_id in waiting:
            await self._survive(do_due, self.resources, name, portal_id)
        return len(waiting)

    def foreign_app(self) -> MarketApp:
        """Somebody else's app in the same marketplace."""
        return replace(self.market_app, code="somebody.else", client_id="app.0000.1", client_secret="another")

    def add_company(self, title: str = "ООО «Стройтехника»", portal: Portal | None = None, **fields: Any) -> int:
        portal = portal or self.portal
        return portal.crm.add(Entity.COMPANY, {"TITLE": title, **fields}, self.admin(portal))

    def add_contact(
        self,
        *companies: int,
        name: str = "Илья",
        last_name: str = "Соколов",
        portal: Portal | None = None,
        **fields: Any,
    ) -> int:
        portal = portal or self.portal
        values = {"NAME": name, "LAST_NAME": last_name, **fields}
        if companies:
            values["COMPANY_IDS"] = list(companies)
        return portal.crm.add(Entity.CONTACT, values, self.admin(portal))

    def add_requisite(
        self, entity: Entity, owner: int, inn: str = "7717586110", portal: Portal | None = None, **fields: Any
    ) -> int:
        """Somebody fills in the requisites of a company or contact."""
        portal = portal or self.portal
        hung = {"ENTITY_TYPE_ID": entity.type_id, "ENTITY_ID": owner, "PRESET_ID": 1, "NAME": "Организация"}
        return portal.crm.requisites.add({**hung, "RQ_INN": inn, **fields}, self.admin(portal))

    def tick(self, entity: Entity, id: int, ticked: bool = True, by: User | None = None) -> None:
        """A person sets the box in the card and saves it."""
        portal = self.portal
        portal.crm.update(entity, id, {CHECK: "1" if ticked else "0"}, by or self.manager())

    def tick_by_robot(self, entity: Entity, id: int, ticked: bool = True) -> None:
        """A robot sets the box: the event names no user and carries no tokens."""
        self.portal.crm.robot_update(entity, id, {CHECK: "1" if ticked else "0"})

    def card(self, entity: Entity, id: int, portal: Portal | None = None) -> tuple[bool, str]:
        """(box, status text) as the card shows them."""
        portal = portal or self.portal
        record = portal.crm.get(entity, id)
        assert record is not None
        chosen = str(record.get(STATUS) or "")
        field_ = portal.crm.userfields[entity].get(STATUS)
        options = {str(one.id): one.value for one in (field_.options if field_ else ())}
        return str(record.get(CHECK) or "0") in ("1", "Y", "True"), options.get(chosen, "")

    # --- the client app's side ---------------------------------------------------------------------------------

    async def client_app(self, portal: Portal | None = None, name: str = "Личный кабинет") -> str:
        """A client app is let in; its key."""
        row = await self.row(portal)
        return (await client_apps.create(self.resources, row.id, name)).key

    async def subscribe(self, portal: Portal | None = None, receiver: Receiver | None = None, **body: Any) -> str:
        """The receiver registers its endpoint by the API and answers the ping; the client app's key."""
        receiver = receiver or self.receiver
        key = await self.client_app(portal)
        answer = await self.api("POST", "/endpoints", key, {"url": receiver.url, **body})
        assert answer.status == 201, answer.text
        receiver.secret = answer.json()["secret"]
        await self.settle()
        return key

    async def api(self, method: str, path: str, key: str, body: Any = None, **headers: str) -> Page:
        sent = {"Authorization": f"Bearer {key}", **headers}
        async with self.http.request(method, f"{self.app_url}/api/v1{path}", json=body, headers=sent) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers))

    # --- time and work -----------------------------------------------------------------------------------------

    async def row(self, portal: Portal | None = None) -> PortalRow:
        """The app's own directory row of a portal."""
        async with self.resources.transaction() as db:
            found = await portals.by_member(db, (portal or self.portal).member_id)
        assert found, "the app does not know this portal"
        return found

    def pass_time(self, **span: float) -> None:
        self.emulator.world.advance(**span)

    async def settle(self) -> None:
        """Run everything that waits and is due, until nothing does; where events are lost, the rescan finds it."""
        await self._rest()
        if self.emulator.world.faults.events.lose_rate:
            self.pass_time(minutes=6)
            for portal_id in await portal_ids(self.resources, PortalState.ACTIVE):
                await rescan_one(self.resources, portal_id)
            await self._rest()

    async def _rest(self) -> None:
        for _ in range(ROUNDS):
            if not await self._round():
                return
        raise AssertionError("the world does not come to rest")

    async def rescan(self) -> None:
        """The look every five minutes, and what it finds."""
        await rescan_one(self.resources, (await self.row()).id)
        await self.settle()

    async def sweep(self) -> None:
        """The nightly look at every card, and what it finds."""
        for nightly in (sweep_one, expire_one):
            await self._survive(nightly, self.resources, (await self.row()).id)
        await self.settle()

    def forget_events(self, what: str = "") -> None:
        """The portal loses every event it has not sent yet; `what`: only ADD, UPDATE or DELETE."""
        queue = self.emulator.world.events
        queue.queued = deque(one for one in queue.queued if what not in one.event)

    def decided_by(self, user: User) -> dict[str, Any]:
        """How a client app is told of a person's decision: by the event, or by the record where the event was lost."""
        lost = self.emulator.world.faults.events.lose_rate
        return {"user_id": user.id, "source": "modified_by" if lost else "event"}

    async def _round(self) -> int:
        done = await self.emulator.world.deliver()
        done += await self._chores("prove_removal", "import_portal")
        for portal_id in await portal_ids(self.resources, PortalState.ACTIVE):
            for lane in Lane:
                done += await self._survive(drain_portal, self.resources, portal_id, lane)
        done += await self._chores("export", "restore", "weekly")
        return done + await self._survive(drain_outbox, self.resources, 5)

    async def _survive(self, job: Callable[..., Any], *arguments: Any) -> int:
        """A worker may be killed at a named point; its claims run out, and the rewake finds its rows."""
        try:
            done = await job(*arguments)
            return done if isinstance(done, int) else 0
        except Killed:
            self.kills += 1
            self.pass_time(seconds=index.LEASE.total_seconds() + 1)
            await rewake_all(self.resources)
            return 1

    async def waiting(self) -> int:
        """Rows of the work index, due or not: of chores those only for which somebody waits; no notice that tells of
        nothing new and may take its time."""
        waits = or_(work_table.c.kind != "chore", func.split_part(work_table.c.key, ":", 1).in_(WAITED_FOR))
        calm = work_table.c.error.is_(None) & (work_table.c.due_at > self.resources.now())
        waits &= ~((work_table.c.kind == notices.PART) & calm)
        async with self.resources.transaction() as db:
            return int((await db.execute(select(func.count()).select_from(work_table).where(waits))).scalar_one())

    async def assert_nothing_left(self) -> None:
        """After a story inbox, outbox and failures are empty, or the story said why."""
        world = self.emulator.world
        assert world.crashes == [], world.crashes
        assert world.warnings == [], world.warnings
        if not self.leftovers_explained:
            assert await self.waiting() == 0, "the work index still holds rows"


@dataclass(frozen=True)
class Page:
    """What a door answered."""

    status: int
    text: str
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.text)


@asynccontextmanager
async def open_world(
    postgres: servers.Postgres,
    redis_url: str,
    manifest: Manifest,
    portals_: tuple[PortalConfig, ...] = (
        # the plan with the largest bucket: a story asks more in a second than people do in minutes
        PortalConfig("first", "127.0.0.2:0", plan="enterprise"),
        PortalConfig("second", "127.0.0.3:0", lang="en", plan="enterprise"),
    ),
    secret_key: str = "",
    product: Product = PRODUCT,
    doors: Doors = OURS,
) -> AsyncIterator[World]:
    """Portals, auth server, app and receiver on loopback addresses of their own, in this event loop.

    `secret_key`: the one that seals; a new one where none is given.
    """
    async with AsyncExitStack() as stack:
        socket, address = bound("127.0.0.1")
        app_url = f"http://{address}"
        market_app = MarketApp.entered(
            {
                "code": manifest.code,
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "title": dict(manifest.title),
                "app_url": f"{app_url}/app",
                "install_url": f"{app_url}/install",
                "scope": manifest.scopes,
                "listing": listing(app_url, VENDOR),
            }
        )
        config = EmulatorConfig(portals=portals_, auth_host="127.0.0.4:0", apps=(market_app,))
        emulator = await stack.enter_async_context(serve(config))
        failpoints = FailPoints()
        key = secret_key or Fernet.generate_key().decode()
        environment = _settings(postgres, redis_url, app_url, emulator, key)
        resources = await stack.enter_async_context(
            open_resources(environment, manifest, now=emulator.world.now, failpoint=failpoints, product=product)
        )
        resources = replace(resources, engine=engine_of(postgres))
        stack.push_async_callback(resources.calls.flush, resources)
        redis = Redis.from_url(redis_url)
        await redis.flushdb()
        await redis.aclose()
        await stack.enter_async_context(serving(build_app(environment, manifest, resources, doors), socket))
        receiver = await stack.enter_async_context(receiving(emulator.world.now))
        timeout = aiohttp.ClientTimeout(total=60)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        yield World(emulator, resources, app_url, http, receiver, failpoints, market_app)


def _settings(
    postgres: servers.Postgres, redis_url: str, app_url: str, emulator: Emulator, secret_key: str
) -> Settings:
    return Settings(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        public_url=app_url,
        secret_keys=(secret_key,),
        auth_servers=(emulator.url(emulator.world.auth_host),),
        database_url=postgres.url(),
        database_owner_url=postgres.url(servers.OWNER),
        redis_url=redis_url,
        data_dir=ROOT / ".data",
        manifest=ROOT / "app.yaml",
        dev_mode=True,
        vendor=VENDOR,
    )
