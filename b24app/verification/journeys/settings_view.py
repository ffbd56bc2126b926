"""What this room shows in the settings."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Mode, Portal
from b24app.resources import Resources
from b24app.verification.journeys.launch import LaunchView, launch_view


@dataclass(frozen=True, slots=True)
class VerificationSettings:
    """`launch`: the choice who keeps access; None where nobody was asked yet."""

    mode: Mode
    launch: LaunchView | None = None

    @property
    def busy(self) -> bool:
        return self.launch is not None and self.launch.busy


async def settings_view(db: AsyncConnection, resources: Resources, portal: Portal) -> VerificationSettings:
    return VerificationSettings(resources.rules.mode(portal, "verification"), await launch_view(db, resources, portal))
