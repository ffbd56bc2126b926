"""The product's table of contents, lower floors first."""

from b24app.cards import feature as cards
from b24app.connection_check import feature as connection_check
from b24app.delivery import feature as delivery
from b24app.domain.delivery.news import NewsCatalogue
from b24app.domain.policy import Policy
from b24app.export import feature as export
from b24app.export.journeys.sections import sections_of
from b24app.portal import feature as portal
from b24app.verification import feature as verification

_BELOW = (portal.FEATURE, cards.FEATURE, delivery.FEATURE, verification.FEATURE)
SECTIONS = sections_of(_BELOW)
"""Of an export file, in its order."""

FEATURES = (*_BELOW, export.feature(SECTIONS), connection_check.FEATURE)

TABLES = tuple(table for feature in FEATURES for table in feature.tables)
KEPT = tuple(kept for feature in FEATURES for kept in feature.kept)
NEWS = NewsCatalogue(news for feature in FEATURES for news in feature.news)
RULES = tuple(rule for feature in FEATURES for rule in feature.cards)
POLICY = Policy(rule for feature in FEATURES for rule in feature.access)
