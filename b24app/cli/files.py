"""`b24app export` and `b24app restore`: the settings page's two doors for whoever runs the deployment."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from b24app.assembly import open_resources
from b24app.cli.portal import portal_named
from b24app.domain.export.restoring import RestoreState
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.export.journeys import exporting, restoring
from b24app.export.journeys.files_view import AT_WORK
from b24app.export.store import exports, restores
from b24app.export.store.exports import Export
from b24app.export.store.restores import Restore
from b24app.manifest import read_manifest
from b24app.resources import Resources
from b24app.settings import Settings

T = TypeVar("T")
NOBODY, PIECE, POLL = 0, 512 * 1024, 0.5


async def take_out(settings: Settings, portal: str) -> int:
    """The file on the standard output. Exit code 1 where there is no such portal."""
    async with open_resources(settings, read_manifest(settings.manifest)) as resources:
        found = await portal_named(resources, portal)
        if found is None:
            return 1
        async for part in taken_out(resources, found):
            sys.stdout.buffer.write(part)
    return 0


async def taken_out(resources: Resources, portal: Portal) -> AsyncIterator[bytes]:
    """A fresh export's bytes."""
    export_id = await exporting.ask(resources, portal.id, None)

    async def find() -> Export | None:
        async with resources.tenant(portal.id) as db:
            return await exports.one(db, portal.id, export_id)

    made = await _at_rest(
        resources, portal, exporting.CHORE, find, lambda found: found is None or found.state == exports.READY
    )
    if made:
        async for part in exporting.stream(resources, portal.id, made):
            yield part


async def bring_back(settings: Settings, portal: str, file: Path, *, do_it: bool) -> int:
    """What the file would bring back, or has brought back. Exit code 1: no such portal, or the file is refused."""
    async with open_resources(settings, read_manifest(settings.manifest)) as resources:
        found = await portal_named(resources, portal)
        if found is None:
            return 1
        try:
            restore = await brought_back(resources, found, await asyncio.to_thread(file.read_bytes), do_it=do_it)
        except Refused as refused:
            print(f"Refused: {refused.code}", file=sys.stderr)
            return 1
    for section, counts in restore.counts.items():
        print(section, *(f"{verdict} {rows}" for verdict, rows in counts.items()), sep="  ")
    if restore.state is RestoreState.REFUSED:
        print(f"Refused: {restore.error}", file=sys.stderr)
    elif restore.state is not (RestoreState.DONE if do_it else RestoreState.READY):
        print("The first reading of the CRM is not finished: try again later.", file=sys.stderr)
    return int(restore.state not in (RestoreState.READY, RestoreState.DONE))


async def brought_back(resources: Resources, portal: Portal, data: bytes, *, do_it: bool) -> Restore:
    """The journey's end, or where it waits. Raises Refused as the uploads of the settings page do."""
    restore_id = await restoring.begin(resources, portal.id, NOBODY)
    for number in range(-(-len(data) // PIECE)):
        piece = data[number * PIECE : (number + 1) * PIECE]
        await restoring.receive(resources, portal.id, NOBODY, restore_id, number, piece)
    await restoring.examine(resources, portal.id, restore_id)

    async def find() -> Restore | None:
        async with resources.tenant(portal.id) as db:
            return await restores.one(db, portal.id, restore_id)

    def rests(found: Restore | None) -> bool:
        unread = found is not None and found.state is RestoreState.WEIGHING and not portal.imported
        return found is None or unread or found.state not in AT_WORK

    found = await _at_rest(resources, portal, restoring.CHORE, find, rests)
    if do_it and found and found.state is RestoreState.READY:
        await restoring.apply(resources, portal.id, restore_id)
        found = await _at_rest(resources, portal, restoring.CHORE, find, rests)
    if found is None:
        raise Refused("not_found", 404)
    return found


async def _at_rest(
    resources: Resources, portal: Portal, chore: str, find: Callable[[], Awaitable[T]], rests: Callable[[T], bool]
) -> T:
    """Do a worker's part until nothing is left to do; a worker that has it in hand already is waited for."""
    from workers.chores import do_due  # the workers' layer stands beside this one

    while not rests(found := await find()):
        if not await do_due(resources, chore, portal.id):
            await asyncio.sleep(POLL)
    return found
