"""user.get, user.current, user.search, department.get."""

from datetime import datetime
from typing import Any

from emulator import php
from emulator.crm.dates import ZONE, iso, parse_datetime
from emulator.crm.filters import Condition, Group, compile_group, parse_key
from emulator.crm.heeding import heeded
from emulator.crm.values import to_int, truthy
from emulator.errors import RestError
from emulator.model.people import Department, User
from emulator.rest.crm_legacy import listed
from emulator.rest.registry import PAGE_SIZE, Call, Method, Reply, method

Row = dict[str, Any]
_SCOPES = ("user", "user_basic", "user_brief")
_BRIEF = frozenset(
    {"ID", "XML_ID", "ACTIVE", "NAME", "LAST_NAME", "SECOND_NAME", "IS_ONLINE", "TIME_ZONE", "TIMESTAMP_X"}
    | {"DATE_REGISTER", "PERSONAL_GENDER", "PERSONAL_BIRTHDAY", "PERSONAL_CITY", "WORK_POSITION"}
    | {"LAST_ACTIVITY_DATE", "UF_EMPLOYMENT_DATE", "UF_DEPARTMENT"}
)
_BASIC = _BRIEF | {"EMAIL", "WORK_PHONE", "PERSONAL_MOBILE", "PERSONAL_PHONE"}
_FULL = _BASIC | {"LAST_LOGIN", "PERSONAL_WWW"}
_FOUND_BY = ("NAME", "LAST_NAME", "WORK_POSITION", "UF_DEPARTMENT_NAME")
_DATES = frozenset({"DATE_REGISTER", "LAST_LOGIN", "LAST_ACTIVITY_DATE", "TIMESTAMP_X"})
_EXTRA = frozenset({"UF_DEPARTMENT_NAME", "NAME_SEARCH", "USER_TYPE", "FIND"})


def _visible(call: Call) -> frozenset[str]:
    """Fields the widest granted user scope shows (api-reference/user/user-scope.md)."""
    if "user" in call.scopes:
        return _FULL
    if "user_basic" in call.scopes:
        return _BASIC
    if "user_brief" in call.scopes:
        return _BRIEF
    text = "The request requires higher privileges than provided by the access token"
    raise RestError(401, "insufficient_scope", text)


def _row(call: Call, user: User) -> Row:
    """Everything there is of a person; missing data are empty texts, the id is a text, ACTIVE a boolean.

    Two dates are objects of PHP, which print empty (user-get.md); `_current` prints them as texts.
    """
    since = iso(user.registered) if user.registered else ""
    number = user.id if call.portal.differences.on("user_ids_numbers") else str(user.id)
    row: Row = {"ID": number, "XML_ID": str(user.id), "ACTIVE": user.active, "NAME": user.name}
    row |= {"LAST_NAME": user.last_name, "SECOND_NAME": user.second_name, "EMAIL": user.email, "LAST_LOGIN": since}
    row |= {"DATE_REGISTER": since, "TIME_ZONE": user.time_zone, "IS_ONLINE": "Y" if user.online else "N"}
    row |= {"LAST_ACTIVITY_DATE": php.Object()}
    row |= {"TIMESTAMP_X": php.Object(), "PERSONAL_GENDER": user.gender, "PERSONAL_WWW": ""}
    row |= {"PERSONAL_BIRTHDAY": "", "PERSONAL_MOBILE": user.phone, "PERSONAL_PHONE": "", "PERSONAL_CITY": ""}
    row |= {"WORK_PHONE": "", "WORK_POSITION": user.work_position, "UF_EMPLOYMENT_DATE": ""}
    return row | {"UF_DEPARTMENT": list(user.departments)}


def _text(moment: datetime | None, pattern: str) -> str:
    """A moment of the portal's clock, empty where nothing is known."""
    return moment.astimezone(ZONE).strftime(pattern) if moment else ""


def _shown(row: Row, allowed: frozenset[str], select: Any) -> Row:
    names = [str(name) for name in (select.values() if isinstance(select, dict) else select or ())]
    wanted = set(names) | ({name for name in allowed if name.startswith("UF_")} if "UF_*" in names else set())
    kept = {name: value for name, value in row.items() if name in allowed}
    if names and "*" not in names:
        kept = {name: value for name, value in kept.items() if name in wanted}
    return kept | ({"USER_TYPE": "employee"} if not names or {"*", "USER_TYPE"} & set(names) else {})


def _filter(call: Call) -> Group:
    differences, given = call.portal.differences, call.params.get("FILTER") or {}
    rows = given if isinstance(given, dict) and not differences.on("user_filter_flat") else {}
    mixed = {**{k: v for k, v in call.params.items() if k in _FULL}, **rows}
    asked = {parse_key(str(key).upper())[1] for key in mixed}
    only_active = differences.on("user_get_active_only") and "ACTIVE" not in asked
    parts: list[Condition | Group] = [Condition("=", "ACTIVE", True)] if only_active else []
    for key, value in mixed.items():
        op, name = parse_key(str(key).upper())
        if name in _FULL or name in _EXTRA:
            one = _condition(op, name, value)
            parts += heeded(call.portal, "", value, one) if isinstance(one, Condition) else (one,)
        else:
            call.portal.world.warnings.append(f"{call.portal.name}: unknown filter field {key} of user")
    return Group(tuple(parts))


def _condition(op: str, name: str, value: Any) -> Condition | Group:
    if name in ("NAME_SEARCH", "FIND"):
        words = [Condition("has", field, value) for field in (*_FOUND_BY[:3], "UF_DEPARTMENT_NAME")]
        return Group(tuple(words), any=True)
    values = list(value.values()) if isinstance(value, dict) else value
    cast = _cast_list(name, values) if isinstance(values, list) else _cast(name, values)
    return Condition(op, name, cast)


def _cast_list(name: str, values: list[Any]) -> list[Any]:
    return [_cast(name, value) for value in values]


def _cast(name: str, value: Any) -> Any:
    if name in ("ID", "UF_DEPARTMENT"):
        return to_int(value)
    if name == "ACTIVE":
        return value in ("Y", "true") or (value not in ("N", "false") and truthy(value))
    return parse_datetime(value) if name in _DATES else str(value)


def _read(call: Call, user: User, name: str) -> Any:
    if name == "UF_DEPARTMENT_NAME":
        return [held.name for id_ in user.departments if (held := call.portal.departments.get(id_))]
    if name == "USER_TYPE":
        return "employee"
    if name == "ID":
        return user.id
    if name in ("DATE_REGISTER", "TIMESTAMP_X", "LAST_ACTIVITY_DATE"):
        return user.last_activity if name == "LAST_ACTIVITY_DATE" else user.registered
    return _row(call, user).get(name)


def _people(call: Call) -> Reply:
    allowed = _visible(call)
    test = compile_group(_filter(call), lambda user, name: _read(call, user, name))
    found = [user for user in call.portal.users.values() if test(user)]
    name = str(call.params.get("sort") or "ID").upper()
    if name in _FULL:
        found.sort(key=lambda user: (_read(call, user, name) is not None, _read(call, user, name)))
    if str(call.params.get("order") or "").upper() == "DESC":
        found.reverse()
    start = max(call.start, 0)
    rows = [_shown(_row(call, user), allowed, call.params.get("select")) for user in found[start : start + PAGE_SIZE]]
    return listed(rows, len(found) if call.start >= 0 else None, call.start)


def _current(call: Call) -> Row:
    """The caller, with dates as texts: 2024-07-23 08:08:50 (user-current.md), 24.08.2023 13:19:39 (batch.md)."""
    row = _row(call, call.user) | {
        "LAST_ACTIVITY_DATE": _text(call.user.last_activity, "%Y-%m-%d %H:%M:%S"),
        "TIMESTAMP_X": _text(call.user.registered, "%d.%m.%Y %H:%M:%S"),
    }
    return {k: v for k, v in row.items() if k in _visible(call)}


_LIST = ("FILTER", "sort", "order", "ADMIN_MODE", "select", "IMAGE_RESIZE", *sorted(_FULL))
METHODS = (
    Method("user.get", "", "api-reference/user/user-get.md", _LIST, _people),
    Method("user.search", "", "api-reference/user/user-search.md", _LIST, _people),
    Method("user.current", "", "api-reference/user/user-current.md", (), _current),
)
"""Any of three scopes opens these, so the scope is checked here and not by the front."""


@method(
    "department.get",
    scope="department",
    page="api-reference/departments/department-get.md",
    params=("sort", "order", "ID", "NAME", "PARENT", "UF_HEAD"),
)
def departments(call: Call) -> Reply:
    """Rows with total: ID and PARENT texts, SORT a number, UF_HEAD only where there is a head; PARENT 0 finds the root.

    Letters of parameter names do not count, so `sort` with a number is the documented filter SORT.
    """
    rows = [_department(row) for row in call.portal.departments.values()]
    given, key = dict(call.params), str(call.params.get("sort") or "SORT").upper()
    if key.isdigit():
        given["SORT"], key = key, "SORT"
    for name in ("ID", "NAME", "SORT", "PARENT", "UF_HEAD"):
        if (wanted := given.get(name)) not in (None, ""):
            choices = {str(one) for one in (wanted if isinstance(wanted, list) else [wanted])}
            rows = [row for row in rows if str(row.get(name, "0" if name == "PARENT" else "")) in choices]
    rows.sort(key=lambda row: (to_int(row.get(key)) if key != "NAME" else 0, str(row.get(key, ""))))
    if str(call.params.get("order") or "").upper() == "DESC":
        rows.reverse()
    start = max(call.start, 0)
    return listed(rows[start : start + PAGE_SIZE], len(rows) if call.start >= 0 else None, call.start)


def _department(row: Department) -> Row:
    made: Row = {"ID": str(row.id), "NAME": row.name, "SORT": row.sort}
    if row.parent:
        made["PARENT"] = str(row.parent)
    return made | ({"UF_HEAD": str(row.head)} if row.head else {})
