"""crm.item.{add,get,list,update,delete,fields} for leads, deals, contacts and companies."""

from typing import Any

from emulator.crm import item_query, items, rights, stages
from emulator.crm.entities import Entity, Record, by_type_id
from emulator.crm.heeding import bent, listed_row
from emulator.crm.store import CrmError, Query
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_legacy import listed
from emulator.rest.registry import PAGE_SIZE, Call, Reply, method

_PAGES = "api-reference/crm/universal/"


def the_type(call: Call) -> Entity:
    """The entity of `entityTypeId`; smart processes do not exist on this portal."""
    found = by_type_id(to_int(needed(call, "entityTypeId")))
    if found is None:
        raise RestError(400, "NOT_FOUND", "Smart process not found")
    return found


def needed(call: Call, name: str) -> Any:
    """A parameter of a controller, or its refusal (code 100, a text)."""
    if call.params.get(name) is None:
        raise RestError(400, "100", f"Could not find value for parameter {{{name}}}")
    return call.params[name]


def _original(call: Call) -> bool:
    return call.params.get("useOriginalUfNames") == "Y"


def _record(call: Call, entity: Entity) -> Record:
    record = call.portal.crm.tables[entity].rows.get(to_int(needed(call, "id")))
    if record is None:
        raise RestError(400, "NOT_FOUND", "Item not found")
    return record


def _item(call: Call, entity: Entity, id: int) -> Record:
    crm = call.portal.crm
    item = items.read_item(crm, entity, crm.tables[entity].rows[id], original=_original(call))
    return {"item": bent(call.portal, entity, id, item)}


def _given(call: Call, entity: Entity) -> Record:
    fields = needed(call, "fields")
    if fields == []:
        fields = {}
    if not isinstance(fields, dict):
        raise RestError(
            400, "100", "Invalid value {fields} to match with parameter {fields}. Should be value of type array."
        )
    crm = call.portal.crm
    try:
        given = items.to_legacy(crm, entity, fields, original=_original(call))
    except items.ItemError as error:
        raise RestError(400, error.code, error.text) from error
    _check_stage(call, entity, given)
    return given


def _check_stage(call: Call, entity: Entity, given: Record) -> None:
    name, books = stages.field_of(entity), call.portal.crm.books
    wrong = "stageId" if name in given and books.stage(entity, str(given[str(name)])) is None else ""
    if "CATEGORY_ID" in given and to_int(given["CATEGORY_ID"]) not in books.categories:
        wrong = "categoryId"
    if wrong:
        raise RestError(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Invalid value for field "{wrong}"')


@method(
    "crm.item.add",
    scope="crm",
    page=_PAGES + "crm-item-add.md",
    params=("entityTypeId", "fields", "useOriginalUfNames"),
    case="camel",
)
def add(call: Call) -> Record:
    """{item: …} of the new record."""
    entity = the_type(call)
    if not rights.can_create(call.user):
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    return _item(call, entity, call.portal.crm.add(entity, _given(call, entity), call.user))


@method(
    "crm.item.get",
    scope="crm",
    page=_PAGES + "crm-item-get.md",
    params=("entityTypeId", "id", "useOriginalUfNames"),
    case="camel",
)
def get(call: Call) -> Record:
    """{item: …}."""
    entity = the_type(call)
    record = _record(call, entity)
    if not rights.can_read(call.user, record):
        raise RestError(400, "ACCESS_DENIED", "You do not have permission to view this item")
    return _item(call, entity, record["ID"])


@method(
    "crm.item.update",
    scope="crm",
    page=_PAGES + "crm-item-update.md",
    params=("entityTypeId", "id", "fields", "useOriginalUfNames"),
    case="camel",
)
def update(call: Call) -> Record:
    """{item: …} as it is afterwards."""
    entity = the_type(call)
    record = _record(call, entity)
    if not rights.can_write(call.user, record):
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    call.portal.crm.update(entity, record["ID"], _given(call, entity), call.user)
    return _item(call, entity, record["ID"])


@method("crm.item.delete", scope="crm", page=_PAGES + "crm-item-delete.md", params=("entityTypeId", "id"), case="camel")
def delete(call: Call) -> list[Any]:
    """An empty list."""
    entity = the_type(call)
    try:
        call.portal.crm.delete(entity, _record(call, entity)["ID"], call.user)
    except CrmError as error:
        raise RestError(400, "ACCESS_DENIED", "Access denied") from error
    return []


@method(
    "crm.item.list",
    scope="crm",
    page=_PAGES + "crm-item-list.md",
    params=("entityTypeId", "select", "order", "filter", "useOriginalUfNames"),
    case="camel",
)
def list_(call: Call) -> Reply:
    """{items: […]} with total; what the caller may not read is left out."""
    entity, crm, original = the_type(call), call.portal.crm, _original(call)
    try:
        where = item_query.where(crm, entity, call.params.get("filter"), original=original)
        order = item_query.order(crm, entity, call.params.get("order"), original=original)
    except items.ItemError as error:
        raise RestError(400, error.code, error.text) from error
    query = Query(where, order, max(call.start, 0), PAGE_SIZE, call.start >= 0)
    ids, total = crm.select(entity, query, call.user)
    given = call.params.get("select") or ["*"]
    select = [str(name) for name in (given.values() if isinstance(given, dict) else given)]
    rows = crm.tables[entity].rows
    shown = {one: items.read_row(crm, entity, rows[one], select, original=original) for one in ids}
    if original and "*" not in select and call.portal.differences.on("original_names_drop_system"):
        shown = {one: {name: row[name] for name in row if name.startswith("UF_")} for one, row in shown.items()}
    found = [listed_row(call.portal, entity, one, row) for one, row in shown.items()]
    return listed({"items": found}, total, call.start)


@method(
    "crm.item.fields",
    scope="crm",
    page=_PAGES + "crm-item-fields.md",
    params=("entityTypeId", "useOriginalUfNames"),
    case="camel",
)
def fields(call: Call) -> Record:
    """{fields: {name: description}}."""
    return {"fields": items.describe(call.portal.crm, the_type(call), original=_original(call))}
