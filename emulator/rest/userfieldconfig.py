"""userfieldconfig.*: the newer way to user fields, over the same definitions as crm.<entity>.userfield.*.

Pages: api-reference/crm/universal/userfieldconfig/*. Needs the scope of the module as well; field names carry the full
prefix `UF_<entityId>_`. This portal has the entities CRM_LEAD, CRM_DEAL, CRM_CONTACT and CRM_COMPANY.
"""

from typing import Any

from emulator.crm import rights
from emulator.crm import userfield_rules as rules
from emulator.crm.entities import Entity, Record
from emulator.crm.filters import Condition, Group, compile_group, parse_key
from emulator.crm.userfields import LABELS, LANGUAGES, TYPES, UserField
from emulator.crm.values import to_int, truthy
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_legacy import refuse
from emulator.rest.crm_userfield import app_types, tell
from emulator.rest.registry import Call, Method, Reply, page

_PAGES = "api-reference/crm/universal/userfieldconfig/userfieldconfig-"
_CAMEL = {"EDIT_FORM_LABEL": "editFormLabel", "LIST_COLUMN_LABEL": "listColumnLabel"}
_CAMEL |= {"LIST_FILTER_LABEL": "listFilterLabel", "ERROR_MESSAGE": "errorMessage", "HELP_MESSAGE": "helpMessage"}
_CAPTIONS = {"editFormLabel": "EDIT_FORM_LABEL", "helpMessage": "HELP_MESSAGE"}
"""The captions that can be written; the others only read."""
_FLAGS = {"mandatory": "mandatory", "isSearchable": "searchable", "editInList": "edit_in_list"}
_ENUM = {"id": "ID", "value": "VALUE", "def": "DEF", "sort": "SORT", "xmlId": "XML_ID", "del": "DEL"}
_SORTED, _FILTERED = ("id", "fieldName", "userTypeId", "xmlId", "sort"), (
    *("id", "entityId", "fieldName", "userTypeId", "xmlId", "sort", "multiple", "mandatory", "showFilter"),
    *("showInList", "editInList", "isSearchable"),
)  # fmt: skip
_VIEW, _CHANGE = (
    "You do not have permission to view user field settings",
    "You cannot change the settings of the user field",
)
_WORDS = {
    "string": "String", "integer": "Integer", "double": "Number", "boolean": "Yes/No", "date": "Date",
    "datetime": "Date with time", "money": "Money", "url": "Link", "address": "Address", "enumeration": "List",
    "file": "File", "employee": "Linked to employee", "crm_status": "Linked to CRM directories",
    "crm": "Linked to CRM entities", "iblock_section": "Linked to information block sections",
    "iblock_element": "Linked to information block elements",
}  # fmt: skip


def _module(call: Call) -> None:
    module = str(needed(call, "moduleId"))
    if module not in call.scopes:
        raise refuse(f"The current method required more scopes. ({module})")
    if module != "crm":
        raise refuse("No settings for UserFieldAccess")


def _entity(name: Any) -> Entity | None:
    return next((entity for entity in Entity if entity.uf_entity == name), None)


def _held(call: Call, text: str) -> UserField:
    """The field, or the refusal that hides whether there is one."""
    number = to_int(needed(call, "id"))
    found = [fields.by_id(number) for fields in call.portal.crm.userfields.values()]
    one = next((field for field in found if field is not None), None)
    may = rights.can_add(call.user) if text == _VIEW else rights.is_admin(call.user)
    if one is None or not may:
        raise refuse(text)
    return one


def _fields(call: Call) -> Record:
    given = needed(call, "field")
    if not isinstance(given, dict):
        raise RestError(
            400, 100, "Invalid value {field} to match with parameter {field}. Should be value of type array."
        )
    return given


def _add(call: Call) -> Record:
    """{field}. Unsupported keys are ignored, as the page says."""
    _module(call)
    given = _fields(call)
    name, kind, entity = str(given.get("fieldName") or ""), str(given.get("userTypeId") or ""), given.get("entityId")
    if not rights.is_admin(call.user):
        raise refuse("Access denied")
    for value, key in ((kind, "USER_TYPE_ID"), (name, "FIELD_NAME")):
        if not value:
            raise refuse(f"The '{key}' field is not found.")
    owner = _entity(entity)
    if owner is None or not name.startswith(f"UF_{entity}_"):
        raise refuse("You cannot create custom fields")
    if kind not in TYPES and kind not in [full for full, _, _ in app_types(call.portal)]:
        raise refuse("Fail to create new user field")
    try:
        one = _make(call, owner, name, kind, given)
    except rules.FieldError as error:
        raise refuse(str(error)) from error
    tell(call, one, "ADD")
    if one.options:
        tell(call, one, "SETENUMVALUES")
    return {"field": _row(one, LANGUAGES)}


def _make(call: Call, owner: Entity, given_name: str, kind: str, given: Record) -> UserField:
    held, name = call.portal.crm.userfields[owner], rules.full_name(given_name)
    if name in held:
        raise rules.FieldError(f"Field {name} for object {owner.uf_entity} already exists.")
    more: dict[str, Any] = {attr: rules.flag(given.get(key), key == "editInList") for key, attr in _FLAGS.items()}
    more |= {
        "multiple": rules.flag(given.get("multiple")) and kind != "boolean",
        "xml_id": str(given.get("xmlId") or ""),
    }
    more |= {"sort": to_int(given.get("sort")) or 100, "labels": _captions(given)}
    more |= {"show_filter": rules.filter_letter(kind, given.get("showFilter"), adding=False)}
    one = held.add(name, kind, settings=_settings(kind, given.get("settings"), None), **more)
    if kind == "enumeration":
        try:
            one.options = rules.options_for(held, one, _enum(given.get("enum")))
        except rules.FieldError:
            held.drop(name)
            raise
    return one


def _settings(kind: str, given: Any, before: Record | None) -> Record:
    """All keys of the type may be set here, not only those of the older method's white list."""
    kept = rules.settings_for(kind, given, before)
    return kept | {key: value for key, value in given.items() if key in kept} if isinstance(given, dict) else kept


def _captions(given: Record) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for key, which in _CAPTIONS.items():
        value = given.get(key)
        if isinstance(value, dict):
            made[which] = {lang: str(text) for lang, text in value.items() if lang in LANGUAGES and text}
        elif value:
            made[which] = dict.fromkeys(LANGUAGES, str(value))
    return made


def _enum(given: Any) -> list[Record]:
    rows = given.values() if isinstance(given, dict) else given if isinstance(given, list) else ()
    return [{_ENUM[key]: row[key] for key in row if key in _ENUM} for row in rows if isinstance(row, dict)]


def _update(call: Call) -> Record:
    """{field}. What cannot be changed is left as it is."""
    _module(call)
    one, given = _held(call, _CHANGE), call.params.get("field") or {}
    for key in ("mandatory", "isSearchable"):
        if key in given:
            setattr(one, _FLAGS[key], rules.flag(given[key]))
    one.xml_id, one.sort = str(given.get("xmlId", one.xml_id) or ""), to_int(given.get("sort")) or one.sort
    if "showFilter" in given:
        one.show_filter = rules.filter_letter(one.type, given["showFilter"], adding=False)
    one.labels |= _captions(given)
    one.settings = _settings(one.type, given.get("settings"), one.settings)
    if "enum" in given and given.get("userTypeId") == one.type == "enumeration":
        try:
            one.options = rules.options_for(call.portal.crm.userfields[one.entity], one, _enum(given["enum"]))
        except rules.FieldError as error:
            raise refuse(str(error)) from error
        tell(call, one, "SETENUMVALUES")
    tell(call, one, "UPDATE")
    return {"field": _row(one, LANGUAGES)}


def _delete(call: Call) -> None:
    """Null; the values in records go with the field."""
    _module(call)
    one, crm = _held(call, "You cannot delete the user field"), call.portal.crm
    crm.userfields[one.entity].drop(one.name)
    for record in crm.tables[one.entity].rows.values():
        record.pop(one.name, None)
    tell(call, one, "DELETE")


def _get(call: Call) -> Record:
    _module(call)
    return {"field": _row(_held(call, _VIEW), LANGUAGES)}


def _list(call: Call) -> Reply:
    """{fields} of one entity; captions only in the language that `select` names, list options never."""
    _module(call)
    given = call.params.get("filter")
    conditions = given if isinstance(given, dict) else {}
    entity = _entity(conditions.get("entityId") or conditions.get("=entityId"))
    if entity is None or not rights.can_add(call.user):
        raise refuse(_VIEW)
    select = call.params.get("select")
    lang = str(select.get("language") or "") if isinstance(select, dict) else ""
    rows = [_row(one, (lang,) if lang else ()) for one in call.portal.crm.userfields[entity]]
    test = compile_group(_group(conditions), dict.get)
    found = page(_sorted([row for row in rows if test(row)], call.params.get("order")), call)
    return Reply({"fields": [_shown(row, select) for row in found.result]}, found.total, found.next)


def _group(given: Record) -> Group:
    parts: list[Condition | Group] = []
    for key, value in given.items():
        op, name = parse_key(str(key))
        if name not in _FILTERED:
            raise RestError(400, "ERROR_ARGUMENT", f"Unknown filter field '{key}'", argument="filter")
        parts.append(Condition(op, name, [str(one) for one in value] if isinstance(value, list) else str(value)))
    return Group(tuple(parts))


def _sorted(rows: list[Record], given: Any) -> list[Record]:
    order = list(given.items()) if isinstance(given, dict) and given else [("sort", "ASC"), ("id", "ASC")]
    for name, way in reversed(order):
        if name in _SORTED:
            rows.sort(key=lambda row, name=name: _key(row.get(name)), reverse=str(way).upper() == "DESC")  # type: ignore[misc]
    return rows


def _key(value: Any) -> tuple[int, str]:
    text = str(value or "")
    return (int(text), "") if text.isdigit() else (0, text)


def _shown(row: Record, select: Any) -> Record:
    names = [str(value) for key, value in select.items() if key != "language"] if isinstance(select, dict) else select
    wanted = [str(name) for name in names or ("*",)]
    return row if "*" in wanted else {name: value for name, value in row.items() if name in wanted}


def _row(one: UserField, languages: tuple[str, ...]) -> Record:
    """A definition in this method's words: texts, Y and N; captions for `languages`, none of them = no captions."""

    def letter(value: bool) -> str:
        return "Y" if truthy(value) else "N"

    row: Record = {"id": str(one.id), "entityId": one.entity.uf_entity, "fieldName": one.name, "userTypeId": one.type}
    row |= {"xmlId": one.xml_id or None, "sort": str(one.sort), "multiple": letter(one.multiple)}
    row |= {"mandatory": letter(one.mandatory), "showFilter": one.show_filter, "showInList": letter(one.show_in_list)}
    row |= {"editInList": letter(one.edit_in_list), "isSearchable": letter(one.searchable)}
    row["settings"] = dict(one.settings)
    if not languages:
        return row
    row["languageId"] = {lang: lang for lang in languages}
    for which in LABELS:
        row[_CAMEL[which]] = {lang: one.labels.get(which, {}).get(lang) for lang in languages}
    if one.type == "enumeration" and len(languages) > 1:
        row["enum"] = [_option(one, number) for number in range(len(one.options))]
    return row


def _option(one: UserField, number: int) -> Record:
    option = one.options[number]
    row: Record = {"id": str(option.id), "userFieldId": str(one.id), "value": option.value}
    return row | {"def": "Y" if option.default else "N", "sort": str(option.sort), "xmlId": option.xml_id}


def _types(call: Call) -> Record:
    """{types: {code: {userTypeId, description}}}, the apps' own among them."""
    _module(call)
    known = _WORDS | {full: title for full, _, title in app_types(call.portal)}
    return {"types": {code: {"userTypeId": code, "description": text} for code, text in known.items()}}


METHODS = tuple(
    Method(f"userfieldconfig.{name}", "userfieldconfig", f"{_PAGES}{file}.md", params, run, case="camel")
    for name, file, run, params in (
        ("add", "add", _add, ("moduleId", "field")),
        ("update", "update", _update, ("moduleId", "id", "field")),
        ("get", "get", _get, ("moduleId", "id")),
        ("list", "list", _list, ("moduleId", "select", "order", "filter")),
        ("delete", "delete", _delete, ("moduleId", "id")),
        ("getTypes", "get-types", _types, ("moduleId",)),
    )
)
