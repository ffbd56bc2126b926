"""What this room hands in."""

from b24app.delivery.store.tables import TABLES
from b24app.plug import Feature

FEATURE = Feature(name="delivery", tables=TABLES)
