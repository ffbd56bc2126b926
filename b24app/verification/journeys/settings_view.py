"""What this room shows in the settings."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Mode, Portal
from b24app.resources import Resources


@dataclass(frozen=True, slots=True)
class VerificationSettings:
    mode: Mode
    busy: bool = False


async def settings_view(db: AsyncConnection, resources: Resources, portal: Portal) -> VerificationSettings:
    return VerificationSettings(resources.rules.mode(portal, "verification"))
