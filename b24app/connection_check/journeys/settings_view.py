"""What this room shows in the settings."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.connection_check.journeys import journey
from b24app.connection_check.journeys.journey import CheckView
from b24app.domain.portal.portal import Portal
from b24app.resources import Resources


@dataclass(frozen=True, slots=True)
class ConnectionCheckSettings:
    """`checked`: the last check, None before the first."""

    checked: CheckView | None

    @property
    def busy(self) -> bool:
        return self.checked is not None and not self.checked.finished


async def settings_view(db: AsyncConnection, resources: Resources, portal: Portal) -> ConnectionCheckSettings:
    return ConnectionCheckSettings(await journey.last_check(db, resources, portal.id))
