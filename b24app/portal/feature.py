"""What this room hands in, also for the machine below it, which knows no plug."""

from b24app.domain.portal.installation import PortalState
from b24app.plug import Chore, Feature, WorkPart
from b24app.portal.journeys import installation, lifecycle, notices, removal
from b24app.portal.journeys.gauges import COUNTS, GAUGES
from b24app.portal.journeys.settings_view import settings_view
from b24app.portal.journeys.standing import standing
from b24app.portal.journeys.tokens import LOOK
from b24app.portal.store import retention, tables
from b24app.portal.store.portals import PROVE_REMOVAL
from b24app.store.kept import Kept
from b24app.store.tables import portals
from b24app.work.store import retention as inbox_retention
from b24app.work.store import tables as work_tables

HERE = frozenset(PortalState) - {PortalState.REMOVED}

FEATURE = Feature(
    name="portal",
    scopes=("placement", "user_basic", "im"),
    placements=("REST_APP_URI",),
    events=("lifecycle",),
    tables=(portals, *tables.TABLES, *work_tables.TABLES),
    work=(WorkPart(notices.PART, notices.handle, notices.give_up),),
    chores=(
        Chore(installation.RECONCILE, installation.reconcile_owed),
        Chore(LOOK, lifecycle.look_at, states=HERE),
        Chore(PROVE_REMOVAL, removal.prove_due, states=HERE),
    ),
    kept=(
        Kept("viewer_sessions", retention.delete_sessions),
        Kept("portal_calls", retention.delete_calls),
        Kept("journal", retention.delete_journal),
        Kept("notices", retention.delete_notices),
        Kept("inbox", inbox_retention.delete_handled),
        Kept("inbox.token", inbox_retention.delete_tokens),
    ),
    gauges=GAUGES,
    counts=COUNTS,
    settings_view=settings_view,
    standing=standing,
)
