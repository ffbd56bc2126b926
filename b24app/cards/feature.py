"""What this room hands in."""

from b24app.cards.store.tables import TABLES
from b24app.plug import Feature

FEATURE = Feature(name="cards", tables=TABLES)
