"""Badges of apps on kanban cards and list rows.

Page: api-reference/crm/timeline/activities/configurable/badges/index.md; only the newest badge of a record is drawn
(crm/lib/kanban/entitybadge.php), one nobody touched for a month is gone (crm/lib/agent/badge).
"""

from dataclasses import dataclass
from datetime import timedelta

from emulator.crm.entities import Entity
from emulator.crm.timeline import Activity
from emulator.face.pages.app_cards import translated
from emulator.face.pages.visit import Visit

LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class BadgeView:
    """`type`: success, failure, warning, primary, secondary."""

    title: str
    value: str
    type: str


def badges(visit: Visit, entity: Entity) -> dict[int, BadgeView]:
    """The badge of each record of a kind that has one."""
    timeline, oldest = visit.portal.crm.timeline, visit.world.now() - LIFE
    rows = [row for row in timeline.activities.values() if _wears(row) and row.updated > oldest]
    made: dict[int, BadgeView] = {}
    for row in sorted(rows, key=lambda row: (row.updated, row.id)):
        badge = timeline.badges.get(str(row.extra["badgeCode"]))
        if badge is not None:
            title, value = (translated(text, visit.lang) for text in (badge.title, badge.value))
            shown = BadgeView(title, value, badge.type)
            made |= {number: shown for kind, number in row.owners if kind is entity}
    return made


def _wears(row: Activity) -> bool:
    return bool(row.extra.get("badgeCode")) and not row.completed
