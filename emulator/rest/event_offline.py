"""event.offline.*: the app fetches its rows. Administrators and application context only, or 403.

Checks in the order of the portal's rest/lib/api/event.php.
"""

from typing import Any

from emulator.crm.dates import iso, parse_datetime
from emulator.crm.filters import Condition, Group, compile_group, parse_key
from emulator.crm.heeding import heeded
from emulator.crm.values import to_int
from emulator.errors import argument_error
from emulator.model import plans
from emulator.model.offline import OfflineRow
from emulator.rest.registry import Call, Method, Reply, page

Row = dict[str, Any]
FIELDS = ("ID", "TIMESTAMP_X", "EVENT_NAME", "MESSAGE_ID")
LISTED = (*FIELDS, "PROCESS_ID", "ERROR")


def _get(call: Call) -> Row:
    """{process_id, events}. Deletes what it returns unless `clear=0`, which the plan must allow."""
    clear = to_int(call.params.get("clear", 1)) != 0
    if not clear:
        plans.require(call.portal, plans.Feature.OFFLINE_EXTENDED, "extended offline events handling")
    limit, given = to_int(call.params.get("limit", 50)), call.params.get("process_id")
    if limit <= 0:
        raise argument_error("LIMIT", "Value must be positive integer")
    failed, wanted = to_int(call.params.get("error")) == 1, str(given or "").strip()
    rows = [row for row in _found(call, FIELDS, ("TIMESTAMP_X",)) if (row.process_id, row.error) == (wanted, failed)]
    rows = rows[:limit]
    queue, process_id = call.app().offline, wanted if given is not None else ""
    if given is None:
        process_id = queue.reserve(rows)
    answer = [_row(row) for row in rows]
    if clear and rows:
        queue.clear(process_id, call.connector, lambda row: True)
    return {"process_id": None if clear and given is None else process_id, "events": answer}


def _list(call: Call) -> Reply:
    """All rows as they are, reserved and failed ones too; nothing changes."""
    rows = _found(call, LISTED, ("ID",))
    shown = [_row(row) | {"PROCESS_ID": row.process_id, "ERROR": str(int(row.error))} for row in rows]
    return page(shown, call)


def _clear(call: Call) -> bool:
    """Drop a reserved batch, or the named rows of it."""
    process_id, queue = _process(call), call.app().offline
    if "message_id" in call.params:
        keys = _texts(call, "message_id")
        if any(len(key) != 32 for key in keys):
            raise argument_error("message_id", "Value must be array of MESSAGE_ID values")
        queue.clear(process_id, call.connector, lambda row: row.message_id in keys)
    elif "id" in call.params:
        ids = {to_int(value) for value in _texts(call, "id")}
        if not ids or min(ids) <= 0:
            raise argument_error("id", "Value must be array of integers")
        queue.clear(process_id, call.connector, lambda row: row.id in ids)
    else:
        queue.clear(process_id, call.connector, lambda row: True)
    return True


def _error(call: Call) -> bool:
    """Rows of a batch could not be worked off: kept with ERROR=1."""
    process_id = _process(call)
    if not isinstance(call.params.get("message_id"), (list, dict)):
        raise argument_error("message_id", "Value must be array of MESSAGE_ID values")
    call.app().offline.mark_errors(process_id, call.connector, _texts(call, "message_id"))
    return True


def _process(call: Call) -> str:
    if call.params.get("process_id") is None:
        raise argument_error("PROCESS_ID")
    return str(call.params["process_id"]).strip()


def _texts(call: Call, name: str) -> list[str]:
    given = call.params[name]
    if not isinstance(given, (list, dict)):
        what = "integers" if name == "id" else "MESSAGE_ID values"
        raise argument_error(name, f"Value must be array of {what}")
    return [str(value).strip() for value in (given.values() if isinstance(given, dict) else given)]


def _found(call: Call, fields: tuple[str, ...], default: tuple[str, ...]) -> list[OfflineRow]:
    """Rows of the caller's source key by `filter` and `order`."""
    test = compile_group(_filter(call, call.params.get("filter"), fields), _read)
    rows = [row for row in call.app().offline.of(call.connector, call.world.now()) if test(row)]
    given = call.params.get("order")
    order = list(given.items()) if isinstance(given, dict) and given else [(name, "ASC") for name in default]
    rows.sort(key=lambda row: row.id)
    for name, way in reversed(order):
        if name not in fields:
            raise argument_error("order", f"Order field not allowed: {name}")
        rows.sort(key=lambda row, name=name: _read(row, name), reverse=str(way).upper() == "DESC")  # type: ignore[misc]
    return rows


def _filter(call: Call, given: Any, fields: tuple[str, ...]) -> Group:
    parts: list[Condition | Group] = []
    for key, value in given.items() if isinstance(given, dict) else ():
        op, name = parse_key(str(key))
        if name not in fields:
            raise argument_error("filter", f"Filter field not allowed: {name}")
        kind = "datetime" if name == "TIMESTAMP_X" else ""
        parts += heeded(call.portal, kind, value, Condition(op, name, _typed(name, value)))
    return Group(tuple(parts))


def _typed(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(name, one) for one in value]
    if name in ("ID", "ERROR"):
        return to_int(value)
    return parse_datetime(value) if name == "TIMESTAMP_X" else str(value)


def _read(row: OfflineRow, name: str) -> Any:
    known = {"ID": row.id, "TIMESTAMP_X": row.at, "EVENT_NAME": row.event, "MESSAGE_ID": row.message_id}
    return (known | {"PROCESS_ID": row.process_id, "ERROR": int(row.error)})[name]


def _row(row: OfflineRow) -> Row:
    made: Row = {"ID": str(row.id), "TIMESTAMP_X": iso(row.at), "EVENT_NAME": row.event, "EVENT_DATA": row.data}
    made["EVENT_ADDITIONAL"] = {"user_id": row.user_id} if row.user_id else False
    return made | {"MESSAGE_ID": row.message_id}


_METHODS = (
    ("get", _get, ("filter", "order", "limit", "clear", "process_id", "error")),
    ("list", _list, ("filter", "order")),
    ("clear", _clear, ("process_id", "id", "message_id")),
    ("error", _error, ("process_id", "message_id")),
)
METHODS = tuple(
    Method(f"event.offline.{name}", "", f"api-reference/events/event-offline-{name}.md", params, run, True, True)
    for name, run, params in _METHODS
)
