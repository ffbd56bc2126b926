"""What a portal's plan opens: codes of feature.get (api-reference/common/system/feature-get.md) and automation.

Source keys of offline events start at the Professional plan, confirming a batch and automation depend on the plan too
(api-reference/events/offline-events.md, api-reference/crm/automation/index.md); a box has everything.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from emulator.errors import RestError

if TYPE_CHECKING:
    from emulator.model.portal import Portal


class Feature(StrEnum):
    """Codes as feature.get takes them."""

    OFFLINE_EXTENDED = "rest_offline_extended"
    AUTH_CONNECTOR = "rest_auth_connector"
    AUTOMATION = "crm_automation_deal"


PLANS: dict[str, frozenset[Feature]] = {
    "free": frozenset(),
    "pro": frozenset({Feature.AUTH_CONNECTOR, Feature.AUTOMATION}),
    "enterprise": frozenset(Feature),
}


def has(portal: "Portal", feature: str) -> bool:
    """Whether the portal's plan has a feature; unknown codes are not there."""
    return feature in (frozenset(Feature) if portal.old else PLANS[portal.plan])


def require(portal: "Portal", feature: Feature, named: str) -> None:
    """Raises 403 WRONG_LICENSE naming what the plan lacks."""
    if not has(portal, feature):
        text = f"This feature is not enabled for the current license: {named}"
        raise RestError(403, "WRONG_LICENSE", text)
