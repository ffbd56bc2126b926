"""Make an export file: asked for by an administrator, or due for the week; slice by slice, by whichever worker.

Each slice is read in a transaction of its own and becomes a gzip member of its own, so a crash costs a slice. A row is
as it was when its slice was read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import datetime
from time import monotonic
from uuid import UUID, uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.export import file_format
from b24app.domain.export.file_format import Header, SectionSum, Unpacker
from b24app.domain.export.signing import sign
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import Refused
from b24app.export.journeys.sections import Sections
from b24app.export.store import exports, file_parts
from b24app.export.store.exports import Export
from b24app.export.store.file_parts import FilePart
from b24app.portal.store import journal
from b24app.portal.store.journal import Changed
from b24app.resources import Resources
from b24app.work.store import index
from b24app.work.store.index import WorkKind

CHORE = "export"
BUDGET = 20.0  # seconds of one go
SLICE = 1_000  # rows of a part

log = structlog.get_logger()


async def ask(resources: Resources, portal_id: int, user_id: int | None) -> UUID:
    """A fresh export, in place of the one an administrator asked for before. `user_id`: who asked, None on the
    console."""
    export_id, now = uuid4(), resources.now()
    async with resources.tenant(portal_id) as db:
        before = await exports.newest(db, portal_id, exports.ASKED)
        if before:
            await index.drop(db, portal_id, WorkKind.CHORE, [f"export:{before.id}"])
        await exports.begin(db, portal_id, export_id, exports.ASKED, now)
        await index.ask(db, portal_id, f"export:{export_id}", now)
    log.info("export_asked", portal=portal_id, user=user_id, export=str(export_id))
    await resources.wake.chore(CHORE, portal_id)
    return export_id


async def carry(resources: Resources, portal: Portal, key: str, *, sections: Sections) -> datetime | None:
    """Go on with this export until it is made, or for `BUDGET` seconds. When to go on: None where nothing is left to
    do."""
    until, export_id = monotonic() + BUDGET, UUID(key)
    while monotonic() < until:
        async with resources.tenant(portal.id) as db:
            export = await exports.one(db, portal.id, export_id, lock=True)
            if export is None or export.state != exports.MAKING:
                return None
            whole = await _slice(db, portal, sections, export)
        resources.failpoint("export.slice")
        if whole:
            await _close(resources, portal, sections, export_id)
            return None
    return resources.now()


async def take(resources: Resources, portal_id: int, by: Viewer) -> Export:
    """The export that an administrator downloads. Raises Refused `export_not_ready`."""
    async with resources.tenant(portal_id) as db:
        found = await exports.newest(db, portal_id, exports.ASKED)
        if found is None or found.state != exports.READY:
            raise Refused("export_not_ready", 409)
        changed = Changed(feature="export", action="export_downloaded")
        await journal.write(db, portal_id, by, changed, resources.now())
    return found


async def stream(resources: Resources, portal_id: int, export: Export) -> AsyncIterator[bytes]:
    """The file's bytes, a part in memory at a time. Ends early where the export was replaced meanwhile."""
    for number in range(export.parts):
        async with resources.tenant(portal_id) as db:
            part = await file_parts.one(db, portal_id, export.id, number, ours=True)
        if part is None:
            return
        yield part.body


def file_name(portal: Portal, export: Export) -> str:
    """`b24app-acme.bitrix24.ru-2026-11-25.jsonl.gz`"""
    return f"b24app-{re.sub('[^a-z0-9.-]', '-', portal.domain)}-{export.created_at:%Y-%m-%d}.jsonl.gz"


async def _slice(db: AsyncConnection, portal: Portal, sections: Sections, export: Export) -> bool:
    """The next part. Whether all sections are read."""
    if not export.parts:
        line = file_format.first_line(_header(portal, export))
        await _put(db, portal.id, export, "", [line], {"section": sections[0].name})
        return False
    if not export.section:
        return True
    at = next(place for place, section in enumerate(sections) if section.name == export.section)
    section = sections[at]
    rows = await section.read(db, portal, export.after, SLICE)
    after = {"after": section.key(rows[-1])} if rows else {}
    if len(rows) < SLICE:
        after = {"after": "", "section": sections[at + 1].name if at + 1 < len(sections) else ""}
    lines = [file_format.row_line(section.name, row.model_dump(mode="json")) for row in rows]
    await _put(db, portal.id, export, section.name, lines, after)
    return False


async def _put(
    db: AsyncConnection, portal_id: int, export: Export, section: str, lines: list[bytes], more: dict[str, str]
) -> None:
    values: dict[str, object] = dict(more)
    if lines:
        body = file_format.pack(lines)
        await file_parts.put(db, portal_id, export.id, FilePart(export.parts, section, body), ours=True)
        values |= {"parts": export.parts + 1, "bytes": export.bytes + len(body)}
    if section:
        values["counts"] = {**export.counts, section: export.counts.get(section, 0) + len(lines)}
    await exports.change(db, portal_id, export.id, **values)


async def _close(resources: Resources, portal: Portal, sections: Sections, export_id: UUID) -> None:
    """Sum up what stands in the parts, sign it, and the file is whole."""
    async with resources.tenant(portal.id) as db:
        export = await exports.one(db, portal.id, export_id)
    if export is None or export.state != exports.MAKING:
        return
    signed = file_format.manifest(_header(portal, export), await _sums(resources, portal.id, sections, export))
    signature = sign(resources.settings.secret_keys, file_format.PURPOSE, file_format.signed_bytes(signed))
    async with resources.tenant(portal.id) as db:
        export = await exports.one(db, portal.id, export_id, lock=True)
        if export is None or export.state != exports.MAKING:
            return
        await _put(db, portal.id, export, "", [file_format.last_line(signed, signature)], {})
        await exports.change(db, portal.id, export_id, state=exports.READY, finished_at=resources.now())
    log.info("export_made", portal=portal.id, export=str(export_id), counts=dict(export.counts))


async def _sums(resources: Resources, portal_id: int, sections: Sections, export: Export) -> list[SectionSum]:
    rows: dict[str, int] = {}
    hashes = {section.name: hashlib.sha256() for section in sections}
    for number in range(export.parts):
        async with resources.tenant(portal_id) as db:
            part = await file_parts.one(db, portal_id, export.id, number, ours=True)
        if part is None or not part.section:
            continue
        for line in Unpacker().feed(part.body):
            rows[part.section] = rows.get(part.section, 0) + 1
            hashes[part.section].update(line)
    return [SectionSum(name, rows[name], hashes[name].hexdigest()) for name in hashes if name in rows]


def _header(portal: Portal, export: Export) -> Header:
    return Header(portal.member_id, portal.domain, export.created_at)
