"""What this room hands in."""

from b24app.connection_check.journeys.settings_view import settings_view
from b24app.plug import Feature

FEATURE = Feature(name="connection_check", settings_view=settings_view)
