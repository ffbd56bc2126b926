"""What this room shows in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import imports, scans
from b24app.cards.store.imports import Progress
from b24app.cards.store.scans import Scan
from b24app.domain.cards.drift import Scope
from b24app.domain.cards.reading import SILENT, time_left
from b24app.domain.portal.portal import Portal
from b24app.resources import Resources


@dataclass(frozen=True, slots=True)
class CardsSettings:
    """`importing`: the first read is not over; `time_left`: of it, None where its pace is unknown; `stalled`: nothing
    of it came for minutes. `newest`: the last finished scan of each scope; `sweeping`: the scan of all cards that is
    under way; `sweep_asked`: one begins in a moment."""

    importing: bool
    progress: Sequence[Progress]
    time_left: timedelta | None
    stalled: bool
    newest: Mapping[Scope, Scan]
    sweeping: Scan | None
    sweep_asked: bool

    @property
    def sweep_under_way(self) -> bool:
        """Every card is being compared, or will be in a moment."""
        return self.sweeping is not None or self.sweep_asked

    @property
    def busy(self) -> bool:
        return self.importing or self.sweep_under_way


async def settings_view(db: AsyncConnection, resources: Resources, portal: Portal) -> CardsSettings:
    progress = await imports.progress(db, portal.id)
    return CardsSettings(
        importing=not portal.imported,
        progress=progress,
        time_left=_time_left(progress),
        stalled=bool(progress) and resources.now() - max(kind.moved_at for kind in progress) > SILENT,
        newest=await scans.newest(db, portal.id),
        sweeping=await scans.unfinished(db, portal.id, Scope.ALL),
        sweep_asked=portal.sweep_asked is not None,
    )


def _time_left(progress: Sequence[Progress]) -> timedelta | None:
    """Of everything unread, at the pace of whatever came last."""
    moved = [kind for kind in progress if kind.advanced_at]
    last = max(moved, key=lambda kind: kind.moved_at, default=None)
    unread = [(kind.read, kind.total) for kind in progress if not kind.finished]
    return time_left(unread, last.pace if last else None)
