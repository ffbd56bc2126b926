"""crm.contact.company.* and crm.company.contact.*: links between contacts and companies.

None of these raises an event (crm/lib/binding/contactcompanytable.php): whoever wants to know must read.
"""

from collections.abc import Iterator
from typing import Any

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.links import Link
from emulator.crm.values import to_int
from emulator.errors import access_denied
from emulator.rest.crm_legacy import Action, bound, refuse
from emulator.rest.registry import Call, Method

_OTHER = {Entity.CONTACT: Entity.COMPANY, Entity.COMPANY: Entity.CONTACT}
_FOLDERS = {Entity.CONTACT: "contacts/company", Entity.COMPANY: "companies/contacts"}


def _key(owner: Entity) -> str:
    return f"{_OTHER[owner].upper()}_ID"


def _owner(call: Call, owner: Entity, quotes: str = "'") -> int:
    number = to_int(call.params.get("id"))
    if number <= 0:
        raise refuse(f"The parameter {quotes}ownerEntityID{quotes} is invalid or not defined.")
    return number


def _editable(call: Call, owner: Entity, id: int) -> None:
    record = call.portal.crm.tables[owner].rows.get(id)
    if not rights.can_add(call.user) or (record is not None and not rights.can_write(call.user, record)):
        raise access_denied()
    if record is None:
        raise refuse("Not found.")


def _other_id(call: Call, owner: Entity) -> tuple[int, Record]:
    fields = call.params.get("fields")
    if not isinstance(fields, dict):
        raise refuse("The parameter 'fields' must be array.")
    call.swallow(fields, (_key(owner), "SORT", "IS_PRIMARY", "ROLE_ID"), "field of a link")
    other = to_int(fields.get(_key(owner)))
    if other <= 0:
        raise refuse("The parameter 'fields' is not valid.")
    return other, fields


def _pair(owner: Entity, id: int, other: int) -> tuple[int, int]:
    return (id, other) if owner is Entity.CONTACT else (other, id)


def add(call: Call, owner: Entity) -> bool:
    """False if they are linked already."""
    id_ = _owner(call, owner)
    other, fields = _other_id(call, owner)
    _editable(call, owner, id_)
    if not call.portal.crm.exists(_OTHER[owner], other):
        raise refuse("The parameter 'fields' is not valid.")
    primary = str(fields.get("IS_PRIMARY", "")).upper() == "Y" or None
    return call.portal.crm.links.add(
        *_pair(owner, id_, other), primary=primary, sort=to_int(fields.get("SORT")) or None
    )


def delete(call: Call, owner: Entity) -> bool:
    """False if they were not linked."""
    id_ = _owner(call, owner)
    other, _ = _other_id(call, owner)
    _editable(call, owner, id_)
    return call.portal.crm.links.drop(*_pair(owner, id_, other))


def fields(call: Call, owner: Entity) -> dict[str, Record]:
    russian = call.portal.lang == "ru"
    titles = {"SORT": ("Sorting", "Сортировка"), "IS_PRIMARY": ("Primary", "Первичный")}
    titles[_key(owner)] = ("Company", "Компания") if owner is Entity.CONTACT else ("Contact", "Контакт")
    kinds = {"IS_PRIMARY": "char"}
    return {
        name: {
            "type": kinds.get(name, "integer"),
            "isRequired": name == _key(owner),
            "isReadOnly": False,
            "isImmutable": False,
            "isMultiple": False,
            "isDynamic": False,
            "title": title[russian],
        }
        for name, title in titles.items()
    }


def items_get(call: Call, owner: Entity) -> list[Record]:
    """[{COMPANY_ID, SORT, ROLE_ID, IS_PRIMARY}] with real integers; an unknown owner has none."""
    id_ = _owner(call, owner, quotes="")
    record = call.portal.crm.tables[owner].rows.get(id_)
    if not rights.can_add(call.user) or (record is not None and not rights.can_read(call.user, record)):
        raise access_denied()
    return [_row(owner, link) for link in call.portal.crm.links.of(owner, id_)]


def _row(owner: Entity, link: Link) -> Record:
    other = link.company if owner is Entity.CONTACT else link.contact
    return {_key(owner): other, "SORT": link.sort, "ROLE_ID": 0, "IS_PRIMARY": "Y" if link.primary else "N"}


def items_set(call: Call, owner: Entity) -> bool:
    """Make the links exactly these; without IS_PRIMARY the contact's first becomes primary."""
    id_ = _owner(call, owner, quotes="")
    given: Any = call.params.get("items")
    rows = list(given.values()) if isinstance(given, dict) else given
    if not isinstance(rows, list):
        raise refuse("The parameter items must be array.")
    _editable(call, owner, id_)
    wanted: list[tuple[int, int | None, bool]] = []
    chosen = False
    for row in rows:
        other = to_int(row.get(_key(owner))) if isinstance(row, dict) else 0
        if other > 0 and call.portal.crm.exists(_OTHER[owner], other):
            primary = not chosen and str(row.get("IS_PRIMARY", "")).upper() == "Y"
            chosen = chosen or primary
            wanted.append((other, to_int(row.get("SORT")) or None, primary))
    if wanted and not chosen and owner is Entity.CONTACT:
        wanted[0] = (*wanted[0][:2], True)
    call.portal.crm.links.set(owner, id_, wanted)
    return True


def items_delete(call: Call, owner: Entity) -> bool:
    """Drop all links of the owner."""
    id_ = _owner(call, owner, quotes="")
    _editable(call, owner, id_)
    call.portal.crm.links.clear(owner, id_)
    return True


_ACTIONS: tuple[tuple[str, Action, tuple[str, ...]], ...] = (
    ("add", add, ("id", "fields")),
    ("delete", delete, ("id", "fields")),
    ("fields", fields, ()),
    ("items.get", items_get, ("id",)),
    ("items.set", items_set, ("id", "items")),
    ("items.delete", items_delete, ("id",)),
)


def _methods() -> Iterator[Method]:
    for owner, folder in _FOLDERS.items():
        for name, run, params in _ACTIONS:
            title = f"crm.{owner}.{_OTHER[owner]}.{name}"
            page = f"api-reference/crm/{folder}/{title.replace('.', '-')}.md"
            yield Method(title, "crm", page, params, bound(run, owner))


METHODS = tuple(_methods())
