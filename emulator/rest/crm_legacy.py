"""crm.{lead,deal,contact,company}.{add,get,list,update,delete,fields}: the older generation of CRM methods."""

from collections.abc import Callable, Iterator
from typing import Any

from emulator.crm import legacy, rights
from emulator.crm.entities import Entity
from emulator.crm.store import CrmError, Query
from emulator.crm.values import to_int, truthy
from emulator.errors import RestError
from emulator.rest.registry import PAGE_SIZE, Call, Handler, Method, Reply

FOLDERS = {Entity.LEAD: "leads", Entity.DEAL: "deals", Entity.CONTACT: "contacts", Entity.COMPANY: "companies"}
_NOT_FOUND = {Entity.COMPANY: "Company is not found", Entity.CONTACT: "Contact is not found"}
Action = Callable[[Call, Entity], Any]


def refuse(text: str) -> RestError:
    """The old core's refusal: HTTP 400 with an empty code."""
    return RestError(400, "", text)


def the_id(call: Call) -> int:
    """The record id, or the documented refusal."""
    number = to_int(call.params.get("id"))
    if number <= 0:
        raise refuse("ID is not defined or invalid.")
    return number


def the_fields(call: Call) -> dict[str, Any]:
    """`fields` as a map; an empty PHP array is one too."""
    fields = call.params.get("fields")
    if fields == []:
        return {}
    if not isinstance(fields, dict):
        raise refuse("Parameter 'fields' must be array.")
    return fields


def the_params(call: Call) -> dict[str, Any]:
    """`params` in upper-case keys."""
    params = call.params.get("params")
    if params in (None, "", []):
        return {}
    if not isinstance(params, dict):
        raise refuse("Parameter 'params' must be array.")
    return {str(key).upper(): value for key, value in params.items()}


def add(call: Call, entity: Entity) -> int:
    fields, params = the_fields(call), the_params(call)
    try:
        return call.portal.crm.add(entity, fields, call.user, importing=truthy(params.get("IMPORT")))
    except CrmError as error:
        raise refuse(error.text) from error


def get(call: Call, entity: Entity) -> dict[str, Any]:
    crm, number = call.portal.crm, the_id(call)
    record = crm.tables[entity].rows.get(number)
    if not rights.can_add(call.user) or (record is not None and not rights.can_read(call.user, record)):
        raise refuse("Access denied.")
    if record is None:
        raise refuse("Not found")
    return legacy.read_one(crm, entity, record)


def update(call: Call, entity: Entity) -> bool:
    number, fields, params = the_id(call), the_fields(call), the_params(call)
    history = str(params.get("REGISTER_HISTORY_EVENT", "Y")).upper() == "Y"
    differences = call.portal.differences
    fields = {
        name: value
        for name, value in fields.items()
        if name != "CATEGORY_ID" and not differences.named("write_ignores", name)
    }
    try:
        call.portal.crm.update(entity, number, fields, call.user, history=history)
    except CrmError as error:
        raise refuse(_missing(error.text, entity)) from error
    return True


def delete(call: Call, entity: Entity) -> bool:
    try:
        call.portal.crm.delete(entity, the_id(call), call.user)
    except CrmError as error:
        missing = error.text == "Not found" and entity is Entity.COMPANY
        raise refuse("Company is not found" if missing else error.text) from error
    return True


def list_(call: Call, entity: Entity) -> Reply:
    crm = call.portal.crm
    if not rights.can_add(call.user):
        raise refuse("Access denied.")
    for name in ("order", "filter"):
        if not isinstance(call.params.get(name) or {}, dict | list):
            raise refuse(f"Parameter '{name}' must be array.")
    where = legacy.where(crm, entity, call.params.get("filter"))
    order = legacy.order(crm, entity, call.params.get("order"))
    counted = call.start >= 0
    ids, total = crm.select(entity, Query(where, order, max(call.start, 0), PAGE_SIZE, counted), call.user)
    names = legacy.selected(crm, entity, call.params.get("select"))
    rows = [legacy.read_row(crm, entity, crm.tables[entity].rows[one], names) for one in ids]
    return listed(rows, total, call.start)


def listed(result: Any, total: int | None, start: int) -> Reply:
    """An answer of a page of 50: `next` only when more follow, neither it nor `total` when nothing was counted."""
    if total is None:
        return Reply(result)
    end = start + PAGE_SIZE
    return Reply(result, total=total, next=end if end < total else None)


def fields(call: Call, entity: Entity) -> dict[str, Any]:
    if not rights.can_add(call.user):
        raise refuse("Access denied.")
    return legacy.describe(call.portal.crm, entity)


def _missing(text: str, entity: Entity) -> str:
    return _NOT_FOUND.get(entity, text) if text == "Not found" else text


def bound(run: Action, entity: Entity) -> Handler:
    """The same action for one kind of record."""
    return lambda call: run(call, entity)


_ACTIONS: tuple[tuple[str, Action, tuple[str, ...]], ...] = (
    ("add", add, ("fields", "params")),
    ("get", get, ("id",)),
    ("update", update, ("id", "fields", "params")),
    ("delete", delete, ("id", "params")),
    ("list", list_, ("order", "filter", "select", "params")),
    ("fields", fields, ()),
)


def _methods() -> Iterator[Method]:
    for entity, folder in FOLDERS.items():
        for name, run, params in _ACTIONS:
            page = f"api-reference/crm/{folder}/crm-{entity}-{name}.md"
            yield Method(f"crm.{entity}.{name}", "crm", page, params, bound(run, entity))


METHODS = tuple(_methods())
