"""Bring back what an export file holds: uploaded in parts, examined, judged, and applied when an admin says so.

Nothing of a file is believed before its signature was found genuine. Weighing and applying are the same function, with
and without writing, a part at a time; what comes back leaves rows for the cards, and their own journey goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.export import file_format, signing
from b24app.domain.export.file_format import Examiner, Unpacker, WrongFile
from b24app.domain.export.restoring import RestoreState
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import Refused
from b24app.export.journeys.sections import Sections
from b24app.export.store import file_parts, restores
from b24app.export.store.file_parts import FilePart
from b24app.export.store.restores import Restore
from b24app.plug import Restoring
from b24app.portal.store import journal
from b24app.portal.store.journal import Changed
from b24app.resources import Resources
from b24app.work.store import index
from b24app.work.store.index import WorkKind

CHORE = "restore"
BUDGET = 20.0  # seconds of one go
SLICE = 1_000  # rows of a part
READ_FIRST = timedelta(seconds=10)  # between two looks whether the portal is read
MAGIC = b"\x1f\x8b"

log = structlog.get_logger()


async def begin(resources: Resources, portal_id: int, user_id: int) -> UUID:
    """A new upload, in place of whatever was uploaded before. Raises Refused `restore_at_work`."""
    restore_id, now = uuid4(), resources.now()
    async with resources.tenant(portal_id) as db:
        before = await restores.newest(db, portal_id)
        if before and before.state is RestoreState.APPLYING:
            raise Refused("restore_at_work", 409)
        await restores.begin(db, portal_id, restore_id, user_id, now)
    return restore_id


async def receive(
    resources: Resources, portal_id: int, user_id: int, restore_id: UUID, number: int, data: bytes
) -> None:
    """One part, in order; one that was sent twice counts once. Whoever began it goes on with it.

    Raises Refused `not_found`, `restore_out_of_order`, `export_not_ours`, `export_too_large`.
    """
    async with resources.tenant(portal_id) as db:
        found = await restores.one(db, portal_id, restore_id, lock=True)
        if found is None or found.user_id != user_id or found.state is not RestoreState.RECEIVING:
            raise Refused("not_found", 404)
        if number > found.parts or number < 0 or not data:
            raise Refused("restore_out_of_order", 409)
        if number < found.parts:
            return
        if number == 0 and not data.startswith(MAGIC):
            raise Refused("export_not_ours", 422)
        if found.bytes + len(data) > file_format.LARGEST_FILE:
            raise Refused("export_too_large", 413)
        await file_parts.put(db, portal_id, restore_id, FilePart(number, "", data), ours=False)
        await restores.change(db, portal_id, restore_id, parts=number + 1, bytes=found.bytes + len(data))


async def examine(resources: Resources, portal_id: int, restore_id: UUID) -> None:
    """Everything is uploaded. Raises Refused `not_found`."""
    async with resources.tenant(portal_id) as db:
        await _move(db, resources, portal_id, restore_id, RestoreState.RECEIVING, RestoreState.CHECKING)
    await resources.wake.chore(CHORE, portal_id)


async def apply(resources: Resources, portal_id: int, restore_id: UUID, by: Viewer | None = None) -> None:
    """The administrator has seen what it would change and wants it. Raises Refused `not_found`.

    `by`: who does it, for the journal; None: whoever runs the app.
    """
    async with resources.tenant(portal_id) as db:
        more = {"position": 0, "counts": {}}
        await _move(db, resources, portal_id, restore_id, RestoreState.READY, RestoreState.APPLYING, **more)
        changed = Changed(feature="export", action="restored")
        await journal.write(db, portal_id, by, changed, resources.now())
    await resources.wake.chore(CHORE, portal_id)


async def forget(resources: Resources, portal_id: int, restore_id: UUID) -> None:
    """Drop the file, unless it is being applied. Raises Refused `restore_at_work`."""
    async with resources.tenant(portal_id) as db:
        found = await restores.one(db, portal_id, restore_id, lock=True)
        if found and found.state is RestoreState.APPLYING:
            raise Refused("restore_at_work", 409)
        await restores.drop(db, portal_id)
        await index.drop(db, portal_id, WorkKind.CHORE, [f"restore:{restore_id}"])


async def carry(resources: Resources, portal: Portal, key: str, *, sections: Sections) -> datetime | None:
    """Go on with this restore. When to go on: None where it waits for a person or is over."""
    until, restore_id = monotonic() + BUDGET, UUID(key)
    while monotonic() < until:
        async with resources.tenant(portal.id) as db:
            found = await restores.one(db, portal.id, restore_id)
        match found.state if found else None:
            case RestoreState.CHECKING:
                await _check(resources, portal, sections, restore_id)
            case RestoreState.WEIGHING if not portal.imported:
                return resources.now() + READ_FIRST
            case RestoreState.WEIGHING | RestoreState.APPLYING:
                await _step(resources, portal, sections, restore_id)
                resources.failpoint("restore.slice")
            case _:
                return None
    return resources.now()


async def _move(
    db: AsyncConnection,
    resources: Resources,
    portal_id: int,
    restore_id: UUID,
    was: RestoreState,
    to: RestoreState,
    **more: Any,
) -> None:
    """The caller wakes the chore after the commit."""
    found = await restores.one(db, portal_id, restore_id, lock=True)
    if found is None or found.state is not was:
        raise Refused("not_found", 404)
    await restores.change(db, portal_id, restore_id, state=to.value, **more)
    await index.ask(db, portal_id, f"restore:{restore_id}", resources.now())
    log.info("restore", portal=portal_id, restore=str(restore_id), state=to)


async def _check(resources: Resources, portal: Portal, sections: Sections, restore_id: UUID) -> None:
    """Is it ours, whole, unchanged and of this portal: its rows in parts of our own, or the reason why not."""
    try:
        examiner, parts = await _read(resources, portal, sections, restore_id)
        signed, signature = examiner.finish()
        _genuine(resources, file_format.signed_bytes(signed), signature)
    except Superseded:
        return
    except WrongFile as wrong:
        log.warning("restore_refused", portal=portal.id, restore=str(restore_id), code=wrong.code)
        async with resources.tenant(portal.id) as db:
            await _drop_parts(db, portal.id, restore_id)
            over = {"state": RestoreState.REFUSED.value, "error": wrong.code, "finished_at": resources.now()}
            await restores.change(db, portal.id, restore_id, **over)
        return
    async with resources.tenant(portal.id) as db:
        await file_parts.drop(db, portal.id, restore_id, ours=False)
        made_at = examiner.header.made_at if examiner.header else None
        weighing = {"state": RestoreState.WEIGHING.value, "parts": parts, "made_at": made_at}
        await restores.change(db, portal.id, restore_id, **weighing)


def _genuine(resources: Resources, data: bytes, signature: signing.Signature) -> None:
    keys = resources.settings.secret_keys
    if not signing.known(keys, file_format.PURPOSE, signature):
        raise WrongFile("export_key_unknown")
    if not signing.genuine(keys, file_format.PURPOSE, data, signature):
        raise WrongFile("export_changed")


async def _read(resources: Resources, portal: Portal, sections: Sections, restore_id: UUID) -> tuple[Examiner, int]:
    """The whole file, line by line; how many parts of our own it came to. Raises WrongFile."""
    async with resources.tenant(portal.id) as db:
        await file_parts.drop(db, portal.id, restore_id, ours=True)
        raw, _ = await file_parts.size(db, portal.id, restore_id, ours=False)
    unpacker, examiner = Unpacker(), Examiner(portal.member_id, [section.name for section in sections])
    shelf = _Shelf(resources, portal.id, sections, restore_id)
    for number in range(raw):
        async with resources.tenant(portal.id) as db:
            part = await file_parts.one(db, portal.id, restore_id, number, ours=False)
        for line in unpacker.feed(part.body if part else b""):
            if row := examiner.take(line):
                await shelf.put(*row, line)
    unpacker.close()
    await shelf.flush()
    return examiner, shelf.parts


class Superseded(Exception):
    """Another file was uploaded, or this one forgotten, while it was being read."""


class _Shelf:
    """Rows of a file in parts of our own, each of one section. Putting raises `Superseded`."""

    def __init__(self, resources: Resources, portal_id: int, sections: Sections, restore_id: UUID) -> None:
        self.resources, self.portal_id, self.restore_id = resources, portal_id, restore_id
        self._rows = {section.name: section.row for section in sections}
        self.parts, self._section, self._lines = 0, "", list[bytes]()

    async def put(self, section: str, row: Mapping[str, Any], line: bytes) -> None:
        """Raises WrongFile `export_damaged` for a row that is none of its section's."""
        try:
            self._rows[section].model_validate(row)
        except ValidationError:
            raise WrongFile("export_damaged") from None
        if section != self._section or len(self._lines) == SLICE:
            await self.flush()
        self._section = section
        self._lines.append(line)

    async def flush(self) -> None:
        if self._lines:
            async with self.resources.tenant(self.portal_id) as db:
                found = await restores.one(db, self.portal_id, self.restore_id, lock=True)
                if found is None or found.state is not RestoreState.CHECKING:
                    raise Superseded
                part = FilePart(self.parts, self._section, file_format.pack(self._lines))
                await file_parts.put(db, self.portal_id, self.restore_id, part, ours=True)
            self.parts, self._lines = self.parts + 1, []


async def _step(resources: Resources, portal: Portal, sections: Sections, restore_id: UUID) -> None:
    """One part judged or applied, and how far we are, in one transaction."""
    async with resources.tenant(portal.id) as db:
        found = await restores.one(db, portal.id, restore_id, lock=True)
        if found is None or found.state not in (RestoreState.WEIGHING, RestoreState.APPLYING):
            return
        part = await file_parts.one(db, portal.id, restore_id, found.position, ours=True)
        if part is None:
            await _over(db, resources, portal, found)
            return
        write = found.state is RestoreState.APPLYING
        came = await _put_back(Restoring(db, resources, portal, write), sections, part)
        counts = Counter(found.counts.get(part.section, {})) + Counter({one.value: n for one, n in came.items()})
        counted = {**found.counts, part.section: dict(counts)}
        await restores.change(db, portal.id, restore_id, position=found.position + 1, counts=counted)


async def _put_back(on: Restoring, sections: Sections, part: FilePart) -> Counter[Any]:
    section = next(section for section in sections if section.name == part.section)
    lines = Unpacker().feed(part.body)
    return await section.restore(on, [section.row.model_validate(file_format.row_of(line)) for line in lines])


async def _over(db: AsyncConnection, resources: Resources, portal: Portal, found: Restore) -> None:
    if found.state is RestoreState.WEIGHING:
        await restores.change(db, portal.id, found.id, state=RestoreState.READY.value, position=0)
        return
    await _drop_parts(db, portal.id, found.id)
    await restores.change(db, portal.id, found.id, state=RestoreState.DONE.value, finished_at=resources.now())
    log.info("restored", portal=portal.id, restore=str(found.id), counts=dict(found.counts))


async def _drop_parts(db: AsyncConnection, portal_id: int, restore_id: UUID) -> None:
    for ours in (True, False):
        await file_parts.drop(db, portal_id, restore_id, ours=ours)
