"""What this room hands in."""

from b24app.domain.portal.installation import PortalState
from b24app.domain.verification.news import MembershipDocumentsAsked, MembershipMoved, MembershipVerificationChanged
from b24app.domain.verification.policy import ACCESS
from b24app.plug import Chore, Desk, Feature, Reaction, WorkPart
from b24app.store.kept import Kept
from b24app.verification.journeys import launch, put_back, waiting
from b24app.verification.journeys.expiry import expire
from b24app.verification.journeys.export import DECISIONS, MEMBERSHIPS, SETTINGS
from b24app.verification.journeys.rule import VerificationRule
from b24app.verification.journeys.settings_view import settings_view
from b24app.verification.journeys.standing import standing
from b24app.verification.store import desk, retention
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
    chores=(
        Chore("expire_memberships", expire, nightly=True),
        Chore(launch.COUNT, launch.count, states=frozenset({PortalState.INSTALLING, PortalState.ACTIVE})),
        Chore(launch.RUN, launch.run),
    ),
    news=(MembershipVerificationChanged, MembershipDocumentsAsked, MembershipMoved),
    access=ACCESS,
    export=(SETTINGS, MEMBERSHIPS, DECISIONS),
    kept=(
        Kept("intents", retention.delete_intents),
        Kept("launch_people", retention.delete_launch_people),
        Kept("deal_clients", retention.delete_deal_clients),
    ),
    settings_view=settings_view,
    standing=standing,
    desk=Desk(desk.count, desk.rows),
)
