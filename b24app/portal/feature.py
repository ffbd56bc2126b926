"""What this room hands in."""

from b24app.plug import Feature
from b24app.portal.journeys.settings_view import settings_view

FEATURE = Feature(
    name="portal",
    scopes=("placement", "user_basic", "department", "im"),
    events=("lifecycle",),
    settings_view=settings_view,
)
