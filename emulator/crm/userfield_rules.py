"""What crm.<entity>.userfield.add and update keep of what they are given (rest/lib/userfieldproxy.php).

Settings have a white list per type, the rest comes from the type's own defaults; app-defined types get none.
"""

import re
from typing import Any

from emulator.crm.entities import Record
from emulator.crm.userfields import LABELS, LANGUAGES, Option, UserField, UserFields
from emulator.crm.values import to_int

NAME_LIMIT = 50
_NAME = re.compile(r"[A-Z0-9_]+")
_UNFILTERED = frozenset({"money", "url", "address", "file", "resourcebooking"})

_TYPE_DEFAULTS: dict[str, Record] = {
    "string": {"SIZE": 20, "ROWS": 1, "REGEXP": "", "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": ""},
    "integer": {"SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "double": {"PRECISION": 2, "SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "boolean": {"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX", "LABEL": ["", ""], "LABEL_CHECKBOX": ""},
    "date": {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}},
    "datetime": {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}, "USE_SECOND": "Y", "USE_TIMEZONE": "N"},
    "money": {"DEFAULT_VALUE": ""},
    "url": {"POPUP": "Y", "SIZE": 20, "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": "", "ROWS": 1},
    "address": {"SHOW_MAP": "Y"},
    "enumeration": {"DISPLAY": "LIST", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y"},
    "crm_status": {"ENTITY_TYPE": ""},
    "crm": {"LEAD": "N", "CONTACT": "N", "COMPANY": "N", "DEAL": "N"},
    "iblock_element": {"IBLOCK_TYPE_ID": "", "IBLOCK_ID": 0, "DEFAULT_VALUE": "", "DISPLAY": "LIST", "LIST_HEIGHT": 1},
    "file": {
        "SIZE": 20,
        "LIST_WIDTH": 0,
        "LIST_HEIGHT": 0,
        "MAX_SHOW_SIZE": 0,
        "MAX_ALLOWED_SIZE": 0,
        "EXTENSIONS": [],
    },
}
_WHITE_LIST: dict[str, tuple[str, ...]] = {
    "string": ("DEFAULT_VALUE", "ROWS"),
    "integer": ("DEFAULT_VALUE",),
    "double": ("DEFAULT_VALUE", "PRECISION"),
    "boolean": ("DEFAULT_VALUE", "DISPLAY"),
    "date": ("DEFAULT_VALUE",),
    "datetime": ("DEFAULT_VALUE",),
    "enumeration": ("DISPLAY", "LIST_HEIGHT"),
    "crm_status": ("ENTITY_TYPE",),
    "crm": ("LEAD", "CONTACT", "COMPANY", "DEAL"),
    "iblock_element": ("IBLOCK_TYPE_ID", "IBLOCK_ID", "DEFAULT_VALUE", "DISPLAY", "LIST_HEIGHT"),
    "iblock_section": ("IBLOCK_TYPE_ID", "IBLOCK_ID", "DEFAULT_VALUE", "DISPLAY", "LIST_HEIGHT"),
}


class FieldError(ValueError):
    """An ERROR_CORE refusal in the portal's words."""


def full_name(given: str) -> str:
    """UF_CRM_ put in front of whatever lacks it, in upper case. Raises FieldError for length and letters."""
    name = given.strip().upper()
    if not name.startswith("UF_CRM_"):
        name = f"UF_CRM_{name.removeprefix('UF_')}"
    if len(name) > NAME_LIMIT:
        raise FieldError("Field name is too long (more than 50 characters).")
    if _NAME.fullmatch(name) is None:
        raise FieldError("Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _.")
    return name


def flag(value: Any, default: bool = False) -> bool:
    """Y or y."""
    return default if value is None else str(value).upper() == "Y"


def filter_letter(kind: str, wanted: Any, *, adding: bool) -> str:
    """SHOW_FILTER as kept: Y → E (by mask), I for employees, never for the types the legacy method does not know."""
    if not flag(wanted):
        return "N"
    if adding and kind not in _WHITE_LIST and kind != "employee":
        return "N"
    return "I" if kind == "employee" else "E"


def labels_for(given: Any, default: str) -> dict[str, str]:
    """A caption by language: a text serves all of them, a map those it names, the others get the default."""
    common = given if isinstance(given, str) and given else default
    rows = given if isinstance(given, dict) else {}
    return {lang: str(rows[lang]) if rows.get(lang) else common for lang in LANGUAGES}


def all_labels(fields: Record, name: str) -> dict[str, dict[str, str]]:
    """Every caption of a new field; LABEL, or else the technical name, stands in for missing ones."""
    default = str(fields.get("LABEL") or "").strip() or name
    return {which: labels_for(fields.get(which), default) for which in LABELS}


def settings_for(kind: str, given: Any, before: Record | None = None) -> Record:
    """Settings as kept."""
    kept = dict(before if before is not None else _TYPE_DEFAULTS.get(kind, {}))
    rows = given if isinstance(given, dict) else {}
    for key in _WHITE_LIST.get(kind, ()):
        if key in rows:
            kept[key] = _setting(kind, key, rows[key])
    return kept


def _setting(kind: str, key: str, value: Any) -> Any:
    if kind == "boolean" and key == "DEFAULT_VALUE":
        return int(to_int(value) > 0)
    if kind in ("date", "datetime") and not isinstance(value, dict):
        return {"TYPE": "NONE", "VALUE": value}
    if kind == "crm":
        return "Y" if flag(value) else "N"
    if key in ("ROWS", "LIST_HEIGHT"):
        return max(to_int(value), 1)
    if key in ("PRECISION", "IBLOCK_ID"):
        return to_int(value)
    return str(value).upper() if key == "DISPLAY" else value


def options_for(fields: UserFields, one: UserField, given: Any) -> list[Option]:
    """List options after an add or update: rows with ID change or (DEL=Y) go, others are new, the rest stays.

    Raises FieldError for two equal XML_ID.
    """
    kept = {option.id: option for option in one.options}
    rows = given.values() if isinstance(given, dict) else given if isinstance(given, list) else ()
    for row in rows:
        if isinstance(row, dict):
            _take_option(fields, one, kept, row)
    codes = [option.xml_id for option in kept.values()]
    if twice := next((code for code in codes if codes.count(code) > 1), None):
        raise FieldError(f"List item with XML_ID={twice} already exists.")
    if not one.multiple:
        _single_default(list(kept.values()), rows)
    return sorted(kept.values(), key=lambda option: option.sort)


def _take_option(fields: UserFields, one: UserField, kept: dict[int, Option], row: Record) -> None:
    number, value = to_int(row.get("ID")), str(row.get("VALUE") or "").strip()
    if number in kept and flag(row.get("DEL")):
        del kept[number]
    elif number in kept:
        old = kept[number]
        sort = to_int(row.get("SORT")) or old.sort
        kept[number] = Option(
            number, value or old.value, sort, flag(row.get("DEF"), old.default), str(row.get("XML_ID") or old.xml_id)
        )
    elif value:
        made = fields.new_option(
            value, to_int(row.get("SORT")) or 500, flag(row.get("DEF")), str(row.get("XML_ID") or "")
        )
        kept[made.id] = made


def _single_default(options: list[Option], rows: Any) -> None:
    """Only the first default of a single-value list counts."""
    defaults = [option for option in options if option.default]
    for option in defaults[1:]:
        option.default = False
