"""User fields (UF_CRM_…) of one kind of record: definitions, labels, list options.

Pages: api-reference/crm/companies/userfields/*; what is really kept: rest/lib/userfieldproxy.php.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from emulator.crm.entities import Entity

LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE")
LANGUAGES = ("ru", "en", "de", "ua", "by", "kz")
"""Languages of the portal; a label given for another one is dropped."""

_TYPES = """
string integer double boolean date datetime money url address enumeration file employee crm_status
iblock_section iblock_element crm resourcebooking
"""
TYPES = frozenset(_TYPES.split())


@dataclass(slots=True)
class Option:
    """A value of an enumeration field; its id, not its text, stands in records."""

    id: int
    value: str
    sort: int = 500
    default: bool = False
    xml_id: str = ""


@dataclass(slots=True)
class UserField:
    """A definition. `labels`: {label name: {language: text}}; `app` client id for a type that belongs to an app."""

    id: int
    entity: Entity
    name: str
    type: str
    xml_id: str = ""
    sort: int = 100
    multiple: bool = False
    mandatory: bool = False
    show_filter: str = "N"
    show_in_list: bool = True
    edit_in_list: bool = True
    searchable: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    options: list[Option] = field(default_factory=list)

    def label(self, lang: str, which: str = "EDIT_FORM_LABEL") -> str:
        """What people see; the technical name if nobody gave a caption."""
        return self.labels.get(which, {}).get(lang) or self.name

    def option(self, value: object) -> Option | None:
        """A list option by id."""
        return next((option for option in self.options if str(option.id) == str(value)), None)

    def default(self) -> Any:
        """What a new record gets: settings' DEFAULT_VALUE or the default option."""
        if self.type == "enumeration":
            chosen = [option.id for option in self.options if option.default]
            return chosen if self.multiple else next(iter(chosen), None)
        if self.type in ("date", "datetime"):
            return None
        found = self.settings.get("DEFAULT_VALUE")
        if self.type == "boolean":
            return bool(found)
        return None if found in (None, "") or self.multiple else found


class UserFields:
    """Definitions of one entity by name. Names are UF_CRM_…, at most 50 characters (checked by whoever adds)."""

    def __init__(self, entity: Entity, next_id: Callable[[str], int]) -> None:
        self.entity = entity
        self._next_id = next_id
        self._by_name: dict[str, UserField] = {}

    def __iter__(self) -> Iterator[UserField]:
        return iter(self._by_name.values())

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def get(self, name: str) -> UserField | None:
        return self._by_name.get(name)

    def by_id(self, id: int) -> UserField | None:
        return next((one for one in self if one.id == id), None)

    def add(self, name: str, type: str, **more: Any) -> UserField:
        """Keep a definition. Raises ValueError for a name that is taken."""
        if name in self._by_name:
            raise ValueError(name)
        made = UserField(self._next_id("userfield"), self.entity, name, type, **more)
        self._by_name[name] = made
        return made

    def drop(self, name: str) -> None:
        del self._by_name[name]

    def new_option(self, value: str, sort: int, default: bool, xml_id: str) -> Option:
        """An enumeration option with the portal's next id; an empty XML_ID becomes a hash-like code."""
        number = self._next_id("userfield_enum")
        return Option(number, value, sort, default, xml_id or f"{number:032x}")
