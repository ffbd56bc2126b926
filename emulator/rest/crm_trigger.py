"""crm.automation.trigger.*: an app tells the CRM's automation of something; for administrators in application context.

Pages: api-reference/crm/automation/triggers/*, crm-automation-trigger.md.
"""

import re

from emulator.crm import rights
from emulator.crm.entities import Entity, by_type_id
from emulator.crm.stages import field_of
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.model.installs import Installation
from emulator.rest.crm_legacy import refuse
from emulator.rest.registry import Call, Method

CODE = re.compile(r"[a-z0-9._-]+", re.I)
OTHER_TYPES = (5, 7, 8, 14, 31)
"""Kinds of CRM objects this portal keeps none of; their numbers are known all the same."""


def _app(call: Call) -> Installation:
    if not rights.can_add(call.user):
        raise refuse("Access denied.")
    if not call.user.admin:
        raise RestError(400, "ACCESS_DENIED", "Access denied! Admin permissions required")
    if call.installation is None:
        raise RestError(400, "ACCESS_DENIED", "Access denied! Application context required")
    return call.installation


def _code(call: Call) -> str:
    code = str(call.params.get("CODE") or "")
    if not code:
        raise refuse("Empty trigger code!")
    if not CODE.fullmatch(code):
        raise refuse("Wrong trigger code!")
    return code


def _add(call: Call) -> bool:
    """The same CODE again gives the trigger another name."""
    installation, code, name = _app(call), _code(call), str(call.params.get("NAME") or "")
    if not name:
        raise refuse("Empty trigger name!")
    installation.triggers[code] = name
    return True


def _delete(call: Call) -> bool:
    installation, code = _app(call), _code(call)
    if code not in installation.triggers:
        raise refuse("Trigger not found")
    del installation.triggers[code]
    placed, client_id = call.portal.automation.triggers, installation.app.client_id
    call.portal.automation.triggers = [one for one in placed if (one.client_id, one.code) != (client_id, code)]
    return True


def _list(call: Call) -> list[dict[str, str]]:
    return [{"NAME": name, "CODE": code} for code, name in _app(call).triggers.items()]


def _execute(call: Call) -> bool:
    """True whether or not anybody placed the trigger anywhere."""
    installation, code = _app(call), _code(call)
    if code not in installation.triggers:
        raise refuse(f"Trigger with code {code} is not registered.")
    number, id_ = to_int(call.params.get("OWNER_TYPE_ID")), to_int(call.params.get("OWNER_ID"))
    entity = by_type_id(number)
    if entity is None and number not in OTHER_TYPES:
        raise refuse("Incorrect parameter OWNER_TYPE_ID.")
    if id_ <= 0:
        raise refuse("Incorrect parameter OWNER_ID.")
    if entity is not None:
        call.portal.automation.fire(entity, id_, installation.app.client_id, code)
    return True


def _track(call: Call) -> bool:
    """The address of "Track incoming webhook"; whoever may edit the record may call it."""
    if not rights.can_add(call.user):
        raise refuse("Access denied.")
    target = str(call.params.get("target") or "")
    if not target:
        raise refuse("Target is not set.")
    kind, mark, number = target.rpartition("_")
    if not mark or not kind or not number.isdigit():
        raise refuse("Incorrect target format.")
    entity = next((one for one in Entity if one.upper() == kind and field_of(one)), None)
    if entity is None:
        raise refuse("Target is not found.")
    record = call.portal.crm.tables[entity].rows.get(int(number))
    if record is None or not rights.can_write(call.user, record):
        raise RestError(400, "ACCESS_DENIED", "Access denied! There are no permissions to update the entity.")
    call.portal.automation.fire(entity, int(number), "", str(call.params.get("code") or ""))
    return True


_PAGES = "api-reference/crm/automation/"
METHODS = (
    Method("crm.automation.trigger", "crm", f"{_PAGES}crm-automation-trigger.md", ("target", "code"), _track),
    *(
        Method(
            f"crm.automation.trigger.{name}", "crm", f"{_PAGES}triggers/crm-automation-trigger-{name}.md", params, run
        )
        for name, run, params in (
            ("add", _add, ("CODE", "NAME")),
            ("list", _list, ()),
            ("delete", _delete, ("CODE",)),
            ("execute", _execute, ("CODE", "OWNER_TYPE_ID", "OWNER_ID")),
        )
    ),
)
