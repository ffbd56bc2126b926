"""A portal as everybody knows it, and how far a feature may go in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from b24app.domain.portal.installation import PortalState


class Mode(StrEnum):
    """What a module may do on a portal: nothing; decide and show; everything."""

    OFF = "off"
    WATCH = "watch"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal as the directory knows it. `endpoint` is its REST root as the auth server named it."""

    id: int
    member_id: str
    public_id: str
    state: PortalState
    domain: str
    endpoint: str
    auth_server: str
    token_digest: bytes | None
    lang: str
    license: str
    scopes: tuple[str, ...]
    modes: Mapping[str, str]
    fields: Mapping[str, Any]
    report: Mapping[str, Any]
    installed_at: datetime | None
    imported_at: datetime | None
    rescanned_at: datetime | None
    links_read_at: datetime | None
    offline: bool
    sweep_asked: str | None
    removal_said_at: datetime | None  # an event says that the app was removed

    @property
    def imported(self) -> bool:
        return self.imported_at is not None
