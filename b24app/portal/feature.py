"""What this room hands in."""

from b24app.domain.portal.installation import PortalState
from b24app.plug import Chore, Feature
from b24app.portal.journeys import installation, lifecycle, removal
from b24app.portal.journeys.settings_view import settings_view
from b24app.portal.journeys.tokens import LOOK
from b24app.portal.store.portals import ERASE, PROVE_REMOVAL
from b24app.work.wake import ERASING

ANY = frozenset(PortalState)

FEATURE = Feature(
    name="portal",
    scopes=("placement", "user_basic", "department", "im"),
    events=("lifecycle",),
    chores=(
        Chore(installation.RECONCILE, installation.reconcile_owed),
        Chore(LOOK, lifecycle.look_at, states=ANY - {PortalState.REMOVED}),
        Chore(PROVE_REMOVAL, removal.prove_due, states=ANY - {PortalState.REMOVED}),
        Chore(ERASE, removal.erase, states=ANY, queue=ERASING),
    ),
    settings_view=settings_view,
)
