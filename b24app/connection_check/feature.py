"""What this room hands in."""

from b24app.connection_check.journeys import journey
from b24app.connection_check.journeys.settings_view import settings_view
from b24app.connection_check.store.tables import TABLES
from b24app.domain.portal.installation import PortalState
from b24app.plug import Chore, Feature
from b24app.work.wake import INTERACTIVE

FEATURE = Feature(
    name="connection_check",
    tables=TABLES,
    chores=(Chore(journey.CHECK, journey.run, states=frozenset(PortalState), queue=INTERACTIVE),),
    settings_view=settings_view,
)
