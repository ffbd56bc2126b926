"""What this room hands in."""

from functools import partial

from b24app.domain.portal.installation import PortalState
from b24app.export.journeys import exporting, restoring, weekly
from b24app.export.journeys.files_view import files_view
from b24app.export.journeys.sections import Sections
from b24app.export.journeys.standing import standing
from b24app.export.store import retention
from b24app.export.store.tables import TABLES
from b24app.plug import Chore, Feature
from b24app.store.kept import Kept

HERE = frozenset(PortalState) - {PortalState.REMOVED}
"""A portal that has not paid, or has no admin left, still gets its own data: nothing of it asks the portal."""


def feature(sections: Sections) -> Feature:
    """`sections`: of its files, as the rooms below hand them in."""
    return Feature(
        name="export",
        tables=TABLES,
        chores=(
            Chore(exporting.CHORE, partial(exporting.carry, sections=sections), states=HERE),
            Chore(restoring.CHORE, partial(restoring.carry, sections=sections), states=HERE),
            Chore(weekly.CHORE, partial(weekly.carry, sections=sections), states=HERE),
        ),
        kept=(
            Kept("exports", retention.delete_exports),
            Kept("restores", retention.delete_restores),
        ),
        settings_view=partial(files_view, sections=sections),
        standing=standing,
    )
