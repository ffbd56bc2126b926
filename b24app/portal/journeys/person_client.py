"""The portal as one person sees it: their own token, never refreshed by us, in the lane of those who wait."""

from __future__ import annotations

from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.setup import budget_of
from b24app.bitrix24.tokens import FixedToken
from b24app.domain.portal.portal import Portal
from b24app.lanes import Lane
from b24app.resources import Resources

UNKNOWN_PORTAL = 0  # paces the first call to a portal that has no row yet


def person_client(resources: Resources, portal: Portal | None, endpoint: str, token: str) -> PortalClient:
    """`endpoint`: the REST root, proven by the auth server. `portal` is None where it is being installed."""
    return PortalClient(
        session=resources.portal_http,
        pace=resources.pace,
        portal_id=portal.id if portal else UNKNOWN_PORTAL,
        endpoint=endpoint,
        keeper=FixedToken(token),
        lane=Lane.INTERACTIVE,
        budget=budget_of(portal.license if portal else ""),
        on_call=resources.calls.note,
    )
