"""`b24app failures`: what was given up at a portal, why, and another try or an end to it."""

from __future__ import annotations

from collections.abc import Sequence

from b24app.assembly import open_resources
from b24app.cards.store import records
from b24app.cli.portal import portal_named
from b24app.domain.portal.portal import Portal
from b24app.lanes import Lane
from b24app.manifest import read_manifest
from b24app.resources import Resources
from b24app.settings import Settings
from b24app.work.store import failures


async def show_failures(settings: Settings, portal: str, ids: Sequence[int], *, retry: bool, close: bool) -> int:
    """One line per row given up; with `retry` or `close`, what became of how many. Exit code 1: no such portal."""
    async with open_resources(settings, read_manifest(settings.manifest)) as resources:
        found = await portal_named(resources, portal)
        if found is None:
            return 1
        for line in await settled(resources, found, ids, retry=retry, close=close):
            print(line)
    return 0


async def settled(resources: Resources, portal: Portal, ids: Sequence[int], *, retry: bool, close: bool) -> list[str]:
    """The lines to print; no `ids`: all of the portal."""
    now = resources.now()
    async with resources.tenant(portal.id) as db:
        if close:
            return [f"closed {await failures.close(db, portal.id, now, ids)}"]
        if not retry:
            return [
                f"{one.id}  {one.received_at:%Y-%m-%d %H:%M:%S}  {one.subject}  {one.name}  {one.error}"
                for one in await failures.listing(db, portal.id, ids)
            ]
        count, cards = await failures.retry(db, portal.id, now, ids)
        await records.write_again(db, portal.id, cards)
    await resources.wake.inbox(portal.id, Lane.BULK)
    return [f"waiting again {count}"]
