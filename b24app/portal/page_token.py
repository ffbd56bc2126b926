"""Page tokens: what a page of ours sends back in `X-Page-Token`. Signed, an hour long, naming a viewer session.

They are no secret of the portal: whoever steals one can do what the page can do until the session ends, and no more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from b24app.errors import Refused


@dataclass(frozen=True, slots=True)
class PageToken:
    """Where the session is found. `expires_at` is aware."""

    portal_id: int
    session_id: UUID
    expires_at: datetime


def sign(keys: tuple[str, ...], token: PageToken) -> str:
    """Signed with a key derived from the newest of `keys` (newest first, as in the settings)."""
    return _signer(keys).dumps([token.portal_id, token.session_id.hex, int(token.expires_at.timestamp())])


def read(keys: tuple[str, ...], text: str) -> PageToken:
    """Raise Refused `bad_page_token` for anything we did not sign. Expiry is for the caller to judge."""
    try:
        portal_id, session, expires = _signer(keys).loads(text)
        return PageToken(int(portal_id), UUID(session), datetime.fromtimestamp(expires, UTC))
    except (BadSignature, ValueError, TypeError):
        raise Refused("bad_page_token", 403) from None


def _signer(keys: tuple[str, ...]) -> URLSafeSerializer:
    derived = [hashlib.sha256(f"b24app page token {key}".encode()).digest() for key in reversed(keys)]
    return URLSafeSerializer(derived, salt="page", signer_kwargs={"digest_method": hashlib.sha256})
