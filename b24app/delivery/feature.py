"""What this room hands in."""

from b24app.domain.delivery.news import EndpointPing
from b24app.plug import Feature

FEATURE = Feature(name="delivery", news=(EndpointPing,))
