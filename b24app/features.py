"""The product's table of contents, lower floors first."""

from b24app.cards import feature as cards
from b24app.connection_check import feature as connection_check
from b24app.delivery import feature as delivery
from b24app.export import feature as export
from b24app.export.journeys.sections import sections_of
from b24app.plug import Feature, Product
from b24app.portal import feature as portal
from b24app.verification import feature as verification

FEATURES = (portal.FEATURE, cards.FEATURE, delivery.FEATURE, verification.FEATURE)


def product(*more: Feature) -> Product:
    """`more`: rooms of somebody else, above ours; the tests have one."""
    below = (*FEATURES, *more)
    sections = sections_of(below)
    return Product((*below, export.feature(sections), connection_check.FEATURE), sections)


PRODUCT = product()
