"""An app's automation rules (robots): what is registered, and one run of it.

Pages: api-reference/bizproc/bizproc-robot/*, bizproc-activity/bizproc-activity-log.md; the body of the call and the way
values are written as the portal's bizproc/classes/general/restactivity.php has them.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.crm.dates import ZONE, parse_date, parse_datetime
from emulator.crm.entities import Entity
from emulator.crm.values import truthy
from emulator.errors import access_denied

if TYPE_CHECKING:
    from emulator.model.installs import Installation
    from emulator.model.portal import Portal

Document = tuple[Entity, int]
Property = dict[str, Any]
CLASSES = {Entity.LEAD: "CCrmDocumentLead", Entity.DEAL: "CCrmDocumentDeal"}
CLASSES |= {Entity.CONTACT: "CCrmDocumentContact", Entity.COMPANY: "CCrmDocumentCompany"}


@dataclass(frozen=True, slots=True)
class Robot:
    """What bizproc.robot.add registered. Properties by name, their own keys in upper case; `name` and `description` are
    a text or a map by language; `subscription` as given: only "N" does not wait; `filter` {INCLUDE, EXCLUDE}."""

    code: str
    handler: str
    name: Any
    description: Any = ""
    auth_user_id: int = 0
    subscription: str = ""
    properties: dict[str, Property] = field(default_factory=dict)
    return_properties: dict[str, Property] = field(default_factory=dict)
    document_type: tuple[str, ...] = ()
    filter: dict[str, Any] = field(default_factory=dict)
    placement_handler: str = ""

    @property
    def waits(self) -> bool:
        return self.subscription != "N"

    def fits(self, entity: Entity, box: bool) -> bool:
        """Whether FILTER offers the robot for records of this kind in this edition."""
        kind, edition = document_type(entity), "box" if box else "b24"

        def meets(rule: Any) -> bool:
            if isinstance(rule, str):
                return rule in (edition, kind[0])
            return tuple(map(str, rule)) == kind[: len(rule)]

        include, exclude = _rules(self.filter.get("INCLUDE")), _rules(self.filter.get("EXCLUDE"))
        return (not include or any(map(meets, include))) and not any(map(meets, exclude))


@dataclass(slots=True, eq=False)
class Run:
    """A robot at work on a record. `timeout` seconds of the world's clock, 0 = waits for ever."""

    token: str
    robot: Robot
    document: Document
    started: datetime
    timeout: int = 0
    answered: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def timed_out(self, now: datetime) -> bool:
        """Whether the portal stopped waiting for the app."""
        late = self.timeout > 0 and now >= self.started + timedelta(seconds=self.timeout)
        return self.robot.waits and not self.answered and late

    def waiting(self, now: datetime) -> bool:
        """Whether bizproc.event.send is still listened to."""
        return self.robot.waits and not self.answered and not self.timed_out(now)

    def results(self, now: datetime) -> dict[str, Any]:
        """What later rules of the stage see: declared results and IsTimeout."""
        usual = {name: one.get("DEFAULT") for name, one in self.robot.return_properties.items()}
        return usual | self.values | {"IsTimeout": int(self.timed_out(now))}


def document_type(entity: Entity) -> tuple[str, str, str]:
    """("crm", "CCrmDocumentDeal", "DEAL")."""
    return "crm", CLASSES[entity], entity.upper()


def run(
    installation: "Installation",
    code: str,
    document: Document,
    properties: dict[str, Any] | None = None,
    timeout: int = 0,
) -> Run:
    """Start a robot: the portal queues a POST to its handler. Raises KeyError for an unknown robot, ValueError for a
    property it does not have."""
    robot, portal, given = installation.robots[code], installation.portal, properties or {}
    if unknown := set(given) - set(robot.properties):
        raise ValueError(f"{code} has no property {', '.join(sorted(unknown))}")
    workflow, activity = f"{secrets.token_hex(7)}.{secrets.randbelow(10**8):08d}", f"A{secrets.randbelow(10**5)}"
    made = Run(f"{workflow}|{activity}|{secrets.token_hex(16)}", robot, document, portal.world.now(), timeout=timeout)
    portal.automation.runs[made.token] = made
    values = {name: given.get(name, one.get("DEFAULT")) for name, one in robot.properties.items()}
    portal.world.events.send_robot(
        installation,
        robot.handler,
        {
            "workflow_id": workflow,
            "code": robot.code,
            "document_id": [*document_type(document[0])[:2], f"{document[0].upper()}_{document[1]}"],
            "document_type": list(document_type(document[0])),
            "event_token": made.token,
            "properties": {name: external(robot.properties[name], value, portal) for name, value in values.items()},
            "use_subscription": "Y" if robot.waits else "N",
            "timeout_duration": timeout,
        },
        robot.auth_user_id,
    )
    return made


def answer(portal: "Portal", token: str, values: Any, message: str) -> None:
    """bizproc.event.send: the run goes on with the declared results among `values`, letters of names aside.

    Raises 403 ACCESS_DENIED for a token that is unknown, used or timed out.
    """
    found = _waiting(portal, token)
    declared = {name.upper(): name for name in found.robot.return_properties}
    for name, value in values.items() if isinstance(values, dict) else ():
        if str(name).upper() in declared:
            found.values[declared[str(name).upper()]] = value
    found.log.append(message)
    found.answered = True


def write_log(portal: "Portal", token: str, message: str) -> None:
    """bizproc.activity.log: a line in the log, the run goes on waiting. Raises as `answer` does."""
    _waiting(portal, token).log.append(message)


def check_token(portal: "Portal", token: str) -> None:
    """Raises 403 ACCESS_DENIED as `answer` does."""
    _waiting(portal, token)


def _waiting(portal: "Portal", token: str) -> Run:
    found = portal.automation.runs.get(token)
    if found is None or not found.waiting(portal.world.now()):
        raise access_denied()
    return found


def external(kind: Property, value: Any, portal: "Portal") -> Any:
    """A property as the handler gets it: Y/N, user_5, dates in the portal's format, empty text for nothing."""
    if isinstance(value, list):
        return [external(kind, one, portal) for one in value]
    if value is None or value == "":
        return ""
    match kind.get("TYPE"):
        case "bool":
            return "Y" if value == "Y" or (value != "N" and truthy(value)) else "N"
        case "user":
            text = str(value)
            return f"user_{text}" if text.isdigit() else text
        case "date" if day := parse_date(value):
            return day.strftime("%d.%m.%Y" if portal.lang == "ru" else "%m/%d/%Y")
        case "datetime" if moment := parse_datetime(value):
            shape = "%d.%m.%Y %H:%M:%S" if portal.lang == "ru" else "%m/%d/%Y %I:%M:%S %p"
            return moment.astimezone(ZONE).strftime(shape)
    return value


def _rules(given: Any) -> list[Any]:
    if isinstance(given, dict):
        return list(given.values())
    return given if isinstance(given, list) else []
