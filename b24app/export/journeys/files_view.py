"""What the settings page shows of export files: the one asked for, the weekly one, the one being restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.export.restoring import RestoreState
from b24app.domain.portal.portal import Portal
from b24app.export.journeys.sections import Sections
from b24app.export.store import exports, restores
from b24app.export.store.exports import Export, WeeklyTarget
from b24app.export.store.restores import Restore
from b24app.portal.store import departures
from b24app.portal.store.departures import Departure
from b24app.resources import Resources

OFFERED = timedelta(days=90)  # after its data was erased a portal that is back is asked for an export,
ASKED = timedelta(days=7)  # for so long: whoever has none has got used to it
AT_WORK = (RestoreState.CHECKING, RestoreState.WEIGHING, RestoreState.APPLYING)


@dataclass(frozen=True, slots=True)
class FilesView:
    """`due`: the weekly export is being made or sent; `offered`: the portal came back after its data was erased;
    `importing`: the CRM is being read for the first time; `verdicts`: section → verdict → rows, in the order of the
    file."""

    export: Export | None
    target: WeeklyTarget | None
    restore: Restore | None
    departure: Departure | None
    due: bool
    offered: bool
    importing: bool
    verdicts: Mapping[str, Mapping[str, int]]

    @property
    def making(self) -> bool:
        return self.export is not None and self.export.state == exports.MAKING

    @property
    def restoring(self) -> bool:
        """The file is being looked at or applied by us."""
        return self.restore is not None and self.restore.state in AT_WORK

    @property
    def busy(self) -> bool:
        return self.making or self.due or self.restoring


async def files_view(db: AsyncConnection, resources: Resources, portal: Portal, sections: Sections) -> FilesView:
    """Inside the portal's transaction."""
    now, target, restore = resources.now(), await exports.target(db, portal.id), await restores.newest(db, portal.id)
    counts = restore.counts if restore else {}
    departure = await departures.last(db, portal.member_id)
    recent = (
        departure is not None
        and (departure.erased_at or now) > now - OFFERED
        and (departure.returned_at or now) > now - ASKED
    )
    return FilesView(
        export=await exports.newest(db, portal.id, exports.ASKED),
        target=target,
        restore=restore,
        departure=departure,
        due=target is not None and target.next_at <= now,
        offered=recent and (restore is None or restore.state is not RestoreState.DONE),
        importing=not portal.imported,
        verdicts={section.name: counts[section.name] for section in sections if counts.get(section.name)},
    )
