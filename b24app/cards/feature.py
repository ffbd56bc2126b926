"""What this room hands in."""

from b24app.cards.journeys import importing, offline, requisites, rescan, sweep
from b24app.plug import Chore, Feature, WorkPart
from b24app.portal.journeys.installation import IMPORT
from b24app.portal.store.portals import SWEEP
from b24app.work.store.index import WorkKind

FEATURE = Feature(
    name="cards",
    work=(WorkPart(WorkKind.REQUISITE, requisites.handle, requisites.give_up),),
    chores=(
        Chore(IMPORT, importing.run),
        Chore("rescan_portal", rescan.run, every=rescan.EVERY),
        Chore("fetch_offline", offline.run, every=offline.EVERY),
        Chore(SWEEP, sweep.run, nightly=True),
    ),
)
