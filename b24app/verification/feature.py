"""What this room hands in."""

from b24app.plug import Feature
from b24app.verification.journeys.settings_view import settings_view

FEATURE = Feature(
    name="verification",
    fields=("check", "status"),
    placements=("CRM_CONTACT_DETAIL_TAB", "CRM_COMPANY_DETAIL_TAB"),
    settings_view=settings_view,
)
