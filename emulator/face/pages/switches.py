"""The control door for people: every switch and every fault as a button that says what it does, /_control/.

A button posts its `body` to `/_control/<action>`; what it `needs` is taken from the choices at the top of the page.
"""

from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from emulator import attacks
from emulator.face.pages.render import page
from emulator.face.pages.visit import Visit
from emulator.model.differences import PROFILES, TABLE, Difference
from emulator.model.faults import FOREVER, Break
from emulator.model.installs import Installation
from emulator.model.people import CrmAccess
from emulator.model.plans import PLANS

Body = dict[str, Any]
PROGRAMS = {
    "state": "read by programs",
    "kinds": "read by programs",
    "app": "the catalogue is given with the configuration",
    "open": "the marketplace and every card open apps",
    "robot": "a raw request, for programs",
    "place": "the robots page does it",
    "run": "the card's robot button does it",
    "runs": "read by programs",
}
"""Actions of the door that are no switches, and why."""


@dataclass(frozen=True, slots=True)
class Switch:
    """`word`: the phrase `sw_<word>`; `needs`: app, user, method, host, url:<what the handler is for>, other; `source`:
    where it was reported."""

    word: str
    action: str
    body: Body = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    source: str = ""

    def stands(self, differences: Body) -> bool | None:
        """Whether what the button turns on is on; None for one that turns nothing on."""
        if self.action != "differences" or "profile" in self.body:
            return None
        return all(differences.get(name) == value for name, value in self.body.items())


@dataclass(frozen=True, slots=True)
class Shelf:
    """Buttons that belong together under the phrase `sw_<word>` with a note `sw_<word>_note`."""

    word: str
    switches: tuple[Switch, ...]


def _requests() -> tuple[Switch, ...]:
    broken = tuple(
        Switch(f"fault_{kind}", "faults", {"kind": kind.value, "seconds": 10}, ("portal", "method", "times"))
        for kind in Break
    )
    return (
        *broken,
        Switch("limit_on", "faults", {"enforce_limit": True}),
        Switch("limit_off", "faults", {"enforce_limit": False}),
        Switch("cost", "faults", {}, ("cost",)),
        Switch("clear", "faults", {"clear": True}),
    )


def _events() -> tuple[Switch, ...]:
    changes: tuple[tuple[str, Body], ...] = (
        ("lose_next", {"lose_next": 1}),
        ("lose_rate", {"lose_rate": 0.2}),
        ("duplicate_next", {"duplicate_next": 1}),
        ("duplicate_rate", {"duplicate_rate": 0.1}),
        ("delay", {"delay": 60}),
        ("reorder", {"reorder": True}),
        ("events_calm", {"lose_next": 0, "lose_rate": 0, "duplicate_next": 0, "duplicate_rate": 0, "delay": 0}),
    )
    made = tuple(Switch(word, "faults", {"events": body | _calm(word)}) for word, body in changes)
    echo = {"name": "ONCRMCONTACTUPDATE", "data": {"FIELDS": {"ID": "1"}}}
    return (*made, Switch("deliver", "deliver"), Switch("event", "event", echo, ("portal",)))


def _calm(word: str) -> Body:
    return {"reorder": False} if word == "events_calm" else {}


def _differences() -> tuple[Switch, ...]:
    profiles = tuple(Switch(f"profile_{name}", "differences", {"profile": name}, ("portal",)) for name in PROFILES)
    return (*profiles, *(switch for one in TABLE for switch in _different(one)))


def _different(one: Difference) -> tuple[Switch, ...]:
    """One button, or one for each of its words; pressed once more, or by a profile, it goes off."""
    values = {f"{one.name}_{word}": word for word in one.words} or {one.name: one.example}
    return tuple(
        Switch(f"differs_{word}", "differences", {one.name: value}, ("portal",), one.source)
        for word, value in values.items()
    )


def _life() -> tuple[Switch, ...]:
    here = ("portal", "app")
    return (
        Switch("install", "install", {}, ("portal", "market")),
        Switch("finish", "finish", {}, here),
        Switch("update", "update", {}, here),
        Switch("uninstall_keep", "uninstall", {"clean": False}, here),
        Switch("uninstall_clean", "uninstall", {"clean": True}, here),
        Switch("unpaid", "payment", {"expired": True}, here),
        Switch("paid", "payment", {"expired": False, "days": 30}, here),
        Switch("access_none", "access", {"users": []}, here),
        Switch("access_all", "access", {"users": None}, here),
        Switch("connector", "connector", {"id": "site_chat", "name": "Site chat"}, (*here, "url:open")),
        Switch("expire", "expire", {}, ("portal",)),
        Switch("revoke", "revoke", {}, here),
        Switch("race", "race", {}, here),
    )


def _portal() -> tuple[Switch, ...]:
    plans = tuple(Switch(f"plan_{name}", "plan", {"plan": name}, ("portal",)) for name in PLANS)
    return (
        *plans,
        Switch("rename", "rename", {}, ("portal", "host")),
        Switch("webhook", "webhook", {"scope": ["crm", "user", "im"]}, ("portal", "user")),
        Switch("hour", "clock", {"advance": 3600}),
        Switch("day", "clock", {"advance": 86400}),
        Switch("grow", "grow", {"companies": 1000, "contacts": 1000}, ("portal",)),
        Switch("reset", "reset"),
    )


def _people() -> tuple[Switch, ...]:
    them = ("portal", "user")
    levels = tuple(Switch(f"crm_{level}", "user", {"crm_access": level.value}, them) for level in CrmAccess)
    days = tuple(Switch(f"day_{act}", "workday", {"act": act}, them) for act in ("open", "pause", "close"))
    return (
        Switch("hire", "hire", {}, ("portal",)),
        Switch("dismiss", "user", {"active": False}, them),
        Switch("rehire", "user", {"active": True}, them),
        Switch("promote", "user", {"admin": True}, them),
        Switch("demote", "user", {"admin": False}, them),
        *levels,
        *days,
        Switch("away", "calendar", {"accessibility": "absent"}, (*them, "week")),
        Switch("busy_day", "calendar", {"accessibility": "busy"}, (*them, "week")),
        Switch("online", "seen", {"online": True}, them),
        Switch("offline", "seen", {"online": False}, them),
    )


def _attacks() -> tuple[Switch, ...]:
    def one(kind: str) -> Switch:
        return Switch(f"attack_{kind}", "forge", {"kind": kind}, ("portal", "app", f"url:{_target(kind)}", "other"))

    return tuple(map(one, attacks.kinds()))


def _target(kind: str) -> str:
    """Which of an app's addresses an attack is aimed at."""
    return kind.partition("_")[0] if kind.startswith(("open", "robot", "install")) else "event"


def shelves() -> tuple[Shelf, ...]:
    """All buttons in the order of the page."""
    return (
        Shelf("requests", _requests()),
        Shelf("events", _events()),
        Shelf("differences", _differences()),
        Shelf("life", _life()),
        Shelf("attacks", _attacks()),
        Shelf("people", _people()),
        Shelf("portal", _portal()),
    )


def _targets(installation: Installation) -> dict[str, str]:
    """Addresses of an app: its page, its installer, what hears events, what runs robots."""
    app = installation.app
    heard = next((one.handler for one in installation.bindings if one.handler), app.app_url)
    runs = next((one.handler for one in installation.robots.values()), heard)
    return {"open": app.app_url, "install": app.install_url or app.app_url, "event": heard, "robot": runs}


def board(visit: Visit) -> Response:
    """The page. Attacks that borrow from another portal take the first other one with the same app."""
    portal, world = visit.portal, visit.world
    apps = [
        {
            "code": one.app.code,
            "title": title(one, visit.lang),
            "urls": _targets(one),
            "other": _elsewhere(visit, client),
        }
        for client, one in portal.installations.items()
    ]
    market = [app.code for client, app in world.catalogue.items() if client not in portal.installations]
    people = list(portal.users.values())[:200]
    often = (("1", "sw_once"), ("10", "sw_ten"), (str(FOREVER), "sw_always"))
    set_to = dict(portal.differences)
    return page(
        visit, "switches.html", shelves=shelves(), apps=apps, market=market, people=people, often=often, set_to=set_to
    )


def _elsewhere(visit: Visit, client_id: str) -> str:
    """Another portal with the same app, "" if there is none."""
    others = (one for one in visit.world.portals.values() if one is not visit.portal)
    return next((one.name for one in others if client_id in one.installations), "")


def title(installation: Installation, lang: str) -> str:
    titles = installation.app.title
    return titles.get(lang) or next(iter(titles.values()), installation.app.code)
