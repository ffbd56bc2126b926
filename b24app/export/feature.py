"""What this room hands in."""

from b24app.export.journeys.files_view import files_view
from b24app.plug import Feature

FEATURE = Feature(name="export", settings_view=files_view)
