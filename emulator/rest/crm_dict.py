"""Reference books, pipelines, stage history, CRM mode, duplicate search."""

from typing import Any

from emulator.crm import rights
from emulator.crm.communications import LIMIT, normalize
from emulator.crm.dates import iso, parse_datetime
from emulator.crm.dictionaries import Category, Status
from emulator.crm.entities import Entity, Record, by_type_id
from emulator.crm.filters import Condition, Group, compile_group, parse_key
from emulator.crm.history import StageMove
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed, the_type
from emulator.rest.crm_legacy import listed, refuse
from emulator.rest.crm_rows import Kinds, conditions, ordered
from emulator.rest.registry import PAGE_SIZE, Call, Reply, method

_STATUS: Kinds = dict.fromkeys(
    ("ENTITY_ID", "STATUS_ID", "NAME", "NAME_INIT", "SYSTEM", "COLOR", "SEMANTICS"), "string"
)
_STATUS |= dict.fromkeys(("ID", "SORT", "CATEGORY_ID"), "integer")
_MOVED = ("ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME")
_MOVES = {
    Entity.LEAD: (*_MOVED, "STATUS_SEMANTIC_ID", "STATUS_ID"),
    Entity.DEAL: (*_MOVED, "CATEGORY_ID", "STAGE_SEMANTIC_ID", "STAGE_ID"),
}
_SEARCHED = ("LEAD", "CONTACT", "COMPANY")


@method("crm.status.list", scope="crm", page="api-reference/crm/status/crm-status-list.md", params=("order", "filter"))
def statuses(call: Call) -> Reply:
    """All matching rows at once with total."""
    if not rights.can_add(call.user):
        raise refuse("Access denied.")
    group = conditions(call.params.get("filter"), _STATUS, call.portal.world.warnings, "status")
    test = compile_group(group, lambda row, name: row[name])
    rows = [row for row in map(_status, call.portal.crm.books.statuses) if test(row)]
    call.swallow(call.params.get("order"), _STATUS, "order field of status")
    rows = ordered(rows, call.params.get("order"), _STATUS, ("ENTITY_ID", "SORT"))
    for row in rows:
        row |= {name: None if row[name] is None else str(row[name]) for name in ("ID", "SORT", "CATEGORY_ID")}
    return Reply(rows, total=len(rows))


def _status(row: Status) -> Record:
    made: Record = {"ID": row.id, "ENTITY_ID": row.entity_id, "STATUS_ID": row.status_id, "NAME": row.name}
    made |= {"NAME_INIT": row.name if row.system else "", "SORT": row.sort, "SYSTEM": "Y" if row.system else "N"}
    made |= {"CATEGORY_ID": row.category or None, "COLOR": row.color or None, "SEMANTICS": row.semantics or None}
    if row.color:
        words = {"S": "success", "F": "failure" if row.system else "apology"}
        made["EXTRA"] = {"SEMANTICS": words.get(row.semantics, "process"), "COLOR": row.color}
    return made


@method(
    "crm.category.list",
    scope="crm",
    page="api-reference/crm/universal/category/crm-category-list.md",
    params=("entityTypeId",),
    case="camel",
)
def categories(call: Call) -> Reply:
    """{categories: […]} of deals; contacts and companies have one nameless default, leads none."""
    entity = the_type(call)
    if entity is Entity.LEAD:
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type `Lead` is not supported")
    rows = sorted(call.portal.crm.books.categories.values(), key=lambda row: row.sort)
    if entity is not Entity.DEAL:
        rows = [Category(0, rows[0].name, is_default=True)]
    return Reply({"categories": [_category(row, entity) for row in rows]}, total=len(rows))


def _category(row: Category, entity: Entity) -> Record:
    made: Record = {"id": row.id, "name": row.name, "sort": row.sort, "entityTypeId": entity.type_id}
    made["isDefault"] = "Y" if row.is_default else "N"
    return made if row.is_default else made | {"originId": "", "originatorId": ""}


@method(
    "crm.stagehistory.list",
    scope="crm",
    page="api-reference/crm/crm-stage-history-list.md",
    params=("entityTypeId", "order", "filter", "select"),
    case="camel",
)
def stage_history(call: Call) -> Reply:
    """{items: […]} of leads or deals."""
    entity = by_type_id(to_int(needed(call, "entityTypeId")))
    if entity is None or entity not in _MOVES:
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported")
    fields = _MOVES[entity]
    group = _move_filter(call.params.get("filter"), fields)
    test = compile_group(group, lambda row, name: row[name])
    known = call.portal.crm.tables[entity].rows
    rows = [
        _move(move)
        for move in call.portal.crm.stage_moves
        if move.entity is entity and move.record in known and rights.can_read(call.user, known[move.record])
    ]
    rows = ordered([row for row in rows if test(row)], _move_order(call, fields), dict.fromkeys(fields, "string"))
    select = [name for name in call.params.get("select") or fields if name in fields] or list(fields)
    start = max(call.start, 0)
    shown = [{name: _out(row[name]) for name in select} for row in rows[start : start + PAGE_SIZE]]
    return listed({"items": shown}, len(rows) if call.start >= 0 else None, call.start)


def _move_filter(given: Any, fields: tuple[str, ...]) -> Group:
    parts: list[Condition | Group] = []
    for key, value in given.items() if isinstance(given, dict) else ():
        op, name = parse_key(str(key))
        if name not in fields:
            raise RestError(400, "INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")
        parts.append(Condition(op, name, _in(name, value)))
    return Group(tuple(parts))


def _in(name: str, value: Any) -> Any:
    if isinstance(value, list | dict):
        return [_in(name, item) for item in (value.values() if isinstance(value, dict) else value)]
    if name == "CREATED_TIME":
        return parse_datetime(value)
    return str(value) if name.startswith(("STAGE", "STATUS")) else to_int(value)


def _out(value: Any) -> Any:
    return iso(value) if hasattr(value, "isoformat") else value


def _move_order(call: Call, fields: tuple[str, ...]) -> Record:
    given = call.params.get("order") or {}
    for key, way in given.items() if isinstance(given, dict) else ():
        if key not in fields:
            raise RestError(400, "INVALID_ARG_VALUE", f"Invalid order: field '{key}' is not allowed in order")
        if str(way).upper() not in ("ASC", "DESC"):
            text = f"Invalid order: allowed sort directions are ASC, DESC. But got '{way}' for field '{key}'"
            raise RestError(400, "INVALID_ARG_VALUE", text)
    return given if isinstance(given, dict) else {}


def _move(move: StageMove) -> Record:
    row: Record = {"ID": move.id, "TYPE_ID": move.type_id, "OWNER_ID": move.record, "CREATED_TIME": move.created}
    if move.entity is Entity.LEAD:
        return row | {"STATUS_SEMANTIC_ID": move.semantics, "STATUS_ID": move.stage}
    return row | {"CATEGORY_ID": move.category, "STAGE_SEMANTIC_ID": move.semantics, "STAGE_ID": move.stage}


@method("crm.settings.mode.get", scope="crm", page="api-reference/crm/crm-settings-mode-get.md", params=())
def mode(call: Call) -> int:
    """1 classic (with leads), 2 simple (api-reference/crm/auxiliary/enum/crm-enum-settings-mode.md)."""
    return call.portal.crm.mode


@method(
    "crm.duplicate.findbycomm",
    scope="crm",
    page="api-reference/crm/duplicates/crm-duplicate-find-by-comm.md",
    params=("type", "values", "entity_type"),
)
def find_by_comm(call: Call) -> dict[str, list[int]]:
    """{LEAD|CONTACT|COMPANY: ids}, only where something was found; nothing found is an empty map, printed []."""
    if not rights.can_add(call.user):
        raise refuse("Access denied.")
    kind = str(call.params.get("type") or "").upper()
    if kind not in ("PHONE", "EMAIL"):
        if not kind:
            raise RestError(400, "Communication type is not defined", "Parameter 'type' is required.")
        raise refuse(f"Communication type '{kind}' is not supported in current context.")
    values = call.params.get("values")
    rows = list(values.values()) if isinstance(values, dict) else values
    if not isinstance(rows, list) or not rows:
        raise refuse("Communication values is not defined.")
    wanted = str(call.params.get("entity_type") or "").upper()
    if wanted == "DEAL":
        raise refuse("Deal is not supported in current context.")
    texts = list(dict.fromkeys(normalize(kind, row) for row in rows if isinstance(row, str) and row))[:LIMIT]
    return _duplicates(call, kind, texts, (wanted,) if wanted in _SEARCHED else _SEARCHED)


def _duplicates(call: Call, kind: str, values: list[str], names: tuple[str, ...]) -> dict[str, list[int]]:
    hits = [hit for value in values for hit in call.portal.crm.communications.find(kind, value)]
    found: dict[str, list[int]] = {}
    for name in names:
        ids = list(dict.fromkeys(id_ for entity, id_ in hits if entity.upper() == name))
        if ids:
            found[name] = ids
        if len(ids) >= LIMIT:
            break
    return found
