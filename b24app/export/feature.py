"""What this room hands in."""

from b24app.export.store import retention
from b24app.export.store.tables import TABLES
from b24app.plug import Feature
from b24app.store.kept import Kept

FEATURE = Feature(
    name="export",
    tables=TABLES,
    kept=(
        Kept("exports", retention.delete_exports),
        Kept("restores", retention.delete_restores),
    ),
)
