"""An app of the catalogue, its installation in a portal, and the life of that installation.

not installed → installer frame (admins) → `finish` → INSTALLED, ONAPPINSTALL → `update` (ONAPPUPDATE, bindings dropped,
installer again) → `uninstall` (ONAPPUNINSTALL, tokens dead) → `install` anew with another application token.
Pages: settings/app-installation/index.md, …/installation-finish.md, settings/app-uninstallation.md.
"""

import secrets
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from emulator.errors import access_denied
from emulator.model.events import EventBinding
from emulator.model.offline import OfflineQueue
from emulator.model.people import User
from emulator.model.placements import PlacementBinding
from emulator.model.robots import Robot

if TYPE_CHECKING:
    from emulator.model.portal import Portal


Texts = dict[str, str]
"""By language."""


@dataclass(frozen=True, slots=True)
class Listing:
    """An app's card in the Market (market/preparing-to-publish/common-requirements.md, “Solution Card”).

    `description`, `installation`: paragraphs, `## ` before a heading, `- ` or `1. ` before a line of a list; `scopes`:
    what each is for; `icon`: a picture's path; `screenshots`: a folder of `<language>-<n>.png`, which may not be there.
    """

    short: Texts
    description: Texts
    installation: Texts
    support: Texts
    price: Texts
    vendor: Texts
    scopes: dict[str, Texts] = field(default_factory=dict)
    licence: str = ""
    privacy: str = ""
    icon: str = ""
    screenshots: str = ""


@dataclass(frozen=True, slots=True)
class MarketApp:
    """What the vendor's cabinet knows of an app (market/preparing-to-publish/how-to-add-app.md).

    `listing`: None for one that is only tested. `callback_install`: the installer URL takes ONAPPINSTALL from the
    portal instead of being opened in a frame.
    """

    code: str
    client_id: str
    client_secret: str
    title: dict[str, str]
    app_url: str
    install_url: str | None = None
    scope: tuple[str, ...] = ()
    version: int = 1
    callback_install: bool = False
    redirect_url: str | None = None
    menu: bool = True
    listing: Listing | None = None

    @classmethod
    def entered(cls, row: dict[str, Any]) -> "MarketApp":
        """From the same words as JSON. Raises TypeError for others."""
        listing = Listing(**row["listing"]) if row.get("listing") else None
        return cls(**{**row, "scope": tuple(row.get("scope", ())), "listing": listing})


@dataclass(slots=True, eq=False)
class Installation:
    """An app inside one portal.

    `installed` is the portal's INSTALLED flag; `access` the user ids admitted (None = everybody); `status` the letter
    sent with every open and event; `seen_by` the users who have opened the app; `robots` by code; `triggers` name by
    code; `former_tokens` the application tokens it had before, for attacks; `given_up` handlers that were too slow.
    """

    id: int
    app: MarketApp
    portal: "Portal"
    application_token: str
    installed: bool = False
    active: bool = True
    version: int = 1
    status: str = "F"
    scope: frozenset[str] = frozenset()
    installed_by: int = 0
    payment_expired: bool = False
    days: int | None = None
    access: set[int] | None = None
    bindings: list[EventBinding] = field(default_factory=list)
    placements: list[PlacementBinding] = field(default_factory=list)
    seen_by: set[int] = field(default_factory=set)
    options: dict[str, Any] = field(default_factory=dict)
    user_options: dict[int, dict[str, Any]] = field(default_factory=dict)
    offline: OfflineQueue = field(default_factory=OfflineQueue)
    robots: dict[str, Robot] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    former_tokens: list[str] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)

    def admits(self, user_id: int) -> bool:
        """Whether this user may open the app and its widgets."""
        return self.access is None or user_id in self.access

    def scopes(self) -> list[str]:
        """Granted scopes in the app card's order."""
        return [name for name in self.app.scope if name in self.scope]


class Opening(StrEnum):
    """What opening the app shows to a user."""

    APP = "app"
    INSTALLER = "installer"
    BLOCKED = "blocked"  # installation not finished, the user is no admin
    FORBIDDEN = "forbidden"  # no access to the app


def opening(installation: Installation, user: User) -> Opening:
    """What the portal shows instead of or as the app's frame (settings/app-installation/installation-finish.md)."""
    if not installation.admits(user.id) and not user.admin:
        return Opening.FORBIDDEN
    if installation.installed:
        return Opening.APP
    return Opening.INSTALLER if user.admin else Opening.BLOCKED


def install(portal: "Portal", app: MarketApp, user: User, status: str = "F") -> Installation:
    """An admin presses Install. INSTALLED at once without an installer or with a callback installer.

    Raises RestError ACCESS_DENIED for non-admins, ValueError when the app is installed already.
    """
    if not user.admin:
        raise access_denied()
    if app.client_id in portal.installations:
        raise ValueError(f"{app.code} is installed in {portal.name}")
    left = portal.removed.pop(app.client_id, None)
    installation = Installation(
        id=left.id if left else portal.next_id("app"),
        app=app,
        portal=portal,
        application_token=secrets.token_hex(16),
        installed=app.callback_install or not app.install_url,
        version=app.version,
        status=status,
        scope=frozenset(app.scope),
        installed_by=user.id,
        options=left.options if left else {},
        user_options=left.user_options if left else {},
        former_tokens=[*left.former_tokens, left.application_token] if left else [],
    )
    portal.installations[app.client_id] = installation
    if app.callback_install and app.install_url:
        bind_installer(installation)
    _tell_installed(installation, user)
    return installation


def bind_installer(installation: Installation) -> None:
    """The portal itself binds ONAPPINSTALL to the installer URL (…/mass-market-apps/installation-callback.md)."""
    handler = installation.app.install_url
    if handler:
        number = installation.portal.next_id("event_handler")
        installation.bindings.append(EventBinding(number, "ONAPPINSTALL", handler))


def finish(installation: Installation, user: User) -> bool:
    """`BX24.installFinish()` in an admin's frame. False when nothing came of it: installed already.

    Raises RestError ACCESS_DENIED for non-admins.
    """
    if not user.admin:
        raise access_denied()
    if installation.installed or installation.portal.differences.on("install_unfinished"):
        return False
    installation.installed = True
    _tell_installed(installation, user)
    return True


def uninstall(installation: Installation, user: User, clean: bool) -> None:
    """The app leaves: ONAPPUNINSTALL without tokens, bindings, placements and tokens gone; `clean` erases its options.

    Local apps (status L) are always cleaned (settings/app-uninstallation.md).
    """
    if not user.admin:
        raise access_denied()
    portal = installation.portal
    clean = clean or installation.status == "L"
    _tell(installation, "ONAPPUNINSTALL", {"LANGUAGE_ID": portal.lang, "CLEAN": int(clean)}, user)
    installation.bindings.clear()
    installation.placements.clear()
    installation.active = False
    del portal.installations[installation.app.client_id]
    if clean:
        installation.options, installation.user_options = {}, {}
    portal.removed[installation.app.client_id] = installation


def next_version(app: MarketApp, version: int | None = None) -> MarketApp:
    """The same app one version (or to a given version) further."""
    return replace(app, version=version or app.version + 1)


def update(installation: Installation, app: MarketApp, user: User) -> None:
    """A new version: ONAPPUPDATE with a renewed application token, then handlers, placements, robots are dropped.

    The installer opens again (or is called again) for apps that have one. Page: common/events/on-app-update.md.
    """
    if not user.admin:
        raise access_denied()
    before, installation.app = installation.version, app
    installation.version, installation.scope = app.version, frozenset(app.scope)
    installation.former_tokens.append(installation.application_token)
    installation.application_token = secrets.token_hex(16)
    data = {"VERSION": app.version, "PREVIOUS_VERSION": before, "LANGUAGE_ID": installation.portal.lang}
    _tell(installation, "ONAPPUPDATE", data, user)
    installation.bindings.clear()
    installation.placements.clear()
    installation.robots.clear()
    installation.installed = app.callback_install or not app.install_url
    if app.callback_install:
        bind_installer(installation)
        _tell_installed(installation, user)


def pay(installation: Installation, expired: bool, status: str = "S", days: int | None = None) -> None:
    """The paid period ends or is renewed; ONAPPPAYMENT reaches only an app whose period runs."""
    installation.payment_expired, installation.status, installation.days = expired, status, days
    data = {
        "CODE": installation.app.code,
        "VERSION": installation.version,
        "STATUS": status,
        "PAYMENT_EXPIRED": "Y" if expired else "N",
        "DAYS": days,
        "LANGUAGE_ID": installation.portal.lang,
    }
    _tell(installation, "ONAPPPAYMENT", data, None)


def _tell_installed(installation: Installation, user: User) -> None:
    data = {
        "VERSION": installation.version,
        "ACTIVE": "Y" if installation.active else "N",
        "INSTALLED": "Y" if installation.installed else "N",
        "LANGUAGE_ID": installation.portal.lang,
    }
    _tell(installation, "ONAPPINSTALL", data, user)


def _tell(installation: Installation, event: str, data: dict[str, Any], user: User | None) -> None:
    installation.portal.world.events.raise_for(installation, event, data, user)
