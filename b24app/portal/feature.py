"""What this room hands in, and for the machine below it, which knows no plug."""

from b24app.plug import Feature
from b24app.portal.store import tables
from b24app.store.tables import portals
from b24app.work.store import tables as machine

FEATURE = Feature(name="portal", tables=(portals, *tables.TABLES, *machine.TABLES))
