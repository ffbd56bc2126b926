"""Client apps from the command line, for the first one and for scripts; people use the settings page."""

from __future__ import annotations

from b24app.assembly import open_resources
from b24app.cli.portal import portal_named
from b24app.delivery.journeys import client_apps
from b24app.manifest import read_manifest
from b24app.settings import Settings


async def add_client_app(settings: Settings, portal: str, name: str, origins: list[str]) -> int:
    """Print the key, once. Exit code 1 where there is no such portal."""
    async with open_resources(settings, read_manifest(settings.manifest)) as resources:
        found = await portal_named(resources, portal)
        if found is None:
            return 1
        made = await client_apps.create(resources, found.id, name, tuple(origins))
        print(made.key)
    return 0
