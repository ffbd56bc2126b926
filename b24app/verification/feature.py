"""What this room hands in."""

from b24app.plug import Feature
from b24app.store.kept import Kept
from b24app.verification.journeys.export import MEMBERSHIPS, SETTINGS
from b24app.verification.store import retention
from b24app.verification.store.tables import TABLES

FEATURE = Feature(
    name="verification",
    export=(SETTINGS, MEMBERSHIPS),
    tables=TABLES,
    kept=(Kept("intents", retention.delete_intents),),
)
