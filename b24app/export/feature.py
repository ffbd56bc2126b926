"""What this room hands in."""

from b24app.export.store.tables import TABLES
from b24app.plug import Feature

FEATURE = Feature(name="export", tables=TABLES)
