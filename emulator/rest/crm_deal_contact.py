"""crm.deal.contact.*: contacts of a deal, the primary one first.

Pages: api-reference/crm/deals/contacts/*. As with contacts and companies, none of these raises an event.
"""

from typing import Any

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.values import to_int
from emulator.errors import access_denied
from emulator.rest.crm_legacy import refuse
from emulator.rest.crm_rows import flags
from emulator.rest.registry import Call, Method


def _deal(call: Call, *, changing: bool, quotes: str = "'") -> Record:
    number = to_int(call.params.get("id"))
    if number <= 0:
        raise refuse(f"The parameter {quotes}ownerEntityID{quotes} is invalid or not defined.")
    if not (rights.can_create(call.user) if changing else rights.can_add(call.user)):
        raise refuse("Access denied.")
    record = call.portal.crm.tables[Entity.DEAL].rows.get(number)
    if record is None:
        raise refuse("Not found.")
    if not (rights.can_write if changing else rights.can_read)(call.user, record):
        raise access_denied()
    return record


def _contact(call: Call, what: str) -> tuple[int, Record]:
    fields = call.params.get("fields")
    if not isinstance(fields, dict):
        raise refuse(f"The parameter '{what}' must be array.")
    call.swallow(fields, ("CONTACT_ID", "SORT", "IS_PRIMARY", "ROLE_ID"), "field of a deal's contact")
    number = to_int(fields.get("CONTACT_ID"))
    if number <= 0 or not call.portal.crm.exists(Entity.CONTACT, number):
        raise refuse("The parameter 'fields' is not valid.")
    return number, fields


def _ids(record: Record) -> list[int]:
    return list(record.get("CONTACT_IDS") or ())


def _sorts(record: Record) -> dict[int, int]:
    """Sort index by contact; one that came with the deal's own field has its place's."""
    known = record.get("CONTACT_SORTS") or {}
    return {number: known.get(number, 10 * place) for place, number in enumerate(_ids(record), 1)}


def _keep(record: Record, sorts: dict[int, int], primary: int | None) -> None:
    """The primary contact stands first, the others by sort index."""
    order = sorted(sorts, key=lambda number: (number != primary, sorts[number]))
    record["CONTACT_IDS"], record["CONTACT_SORTS"] = order, dict(sorts)


def _add(call: Call) -> bool:
    """False if the contact is there already."""
    record = _deal(call, changing=True)
    number, fields = _contact(call, "fields")
    ids, sorts = _ids(record), _sorts(record)
    if number in ids:
        return False
    sorts[number] = to_int(fields.get("SORT")) or max(sorts.values(), default=0) + 10
    primary = str(fields.get("IS_PRIMARY", "")).upper() == "Y" or not ids
    _keep(record, sorts, number if primary else ids[0])
    return True


def _delete(call: Call) -> bool:
    """False if the contact was not there. The next one becomes primary."""
    record = _deal(call, changing=True)
    number, _ = _contact(call, "item")
    ids, sorts = _ids(record), _sorts(record)
    if number not in ids:
        return False
    del sorts[number]
    left = [one for one in ids if one != number]
    _keep(record, sorts, left[0] if left else None)
    return True


def _items_get(call: Call) -> list[Record]:
    """By sort index, real integers."""
    record = _deal(call, changing=False, quotes="")
    ids, sorts = _ids(record), _sorts(record)
    return [
        {"CONTACT_ID": one, "SORT": sorts[one], "ROLE_ID": 0, "IS_PRIMARY": "Y" if one == ids[0] else "N"}
        for one in sorted(ids, key=lambda number: sorts[number])
    ]


def _items_set(call: Call) -> bool:
    """Exactly these; the first marked one is primary, else the first."""
    given: Any = call.params.get("items")
    rows = list(given.values()) if isinstance(given, dict) else given
    record = _deal(call, changing=True, quotes="")
    if not isinstance(rows, list):
        raise refuse("The parameter items must be array.")
    sorts: dict[int, int] = {}
    primary: int | None = None
    for place, row in enumerate(rows, 1):
        number = to_int(row.get("CONTACT_ID")) if isinstance(row, dict) else 0
        if call.portal.crm.exists(Entity.CONTACT, number):
            sorts.setdefault(number, to_int(row.get("SORT")) or 10 * place)
            marked = str(row.get("IS_PRIMARY", "")).upper() == "Y"
            primary = number if marked and primary is None else primary
    _keep(record, sorts, primary or next(iter(sorts), None))
    return True


def _items_delete(call: Call) -> bool:
    _keep(_deal(call, changing=True), {}, None)
    return True


def _fields(call: Call) -> dict[str, Record]:
    titles = {"SORT": ("Sorting", "Сортировка"), "IS_PRIMARY": ("Primary", "Первичный")}
    titles["CONTACT_ID"] = ("Contact", "Контакт")
    return {
        name: flags("char" if name == "IS_PRIMARY" else "integer", title[call.portal.lang == "ru"],
                    required=name == "CONTACT_ID")
        for name, title in titles.items()
    }  # fmt: skip


_PAGES = "api-reference/crm/deals/contacts/crm-deal-contact-"
METHODS = tuple(
    Method(f"crm.deal.contact.{name}", "crm", f"{_PAGES}{name.replace('.', '-')}.md", params, run)
    for name, run, params in (
        ("add", _add, ("id", "fields")), ("delete", _delete, ("id", "fields")), ("fields", _fields, ()),
        ("items.get", _items_get, ("id",)), ("items.set", _items_set, ("id", "items")),
        ("items.delete", _items_delete, ("id",)),
    )
)  # fmt: skip
