"""What this room hands in."""

from b24app.connection_check.store.tables import TABLES
from b24app.plug import Feature

FEATURE = Feature(name="connection_check", tables=TABLES)
