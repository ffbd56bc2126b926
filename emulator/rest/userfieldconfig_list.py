"""userfieldconfig.list, and how a definition looks in all of userfieldconfig.*.

Pages: api-reference/crm/universal/userfieldconfig/userfieldconfig-list.md, userfieldconfig-get.md.
"""

from typing import Any

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.filters import Condition, Group, compile_group, parse_key
from emulator.crm.userfields import LABELS, UserField
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_legacy import refuse
from emulator.rest.registry import Call, Reply, page

VIEW = "You do not have permission to view user field settings"
_CAMEL = {"EDIT_FORM_LABEL": "editFormLabel", "LIST_COLUMN_LABEL": "listColumnLabel"}
_CAMEL |= {"LIST_FILTER_LABEL": "listFilterLabel", "ERROR_MESSAGE": "errorMessage", "HELP_MESSAGE": "helpMessage"}
_SORTED, _FILTERED = ("id", "fieldName", "userTypeId", "xmlId", "sort"), (
    *("id", "entityId", "fieldName", "userTypeId", "xmlId", "sort", "multiple", "mandatory", "showFilter"),
    *("showInList", "editInList", "isSearchable"),
)  # fmt: skip


def module(call: Call) -> None:
    """Raises where the app lacks the scope of the module, or the module has no fields of this kind."""
    name = str(needed(call, "moduleId"))
    if name not in call.scopes:
        raise refuse(f"The current method required more scopes. ({name})")
    if name != "crm":
        raise refuse("No settings for UserFieldAccess")


def entity_of(name: Any) -> Entity | None:
    """The kind of record of an entityId such as CRM_DEAL."""
    return next((entity for entity in Entity if entity.uf_entity == name), None)


def listed(call: Call) -> Reply:
    """{fields} of one entity, for CRM administrators of all where the filter names none; captions only in the language
    that `select` names, list options never."""
    module(call)
    given = call.params.get("filter")
    conditions = given if isinstance(given, dict) else {}
    named = conditions.get("entityId") or conditions.get("=entityId")
    kinds = [one for one in Entity if named in (None, one.uf_entity)]
    if not kinds or not rights.can_add(call.user) or (named is None and not rights.is_admin(call.user)):
        raise refuse(VIEW)
    select = call.params.get("select")
    lang = str(select.get("language") or "") if isinstance(select, dict) else ""
    call.swallow(call.params.get("order"), _SORTED, "order field of fields")
    rows = [row_of(one, (lang,) if lang else ()) for kind in kinds for one in call.portal.crm.userfields[kind]]
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


def row_of(one: UserField, languages: tuple[str, ...]) -> Record:
    """A definition in this method's words: texts, Y and N; captions for `languages`, none of them = no captions."""

    def letter(value: bool) -> str:
        return "Y" if value else "N"

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
