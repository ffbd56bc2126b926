"""What this room hands in."""

from functools import partial

from b24app.export.journeys.files_view import files_view
from b24app.export.journeys.sections import Sections
from b24app.export.store import retention
from b24app.export.store.tables import TABLES
from b24app.plug import Feature
from b24app.store.kept import Kept


def feature(sections: Sections) -> Feature:
    """`sections`: of its files, as the rooms below hand them in."""
    return Feature(
        name="export",
        kept=(
            Kept("exports", retention.delete_exports),
            Kept("restores", retention.delete_restores),
        ),
        tables=TABLES,
        settings_view=partial(files_view, sections=sections),
    )
