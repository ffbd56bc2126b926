"""Automation of a portal: rules and triggers that an administrator put on stages, and what they set going.

Pages: api-reference/crm/automation/index.md, triggers/index.md, crm-automation-trigger.md. Leads and deals only:
contacts and companies have no automation.
"""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator.crm.entities import Entity
from emulator.crm.stages import field_of
from emulator.model import plans, robots
from emulator.model.robots import Run

if TYPE_CHECKING:
    from emulator.model.installs import Installation
    from emulator.model.portal import Portal


@dataclass(frozen=True, slots=True)
class PlacedRobot:
    """A robot on a stage with the settings an administrator chose. When its app goes it stays and does nothing."""

    client_id: str
    code: str
    entity: Entity
    stage: str
    properties: dict[str, Any] = field(default_factory=dict)
    timeout: int = 0


@dataclass(frozen=True, slots=True)
class PlacedTrigger:
    """A trigger on the stage it moves records to; `client_id` "" = "Track incoming webhook", its code the portal's own.

    `backwards`: may also move a record to an earlier stage.
    """

    client_id: str
    code: str
    entity: Entity
    stage: str
    backwards: bool = False


class Automation:
    """`robots` and `triggers` as placed; `runs` of robots by event token."""

    def __init__(self, portal: "Portal") -> None:
        self.portal = portal
        self.robots: list[PlacedRobot] = []
        self.triggers: list[PlacedTrigger] = []
        self.runs: dict[str, Run] = {}

    def place_robot(
        self,
        installation: "Installation",
        code: str,
        entity: Entity,
        stage: str,
        properties: dict[str, Any] | None = None,
        timeout: int = 0,
    ) -> PlacedRobot:
        """An administrator puts an app's robot on a stage. Raises KeyError or ValueError where the portal has nothing
        to choose."""
        self._check_stage(entity, stage)
        if not installation.robots[code].fits(entity, self.portal.old):
            raise ValueError(f"{code} is not offered for {entity}")
        placed = PlacedRobot(installation.app.client_id, code, entity, stage, properties or {}, timeout)
        self.robots.append(placed)
        return placed

    def place_trigger(
        self, installation: "Installation", code: str, entity: Entity, stage: str, backwards: bool = False
    ) -> PlacedTrigger:
        """An administrator puts an app's trigger on a stage. Raises as `place_robot` does."""
        self._check_stage(entity, stage)
        if code not in installation.triggers:
            raise KeyError(code)
        placed = PlacedTrigger(installation.app.client_id, code, entity, stage, backwards)
        self.triggers.append(placed)
        return placed

    def place_webhook_trigger(self, entity: Entity, stage: str, backwards: bool = False) -> PlacedTrigger:
        """ "Track incoming webhook" on a stage: its code is in the address the portal shows. Raises ValueError."""
        self._check_stage(entity, stage)
        placed = PlacedTrigger("", secrets.token_hex(3)[:5], entity, stage, backwards)
        self.triggers.append(placed)
        return placed

    def reached(self, entity: Entity, id: int, stage: str) -> None:
        """A record came to a stage: the robots there start, unless their app is gone, unpaid or the plan has none."""
        if not self.works():
            return
        for placed in [one for one in self.robots if (one.entity, one.stage) == (entity, stage)]:
            app = self.portal.installations.get(placed.client_id)
            if app is not None and app.installed and not app.payment_expired and placed.code in app.robots:
                robots.run(app, placed.code, (entity, id), placed.properties, placed.timeout)

    def fire(self, entity: Entity, id: int, client_id: str, code: str) -> bool:
        """An event from outside: the record moves to the earliest stage with this trigger; whether it moved.

        Nobody acts, so the portal's events about it carry no tokens.
        """
        record, name = self.portal.crm.tables[entity].rows.get(id), field_of(entity)
        if record is None or name is None or not self.works():
            return False
        order = [row.status_id for row in self.portal.crm.books.stages(entity, int(record.get("CATEGORY_ID") or 0))]
        now = order.index(record[name])
        mine = [one for one in self.triggers if (one.client_id, one.code, one.entity) == (client_id, code, entity)]
        known = [(order.index(one.stage), one.backwards) for one in mine if one.stage in order]
        fitting = [place for place, backwards in known if place > now or (backwards and place < now)]
        if fitting:
            self.portal.crm.robot_update(entity, id, {name: order[min(fitting)]})
        return bool(fitting)

    def works(self) -> bool:
        """Whether the plan has automation."""
        return plans.has(self.portal, plans.Feature.AUTOMATION)

    def _check_stage(self, entity: Entity, stage: str) -> None:
        if not self.works() or field_of(entity) is None or self.portal.crm.books.stage(entity, stage) is None:
            raise ValueError(f"no automation at stage {stage} of {entity}")
