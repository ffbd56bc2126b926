"""The world the emulator runs: portals, auth server, catalogue, clock, faults, and the post on its way to the apps."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from emulator.auth_server import AuthServer
from emulator.config import EmulatorConfig
from emulator.events import EventQueue
from emulator.faults import Faults
from emulator.installs import MarketApp
from emulator.portal import Portal


@dataclass(slots=True, eq=False)
class World:
    """`portals` by host (with port). `offset` moves the clock; nothing else here reads the machine's time."""

    config: EmulatorConfig
    scheme: str = "http"
    auth_host: str = ""
    offset: timedelta = timedelta()
    portals: dict[str, Portal] = field(default_factory=dict)
    catalogue: dict[str, MarketApp] = field(default_factory=dict)
    faults: Faults = field(init=False)
    events: EventQueue = field(init=False)
    auth: AuthServer = field(init=False)

    def now(self) -> datetime:
        """Aware UTC time of the world."""
        return datetime.now(UTC) + self.offset

    async def deliver(self) -> int:
        """Send queued events until the queues are empty; how many were sent."""
        return await self.events.deliver()
