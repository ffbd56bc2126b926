"""What this room hands in."""

from b24app.domain.portal.installation import PortalState
from b24app.export.journeys import exporting, restoring, weekly
from b24app.export.journeys.files_view import files_view
from b24app.plug import Chore, Feature

HERE = frozenset(PortalState) - {PortalState.REMOVED}
"""A portal that has not paid, or has no admin left, still gets its own data: nothing of it asks the portal."""

FEATURE = Feature(
    name="export",
    chores=(
        Chore(exporting.CHORE, exporting.carry, states=HERE),
        Chore(restoring.CHORE, restoring.carry, states=HERE),
        Chore(weekly.CHORE, weekly.carry, states=HERE),
    ),
    settings_view=files_view,
)
