"""What this room hands in. The first read, rescans and sweeps are chores of the room that says what cards mean."""

from b24app.cards.journeys import offline, requisites
from b24app.cards.journeys.export import CUSTOMERS, PERSONS
from b24app.cards.journeys.gauges import GAUGES
from b24app.cards.journeys.settings_view import settings_view
from b24app.cards.store import retention
from b24app.cards.store.tables import TABLES
from b24app.plug import Chore, Feature, WorkPart
from b24app.store.kept import Kept
from b24app.work.store.index import WorkKind

FEATURE = Feature(
    name="cards",
    scopes=("crm",),
    fields=("mark",),
    events=("contact", "company", "requisite"),
    tables=TABLES,
    work=(WorkPart(WorkKind.REQUISITE, requisites.handle, requisites.give_up),),
    chores=(Chore("fetch_offline", offline.run, every=offline.EVERY),),
    export=(CUSTOMERS, PERSONS),
    kept=(
        Kept("looks", retention.delete_scans),
        Kept("records", retention.delete_records),
        Kept("customer_aliases", retention.delete_customer_aliases),
        Kept("person_aliases", retention.delete_person_aliases),
        Kept("requisites", retention.delete_requisites),
    ),
    gauges=GAUGES,
    settings_view=settings_view,
)
