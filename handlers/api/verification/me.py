"""Who the caller is."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from b24app.verification.journeys import client_view
from handlers.api.common import Fresh, Routes
from handlers.api.door import Called, Used

router = Routes("You", "The key and what it opens.")


class Me(Fresh):
    """Who you are to us."""

    portal: str = Field(description="The portal's id, as in webhooks.", examples=["p_7hT2k9"])
    client_app: UUID
    name: str
    event_types: list[str]


@router.get("/me", summary="Who you are to us")
async def me(used: Used, called: Called) -> Me:
    """The portal and client app behind the key, and the event types there are."""
    fresh = await client_view.freshness(used, called.portal)
    return Me(
        portal=called.portal.public_id,
        client_app=called.app.id,
        name=called.app.name,
        event_types=list(used.news.event_types),
        as_of=fresh.as_of,
        stale=fresh.stale,
    )
