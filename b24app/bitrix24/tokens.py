"""Who holds an access token and what happens when the portal rejects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from b24app.errors import AccessDenied, NeedsFreshToken


class TokenKeeper(Protocol):
    """The stored tokens of one portal. Implemented over the store by the journeys; one refresh across all processes.

    Both repairs get the token that was rejected, so that a keeper whose stored token is already another one answers
    with that instead of refreshing again. Both raise NeedsAdmin when no token is left, PortalClosed or PortalDown as
    the auth server says.
    """

    async def current(self) -> str:
        """The access token to call with."""
        ...

    async def refreshed(self, rejected: str) -> str:
        """After expired_token or invalid_token: the same admin's next access token."""
        ...

    async def replaced(self, rejected: str) -> str:
        """After authorization_error and its like (the admin was dismissed, lost access): another admin's access
        token."""
        ...


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A person's own token from an open or a frame: used as it is, never refreshed by us."""

    token: str

    async def current(self) -> str:
        return self.token

    async def refreshed(self, rejected: str) -> str:
        """Raises NeedsFreshToken: the page asks the frame for a new one."""
        raise NeedsFreshToken("token", 401, "expired_token")

    async def replaced(self, rejected: str) -> str:
        """Raises AccessDenied: the portal does not let this person in."""
        raise AccessDenied("token", 401, "authorization_error")
