"""How the control door names things: portals by name, apps by code, people by id."""

from emulator.model.installs import Installation, MarketApp
from emulator.model.people import User
from emulator.model.portal import Portal
from emulator.model.world import World


def market_app(world: World, code: str) -> MarketApp:
    """From the catalogue. Raises KeyError."""
    return {app.code: app for app in world.catalogue.values()}[code]


def installation(world: World, portal: str, code: str) -> Installation:
    """Of a portal. Raises KeyError."""
    return {one.app.code: one for one in world.portal(portal).installations.values()}[code]


def person(portal: Portal, number: int | None) -> User:
    """By id, None = the first administrator. Raises KeyError."""
    return portal.admin() if number is None else portal.users[number]
