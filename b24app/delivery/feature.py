"""What this room hands in."""

from b24app.delivery.journeys.settings_view import settings_view
from b24app.domain.delivery.news import EndpointPing
from b24app.plug import Feature

FEATURE = Feature(name="delivery", news=(EndpointPing,), settings_view=settings_view)
