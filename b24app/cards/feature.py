"""What this room hands in."""

from b24app.cards.journeys.gauges import GAUGES
from b24app.cards.store import retention
from b24app.cards.store.tables import TABLES
from b24app.plug import Feature
from b24app.store.kept import Kept

FEATURE = Feature(
    name="cards",
    tables=TABLES,
    gauges=GAUGES,
    kept=(
        Kept("looks", retention.delete_scans),
        Kept("records", retention.delete_records),
        Kept("requisites", retention.delete_requisites),
    ),
)
