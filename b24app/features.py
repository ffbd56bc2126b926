"""The product's table of contents, lower floors first."""

from b24app.cards import feature as cards
from b24app.connection_check import feature as connection_check
from b24app.delivery import feature as delivery
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

TABLES = tuple(table for feature in FEATURES for table in feature.tables)
KEPT = tuple(kept for feature in FEATURES for kept in feature.kept)
