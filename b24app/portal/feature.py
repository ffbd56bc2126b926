"""What this room hands in, also for the machine below it, which knows no plug."""

from b24app.plug import Feature
from b24app.portal.journeys.gauges import COUNTS, GAUGES
from b24app.portal.store import retention, tables
from b24app.store.kept import Kept
from b24app.store.tables import portals
from b24app.work.store import retention as inbox_retention
from b24app.work.store import tables as work_tables

FEATURE = Feature(
    name="portal",
    tables=(portals, *tables.TABLES, *work_tables.TABLES),
    gauges=GAUGES,
    counts=COUNTS,
    kept=(
        Kept("viewer_sessions", retention.delete_sessions),
        Kept("portal_calls", retention.delete_calls),
        Kept("inbox", inbox_retention.delete_handled),
        Kept("inbox.token", inbox_retention.delete_tokens),
    ),
)
