"""What the emulator's tests share: an app of the catalogue, a listener that stands for it, a REST caller."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from emulator import php
from emulator.config import EmulatorConfig, PortalConfig
from emulator.model.installs import Installation, MarketApp, finish, install
from emulator.model.people import User
from emulator.model.portal import Portal
from emulator.run import Emulator

SCOPE = ("crm", "placement", "user", "im")


@dataclass(frozen=True, slots=True)
class Heard:
    """A request the listener got: path, query and form flat, and the form as PHP nests it."""

    method: str
    path: str
    query: dict[str, str]
    form: list[tuple[str, str]]

    @property
    def body(self) -> dict[str, Any]:
        return php.nest(self.form)


@dataclass(slots=True)
class Listener:
    """Stands for the app: keeps every request, answers 200 (or `status`)."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    status: int = 200
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Bodies of portal events, of one name or all."""
        return [one.body for one in self.heard if name in ("", one.body.get("event"))]

    async def hear(self, request: web.Request) -> web.Response:
        form = [(name, str(value)) for name, value in (await request.post()).items()]
        self.heard.append(Heard(request.method, request.path, dict(request.query), form))
        self.arrived.set()
        return web.Response(status=self.status, text="ok")


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """A listener on a free port."""
    listener = Listener()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", listener.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield listener
    finally:
        await runner.cleanup()


def market_app(url: str, **changed: Any) -> MarketApp:
    """An app of the catalogue whose pages are the listener's."""
    usual: dict[str, Any] = {
        "code": "vendor.app",
        "client_id": "app.5f0000000000a1.10000001",
        "client_secret": "secret-of-the-app",
        "title": {"ru": "Приложение", "en": "App"},
        "app_url": f"{url}/app?lane=1",
        "install_url": f"{url}/install",
        "scope": SCOPE,
    }
    return MarketApp(**(usual | changed))


def two_portals(url: str, **changed: Any) -> EmulatorConfig:
    """A new portal and an old box, ports free."""
    usual: dict[str, Any] = {
        "portals": (
            PortalConfig("first", "127.0.0.2:0", "ru"),
            PortalConfig("second", "127.0.0.3:0", "en", old=True),
        ),
        "auth_host": "127.0.0.4:0",
        "apps": (market_app(url),),
    }
    return EmulatorConfig(**(usual | changed))


@dataclass(slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    text: str
    headers: dict[str, str]

    @property
    def result(self) -> Any:
        assert self.status == 200, self.text
        return self.body["result"]

    @property
    def refusal(self) -> tuple[int, Any]:
        return self.status, self.body.get("error")


@dataclass(slots=True)
class Caller:
    """Calls REST as a user of an installed app."""

    session: aiohttp.ClientSession
    emulator: Emulator
    installation: Installation
    user: User

    @property
    def portal(self) -> Portal:
        return self.installation.portal

    def token(self) -> str:
        return self.emulator.world.auth.issue(self.installation, self.user).access_token

    async def call(self, method: str, params: dict[str, Any] | None = None, token: str | None = None) -> Answer:
        """A JSON POST with the token in `auth`, as SDKs do it."""
        body = {**(params or {}), "auth": token or self.token()}
        return await asked(self.session, "POST", f"{self.portal.url}/rest/{method}", json=body)

    def as_user(self, number: int) -> "Caller":
        """The same app used by another employee."""
        return Caller(self.session, self.emulator, self.installation, self.portal.users[number])


async def asked(session: aiohttp.ClientSession, verb: str, url: str, **given: Any) -> Answer:
    """One HTTP request, its JSON read where there is some."""
    async with session.request(verb, url, allow_redirects=False, **given) as response:
        text = await response.text()
        body = await response.json() if text and "json" in response.content_type else {}
        return Answer(response.status, body, text, dict(response.headers))


def installed(emulator: Emulator, portal: str = "first", **changed: Any) -> Installation:
    """The app of the catalogue, installed to the end by the portal's admin."""
    home = emulator.portal(portal)
    app = next(iter(emulator.world.catalogue.values()))
    installation = install(home, app, home.admin(), **changed)
    finish(installation, home.admin())
    return installation
