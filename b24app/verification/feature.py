"""What this room hands in."""

from functools import partial

from b24app.cards.journeys import importing, rescan, sweep
from b24app.domain.verification.news import MembershipMoved, MembershipVerificationChanged
from b24app.domain.verification.policy import ACCESS
from b24app.plug import Chore, Feature, WorkPart
from b24app.portal.journeys.installation import IMPORT
from b24app.portal.store.portals import SWEEP
from b24app.store.kept import Kept
from b24app.verification.journeys import journey
from b24app.verification.journeys.expiry import expire
from b24app.verification.journeys.export import MEMBERSHIPS, SETTINGS
from b24app.verification.journeys.first_seen import first_seen
from b24app.verification.journeys.settings_view import settings_view
from b24app.verification.store import retention
from b24app.verification.store.memberships import lately_decided
from b24app.verification.store.tables import TABLES
from b24app.work.store.index import WorkKind

FEATURE = Feature(
    name="verification",
    fields=("check", "status"),
    placements=("CRM_CONTACT_DETAIL_TAB", "CRM_COMPANY_DETAIL_TAB"),
    tables=TABLES,
    work=(WorkPart(WorkKind.RECORD, journey.handle, journey.give_up),),
    chores=(
        Chore(IMPORT, partial(importing.run, first_seen=first_seen)),
        Chore("rescan_portal", partial(rescan.run, lately_decided=lately_decided), every=rescan.EVERY),
        Chore(SWEEP, partial(sweep.run, expire=expire), nightly=True),
    ),
    news=(MembershipVerificationChanged, MembershipMoved),
    access=ACCESS,
    export=(SETTINGS, MEMBERSHIPS),
    kept=(Kept("intents", retention.delete_intents),),
    settings_view=settings_view,
)
