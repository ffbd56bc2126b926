"""What this room hands in."""

from b24app.domain.verification.news import MembershipMoved, MembershipVerificationChanged
from b24app.domain.verification.policy import ACCESS
from b24app.plug import Feature

FEATURE = Feature(
    name="verification",
    news=(MembershipVerificationChanged, MembershipMoved),
    access=ACCESS,
)
