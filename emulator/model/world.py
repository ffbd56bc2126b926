"""The world the emulator runs: portals, auth server, catalogue, clock, faults, and the post on its way to the apps."""

import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module

import aiohttp

from emulator.config import EmulatorConfig, PortalConfig
from emulator.model.auth_server import AuthServer
from emulator.model.events import EventQueue
from emulator.model.faults import Faults
from emulator.model.installs import MarketApp
from emulator.model.limits import Answered, Meters
from emulator.model.people import Department, User
from emulator.model.portal import Portal
from emulator.rest.registry import Method, load

KEPT_REQUESTS = 1000


@dataclass(slots=True, eq=False)
class World:
    """`portals` by host (with port); `moved`: old host → new host. `offset` moves the clock.

    `journal`: the last REST requests; `crashes`: methods that broke by a bug of the emulator (tests want none);
    `warnings`: what the portal swallows in silence and a careful app never sends (unknown fields).
    `restored`: this world was kept from an earlier run (`keeping`).
    """

    config: EmulatorConfig
    scheme: str = "http"
    auth_host: str = ""
    offset: timedelta = timedelta()
    portals: dict[str, Portal] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    catalogue: dict[str, MarketApp] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=load)
    faults: Faults = field(default_factory=Faults)
    meters: Meters = field(default_factory=Meters)
    journal: deque[Answered] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    crashes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    listen: Callable[[str], Awaitable[str]] | None = None
    events: EventQueue = field(init=False)
    auth: AuthServer = field(init=False)
    session: aiohttp.ClientSession | None = None
    restored: bool = False

    def __post_init__(self) -> None:
        self.events = EventQueue(self)
        self.auth = AuthServer(self)
        self.catalogue |= {app.client_id: app for app in self.config.apps}

    def now(self) -> datetime:
        """Aware UTC time of the world."""
        return datetime.now(UTC) + self.offset

    def advance(self, **span: float) -> None:
        """Move the clock on, in the words of timedelta: `advance(hours=2)`."""
        self.offset += timedelta(**span)

    @property
    def http(self) -> aiohttp.ClientSession:
        """The session that carries events; there once the emulator serves."""
        assert self.session is not None, "the world is not being served"
        return self.session

    def portal(self, name: str) -> Portal:
        """By name. Raises KeyError."""
        return {portal.name: portal for portal in self.portals.values()}[name]

    async def deliver(self) -> int:
        """Send queued events until the queues are empty; how many were sent."""
        return await self.events.deliver()

    async def rename(self, portal: Portal, host: str) -> None:
        """The portal gets another address; the old one answers 302 (settings/how-to-call-rest-api/change-domen.md)."""
        host = await self.listen(host) if self.listen else host
        del self.portals[portal.host]
        earlier = [old for old, new in self.moved.items() if new == portal.host]
        self.moved |= dict.fromkeys([*earlier, portal.host], host)
        portal.host = host
        self.portals[host] = portal


def build(config: EmulatorConfig, hosts: dict[str, str]) -> World:
    """A world with its portals. `hosts`: configured host → the host really listened on."""
    world = World(config, "https" if config.tls else "http", hosts[config.auth_host])
    for portal in config.portals:
        add_portal(world, portal, hosts[portal.host])
    return world


def add_portal(world: World, config: PortalConfig, host: str) -> Portal:
    """A portal with its data; the same name has the same member_id in every run."""
    portal = Portal(
        world=world,
        name=config.name,
        member_id=hashlib.md5(config.name.encode(), usedforsecurity=False).hexdigest(),
        host=host,
        scheme=world.scheme,
        lang=config.lang,
        title=config.title or config.name,
        old=config.old,
        plan=config.plan,
    )
    world.portals[host] = portal
    equip(portal, config.seed or world.config.seed)
    return portal


def equip(portal: Portal, seed: str) -> None:
    """Fill a portal with a data set of `emulator.seed`, or with one admin, one employee and one department."""
    from emulator.crm.store import Crm

    portal.crm = Crm(portal)
    if seed:
        import_module(f"emulator.seed.{seed}").plant(portal)
        return
    portal.departments[1] = Department(1, portal.title, head=1)
    portal.users[1] = User(1, "Anna", "Berg", email="anna@example.com", departments=[1], admin=True)
    portal.users[2] = User(2, "Boris", "Dahl", email="boris@example.com", departments=[1])
