"""One Bitrix24 account: its people, installed apps, CRM and notifications."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.model.automation import Automation
from emulator.model.differences import Differences
from emulator.model.installs import Installation
from emulator.model.people import Department, User
from emulator.model.presence import Presence
from emulator.model.pull import Pull

if TYPE_CHECKING:
    from emulator.crm.store import Crm
    from emulator.model.world import World


@dataclass(slots=True)
class Notification:
    """A bell entry. `client_id` tells which app sent it (empty = the portal itself)."""

    id: int
    user_id: int
    message: str
    created: datetime
    client_id: str = ""
    author_id: int = 0
    tag: str = ""
    sub_tag: str = ""
    attach: Any = None
    read: bool = False


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook of a user: `/rest/<user_id>/<secret>/<method>`."""

    user_id: int
    secret: str
    scope: frozenset[str]


@dataclass(slots=True, eq=False)
class Portal:
    """`member_id` is permanent (32 hex), `host` is not; `old` boxes send fewer keys at an open.

    `removed`: what CLEAN=0 left of uninstalled apps. `plan`: `free | pro | enterprise`.
    """

    world: "World"
    name: str
    member_id: str
    host: str
    scheme: str = "http"
    lang: str = "ru"
    title: str = ""
    old: bool = False
    plan: str = "pro"
    users: dict[int, User] = field(default_factory=dict)
    departments: dict[int, Department] = field(default_factory=dict)
    installations: dict[str, Installation] = field(default_factory=dict)
    removed: dict[str, Installation] = field(default_factory=dict)
    webhooks: dict[tuple[int, str], Webhook] = field(default_factory=dict)
    notifications: list[Notification] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    differences: Differences = field(default_factory=Differences)
    automation: Automation = field(init=False)
    presence: Presence = field(init=False)
    pull: Pull = field(init=False)
    crm: "Crm" = field(init=False)

    def __post_init__(self) -> None:
        self.automation, self.presence, self.pull = Automation(self), Presence(self), Pull(self)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    def now(self) -> datetime:
        """Aware UTC time by the portal's own clock."""
        return self.world.now() + timedelta(seconds=self.differences.number("clock_shift"))

    def stored_now(self) -> datetime:
        """The moment its database would write down."""
        return self.now() + timedelta(seconds=self.differences.number("database_clock_shift"))

    def admin(self) -> User:
        """The first active administrator."""
        return next(user for user in self.users.values() if user.admin and user.active)

    def next_id(self, series: str) -> int:
        """The next number of a named series of this portal, from 1."""
        self.counters[series] = self.counters.get(series, 0) + 1
        return self.counters[series]

    def raise_event(self, name: str, data: dict[str, Any], actor: User | None) -> None:
        """Queue a portal event for every app that bound it; no actor (robots, agents) = no tokens in `auth`."""
        self.world.events.raise_event(self, name, data, actor)
