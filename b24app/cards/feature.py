"""What this room hands in."""

from b24app.cards.journeys.settings_view import settings_view
from b24app.plug import Feature

FEATURE = Feature(
    name="cards",
    scopes=("crm",),
    fields=("mark",),
    events=("contact", "company", "requisite"),
    settings_view=settings_view,
)
