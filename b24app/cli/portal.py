"""Which portal an operator means."""

from __future__ import annotations

import sys

from b24app.domain.portal.portal import Portal
from b24app.portal.store import portals
from b24app.resources import Resources


async def portal_named(resources: Resources, named: str) -> Portal | None:
    """By member id or domain; that there is none is said on standard error."""
    async with resources.autocommit() as db:
        found = await portals.by_member(db, named) or await portals.by_domain(db, named)
    if found is None:
        print(f"No portal {named} has installed the app.", file=sys.stderr)
    return found
