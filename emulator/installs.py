"""An app of the catalogue, its installation in a portal, and the life of that installation."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.events import EventBinding
    from emulator.placements import PlacementBinding
    from emulator.portal import Portal


@dataclass(frozen=True, slots=True)
class MarketApp:
    """What the vendor's cabinet knows of an app (market/preparing-to-publish/how-to-add-app.md).

    `callback_install`: the installer URL takes ONAPPINSTALL from the portal instead of being opened in a frame.
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


@dataclass(slots=True, eq=False)
class Installation:
    """An app inside one portal.

    `installed` is the portal's INSTALLED flag; `access` the user ids admitted (None = everybody); `status` the letter
    sent with every open and event; `first_run` the users who have not yet opened the app.
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
    bindings: list["EventBinding"] = field(default_factory=list)
    placements: list["PlacementBinding"] = field(default_factory=list)
    seen_by: set[int] = field(default_factory=set)
    options: dict[str, Any] = field(default_factory=dict)
    user_options: dict[int, dict[str, Any]] = field(default_factory=dict)

    def admits(self, user_id: int) -> bool:
        """Whether this user may open the app and its widgets."""
        return self.access is None or user_id in self.access
