"""Numbers in an export file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.plug import ExportRow, ExportSection, Restoring
from b24app.work.store import inbox
from tests.stamp.domain import Stamp
from tests.stamp.store import stamps


class StampRow(ExportRow):
    """A card's number."""

    kind: Kind
    crm_id: int
    number: int
    version: int
    told: int | None
    lead_id: int | None


async def _read(db: AsyncConnection, portal: Portal, after: str, limit: int) -> list[StampRow]:
    found = await stamps.after(db, portal.id, int(after or 0), limit)
    return [
        StampRow(
            kind=one.subject.kind,
            crm_id=one.subject.id,
            number=one.number,
            version=one.version,
            told=one.told,
            lead_id=one.lead_id,
        )
        for one in found
    ]


async def _restore(on: Restoring, rows: Sequence[StampRow]) -> Counter[RestoreVerdict]:
    """A card gets the number that client apps know it by; one that another card has by now stays there. What comes back
    leaves a row for its card: the rule writes it."""
    came, back = Counter[RestoreVerdict](), list[Stamp]()
    filed = [_stamp(row) for row in rows]
    now = {one.subject: one for one in await stamps.living(on.db, on.portal.id, filed)}
    ours = {one.subject for one in filed}
    taken = {one.number for one in now.values() if one.subject not in ours}
    for one in filed:
        has = now.get(one.subject)
        if has and has.number == one.number:
            came[RestoreVerdict.SAME] += 1
        elif one.number in taken:
            came[RestoreVerdict.KEPT] += 1
        else:
            came[RestoreVerdict.CHANGED if has else RestoreVerdict.NEW] += 1
            back.append(one)
    if on.write:
        await stamps.save(on.db, on.portal.id, back, [now[one.subject] for one in back if one.subject in now])
        arrivals = [Arrival(Source.RESTORE, "restored", one.subject) for one in back]
        await inbox.receive(on.db, on.resources.vault, on.portal.id, arrivals, Lane.BULK, on.resources.now())
    return came


def _stamp(row: StampRow) -> Stamp:
    return Stamp(Subject(row.kind, row.crm_id), row.number, row.version, row.told, lead_id=row.lead_id)


STAMPS = ExportSection("stamps", StampRow, _read, lambda row: str(row.number), _restore)
