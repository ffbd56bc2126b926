"""Who the caller is."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from b24app.verification.journeys import client_view
from handlers.api.common import Fresh, Routes, shown
from handlers.api.door import Called, Used

router = Routes("Current app", "The key in your hand: whose it is and what it opens.")


class Me(Fresh):
    """The portal and client app behind a key."""

    model_config = shown(
        {
            "as_of": "2026-11-22T10:30:04.120000Z",
            "stale": False,
            "portal": "p_7hT2k9",
            "client_app": "0190f1d2-5a3e-7b60-9c14-8e2f7d6a5b40",
            "name": "Личный кабинет",
            "event_types": ["membership.verification_changed", "membership.moved"],
        }
    )

    portal: str = Field(description="The portal's id, as in webhooks.", examples=["p_7hT2k9"])
    client_app: UUID
    name: str
    event_types: list[str]


@router.get("/me", summary="Current app")
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
