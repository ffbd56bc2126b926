"""What this room hands in."""

from b24app.domain.verification.news import MembershipMoved, MembershipVerificationChanged
from b24app.domain.verification.policy import ACCESS
from b24app.plug import Chore, Feature, Reaction, WorkPart
from b24app.store.kept import Kept
from b24app.verification.journeys import put_back, waiting
from b24app.verification.journeys.expiry import expire
from b24app.verification.journeys.export import MEMBERSHIPS, SETTINGS
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
    work=(
        WorkPart(waiting.PART, waiting.handle, waiting.give_up),
        WorkPart(put_back.PART, put_back.handle, put_back.give_up),
    ),
    reacts=(
        Reaction(waiting.WAITING, waiting.PART, key=str),
        Reaction(put_back.PUT_BACK, put_back.PART, key=str),
    ),
    chores=(Chore("expire_memberships", expire, nightly=True),),
    news=(MembershipVerificationChanged, MembershipMoved),
    access=ACCESS,
    export=(SETTINGS, MEMBERSHIPS),
    kept=(Kept("intents", retention.delete_intents),),
    settings_view=settings_view,
)
