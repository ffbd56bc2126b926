"""What this room hands in."""

from b24app.domain.verification.news import MembershipDocumentsAsked, MembershipMoved, MembershipVerificationChanged
from b24app.domain.verification.policy import ACCESS
from b24app.plug import Chore, Feature
from b24app.store.kept import Kept
from b24app.verification.journeys.expiry import expire
from b24app.verification.journeys.export import DECISIONS, MEMBERSHIPS, SETTINGS
from b24app.verification.journeys.rule import VerificationRule
from b24app.verification.journeys.settings_view import settings_view
from b24app.verification.store import retention
from b24app.verification.store.tables import TABLES

FEATURE = Feature(
    name="verification",
    fields=("check", "status"),
    placements=("CRM_CONTACT_DETAIL_TAB", "CRM_COMPANY_DETAIL_TAB"),
    tables=TABLES,
    cards=(VerificationRule(),),
    chores=(Chore("expire_memberships", expire, nightly=True),),
    news=(MembershipVerificationChanged, MembershipDocumentsAsked, MembershipMoved),
    access=ACCESS,
    export=(SETTINGS, MEMBERSHIPS, DECISIONS),
    kept=(Kept("intents", retention.delete_intents),),
    settings_view=settings_view,
)
