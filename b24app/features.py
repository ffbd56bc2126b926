"""The product's table of contents, lower floors first."""

from b24app.cards import feature as cards
from b24app.connection_check import feature as connection_check
from b24app.delivery import feature as delivery
from b24app.domain.delivery.news import NewsCatalogue
from b24app.domain.policy import Policy
from b24app.export import feature as export
from b24app.portal import feature as portal
from b24app.verification import feature as verification

FEATURES = (
    portal.FEATURE,
    cards.FEATURE,
    delivery.FEATURE,
    verification.FEATURE,
    export.FEATURE,
    connection_check.FEATURE,
)

NEWS = NewsCatalogue(news for feature in FEATURES for news in feature.news)
POLICY = Policy(rule for feature in FEATURES for rule in feature.access)
