"""What this room hands in."""

from b24app.delivery.journeys.settings_view import settings_view
from b24app.plug import Feature

FEATURE = Feature(name="delivery", settings_view=settings_view)
