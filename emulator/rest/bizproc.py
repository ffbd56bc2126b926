"""bizproc.robot.*, bizproc.event.send, bizproc.activity.log: an app's automation rules.

Pages: api-reference/bizproc/; checks in the order of the portal's bizproc/lib/restservice.php. Without automation in
the plan the portal does not know these methods.
"""

import re
from dataclasses import replace
from typing import Any

from emulator.crm.entities import Entity
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.model import robots
from emulator.model.installs import Installation
from emulator.model.plans import Feature
from emulator.model.robots import Robot
from emulator.rest.handlers import check_handler
from emulator.rest.registry import Call, Method

CODE, KEY = re.compile(r"[a-z0-9._-]+", re.I), re.compile(r"[a-z][a-z0-9_]*", re.I)
NAMES = (
    "HANDLER", "AUTH_USER_ID", "USE_SUBSCRIPTION", "NAME", "DESCRIPTION", "PROPERTIES", "RETURN_PROPERTIES",
    "DOCUMENT_TYPE", "FILTER", "USE_PLACEMENT", "PLACEMENT_HANDLER",
)  # fmt: skip
AS_IS = ("PROPERTIES", "RETURN_PROPERTIES", "OPTIONS")


def _invalid(text: str) -> RestError:
    return RestError(400, "ERROR_ACTIVITY_VALIDATION_FAILURE", text)


def _app(call: Call) -> Installation:
    if call.installation is None:
        raise RestError(400, "ACCESS_DENIED", "Application context required")
    if not call.user.admin:
        raise RestError(400, "ACCESS_DENIED", "Access denied!")
    return call.installation


def _upper(given: dict[str, Any], keep: bool = False) -> dict[str, Any]:
    """Keys in upper case all the way down; names of properties and of options are the app's own."""
    made = {key if keep else str(key).upper(): value for key, value in given.items()}
    return {key: _upper(value, key in AS_IS) if isinstance(value, dict) else value for key, value in made.items()}


def _code(given: Any) -> str:
    if not given:
        raise _invalid("Empty activity code!")
    if not isinstance(given, str) or not CODE.fullmatch(given):
        raise _invalid("Wrong activity code!")
    return given


def _properties(given: Any) -> dict[str, Any]:
    if given == []:
        return {}
    if not isinstance(given, dict):
        raise _invalid("Wrong properties array!")
    for key, value in given.items():
        if not KEY.fullmatch(key):
            raise _invalid(f"Wrong property key ({key})!")
        if not isinstance(value, dict) or not value.get("NAME"):
            raise _invalid(f"Empty property NAME ({key})!")
    return given


def _document_type(given: Any) -> tuple[str, ...]:
    kind = tuple(str(one) for one in given) if isinstance(given, list) else ()
    known = {robots.document_type(entity) for entity in (Entity.LEAD, Entity.DEAL)}
    modern = len(kind) == 3 and kind[0] == "crm" and kind[1].startswith("Bitrix\\Crm\\Integration\\BizProc\\Document\\")
    if kind not in known and not modern:
        raise _invalid("Wrong activity DOCUMENT_TYPE!")
    return kind


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    """Checked attributes of a robot from the given fields."""
    made: dict[str, Any] = {}
    if "HANDLER" in given:
        check_handler(str(given["HANDLER"] or ""))
        made["handler"] = str(given["HANDLER"])
    if "AUTH_USER_ID" in given:
        made["auth_user_id"] = to_int(given["AUTH_USER_ID"])
    if "USE_SUBSCRIPTION" in given:
        made["subscription"] = str(given["USE_SUBSCRIPTION"] or "")
    made |= {name.lower(): given[name] for name in ("NAME", "DESCRIPTION") if given.get(name)}
    made |= {name.lower(): _properties(given[name]) for name in AS_IS[:2] if name in given}
    if "DOCUMENT_TYPE" in given:
        made["document_type"] = _document_type(given["DOCUMENT_TYPE"]) if given["DOCUMENT_TYPE"] else ()
    if "FILTER" in given:
        if given["FILTER"] and not isinstance(given["FILTER"], dict):
            raise _invalid("Wrong activity FILTER!")
        made["filter"] = given["FILTER"] or {}
    if given.get("USE_PLACEMENT") == "Y" or given.get("PLACEMENT_HANDLER"):
        check_handler(str(given.get("PLACEMENT_HANDLER") or ""))
        made["placement_handler"] = str(given["PLACEMENT_HANDLER"])
    if "USE_PLACEMENT" in given and given["USE_PLACEMENT"] != "Y":
        made["placement_handler"] = ""
    return made


def _add(call: Call) -> bool:
    installation, given = _app(call), _upper(call.params)
    if not given:
        raise _invalid("Empty data!")
    code = _code(given.get("CODE"))
    check_handler(str(given.get("HANDLER") or ""))
    if not given.get("NAME"):
        raise _invalid("Empty activity NAME!")
    call.swallow(given.get("FILTER"), ("INCLUDE", "EXCLUDE"), "key of a robot's filter")
    made = Robot(code=code, **_changes(given))
    if code in installation.robots:
        raise RestError(400, "ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
    installation.robots[code] = made
    return True


def _update(call: Call) -> bool:
    installation, given = _app(call), _upper(call.params)
    robot, fields = _held(installation, given), given.get("FIELDS")
    changes = _changes(fields) if isinstance(fields, dict) else {}
    call.swallow(fields, NAMES, "field of a robot")
    if not changes:
        raise _invalid("No fields to update")
    installation.robots[robot.code] = replace(robot, **changes)
    return True


def _delete(call: Call) -> bool:
    """Where the robot stands on a stage it does nothing any more."""
    installation = _app(call)
    del installation.robots[_held(installation, call.params).code]
    return True


def _held(installation: Installation, given: dict[str, Any]) -> Robot:
    robot = installation.robots.get(_code(given.get("CODE")))
    if robot is None:
        raise RestError(400, "ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    return robot


def _list(call: Call) -> list[str]:
    """Codes of the app's robots."""
    return list(_app(call).robots)


def _send(call: Call) -> bool:
    """The app's answer to a waiting robot. Any user may give it, whoever has the token."""
    token, message = str(call.params.get("EVENT_TOKEN") or ""), str(call.params.get("LOG_MESSAGE") or "")
    robots.answer(call.portal, token, call.params.get("RETURN_VALUES"), message)
    return True


def _log(call: Call) -> bool:
    """A line in the log of a waiting robot."""
    token, message = str(call.params.get("EVENT_TOKEN") or ""), call.params.get("LOG_MESSAGE")
    robots.check_token(call.portal, token)
    if not message:
        raise RestError(400, "ERROR_EMPTY_LOG_MESSAGE", "Empty log message!")
    robots.write_log(call.portal, token, str(message))
    return True


_PAGES = "api-reference/bizproc/bizproc-robot/bizproc-"
_ALL = (
    Method("bizproc.robot.add", "bizproc", f"{_PAGES}robot-add.md", ("CODE", *NAMES), _add),
    Method("bizproc.robot.update", "bizproc", f"{_PAGES}robot-update.md", ("CODE", "FIELDS"), _update),
    Method("bizproc.robot.delete", "bizproc", f"{_PAGES}robot-delete.md", ("CODE",), _delete),
    Method("bizproc.robot.list", "bizproc", f"{_PAGES}robot-list.md", (), _list),
    Method(
        "bizproc.event.send",
        "bizproc",
        f"{_PAGES}event-send.md",
        ("EVENT_TOKEN", "RETURN_VALUES", "LOG_MESSAGE"),
        _send,
    ),
    Method(
        "bizproc.activity.log",
        "bizproc",
        "api-reference/bizproc/bizproc-activity/bizproc-activity-log.md",
        ("EVENT_TOKEN", "LOG_MESSAGE"),
        _log,
    ),
)
METHODS = tuple(replace(one, feature=Feature.AUTOMATION) for one in _ALL)
