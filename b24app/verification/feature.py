"""What this room hands in."""

from b24app.plug import Feature
from b24app.verification.store.tables import TABLES

FEATURE = Feature(name="verification", tables=TABLES)
