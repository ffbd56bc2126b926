"""What this room hands in."""

from b24app.cards.journeys import importing, offline, requisites, rescan, sweep
from b24app.cards.journeys.export import CUSTOMERS, PERSONS
from b24app.cards.journeys.gauges import GAUGES
from b24app.cards.journeys.pipeline import run
from b24app.cards.journeys.settings_view import settings_view
from b24app.cards.journeys.standing import standing
from b24app.cards.store import retention
from b24app.cards.store.tables import TABLES
from b24app.plug import Chore, Feature, WorkPart
from b24app.portal.journeys.installation import IMPORT
from b24app.portal.store.portals import SWEEP
from b24app.store.kept import Kept
from b24app.work.store.index import WorkKind

FEATURE = Feature(
    name="cards",
    scopes=("crm",),
    fields=("mark",),
    events=("contact", "company", "requisite"),
    tables=TABLES,
    work=(
        WorkPart(WorkKind.RECORD, run.handle, run.give_up),
        WorkPart(WorkKind.REQUISITE, requisites.handle, requisites.give_up),
    ),
    chores=(
        Chore(IMPORT, importing.run),
        Chore("rescan_portal", rescan.run, every=rescan.EVERY),
        Chore(SWEEP, sweep.run, nightly=True),
        Chore("fetch_offline", offline.run, every=offline.EVERY),
    ),
    export=(CUSTOMERS, PERSONS),
    kept=(
        Kept("rehearsed", retention.delete_rehearsed),
        Kept("looks", retention.delete_scans),
        Kept("records", retention.delete_records),
        Kept("customer_aliases", retention.delete_customer_aliases),
        Kept("person_aliases", retention.delete_person_aliases),
        Kept("requisites", retention.delete_requisites),
    ),
    gauges=GAUGES,
    settings_view=settings_view,
    standing=standing,
)
