"""Who looks at a page of ours: proven once at the open, carried for at most an hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person of a portal with a page open. `is_admin`: as the portal's `profile` said with the person's own token."""

    session_id: UUID
    portal_id: int
    user_id: int
    name: str
    is_admin: bool
    lang: str
    expires_at: datetime
