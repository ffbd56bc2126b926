"""Finding records: candidates from indexes, then the filter, then the order."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.fields import MULTIFIELDS
from emulator.crm.filters import ALL, Group, bounds, compile_group

if TYPE_CHECKING:
    from emulator.crm.store import Crm
    from emulator.model.people import User

_BY_ID = (("ID", False),)


@dataclass(frozen=True, slots=True)
class Query:
    """What to find. `order`: (field, descending) pairs; `limit` None = all; `count=False` leaves the total out."""

    where: Group = ALL
    order: tuple[tuple[str, bool], ...] = ()
    offset: int = 0
    limit: int | None = None
    count: bool = True


def find(crm: "Crm", entity: Entity, query: Query, actor: "User | None") -> tuple[list[int], int | None]:
    """Ids of the records the actor may read that match, and how many there are in all (None if not counted)."""
    rows, order = crm.tables[entity].rows, query.order or _BY_ID
    by_id = order[0][0] == "ID"
    candidates = _candidates(crm, entity, query.where, backwards=by_id and order[0][1])
    test = compile_group(query.where, lambda record, name: _seen(crm, entity, record, name))
    everything = rights.reads_all(actor)
    found = (one for one in candidates if test(rows[one]) and (everything or rights.can_read(actor, rows[one])))
    end = None if query.limit is None else query.offset + query.limit
    if by_id and not query.count:
        return list(islice(found, query.offset, end)), None
    ids = list(found)
    if not by_id:
        _sort(crm, entity, ids, order)
    return ids[query.offset : end], len(ids) if query.count else None


def _candidates(crm: "Crm", entity: Entity, where: Group, *, backwards: bool) -> Iterable[int]:
    """Ids that can match at all, in order: by id bounds, or for contacts by the companies asked for. Made one by one:
    a page of 50 takes no longer where there are 200,000."""
    table, parts = crm.tables[entity], () if where.any else where.parts
    above, below, exact = bounds(parts, "ID")
    if exact is None and entity is Entity.CONTACT:
        exact = _contacts_of(crm, parts)
    if exact is not None:
        return sorted({one for one in exact if one in table.rows}, reverse=backwards)
    low = 0 if above is None else bisect_right(table.ids, above)
    places = range(low, len(table.ids) if below is None else bisect_left(table.ids, below))
    return map(table.ids.__getitem__, reversed(places) if backwards else places)


def _contacts_of(crm: "Crm", parts: tuple[Any, ...]) -> list[int] | None:
    _, _, companies = bounds(parts, "COMPANY_ID")
    if not companies or 0 in companies:
        return None
    return [contact for company in companies for contact in crm.links.contacts(company)]


def _seen(crm: "Crm", entity: Entity, record: Record, name: str) -> Any:
    """A value as filters see it: any linked company or contact counts, multi fields are their texts."""
    if name in record and name not in MULTIFIELDS:
        return record[name]
    if name in MULTIFIELDS:
        return [row["VALUE"] for row in record.get(name, ())]
    if name == "COMPANY_ID" and entity is Entity.CONTACT:
        return crm.links.companies(record["ID"])
    several = name == "CONTACT_ID" and entity in (Entity.DEAL, Entity.LEAD)
    return crm.value(entity, record, "CONTACT_IDS" if several else name)


def _sort(crm: "Crm", entity: Entity, ids: list[int], order: Iterable[tuple[str, bool]]) -> None:
    rows = crm.tables[entity].rows

    def key(name: str, one: int) -> tuple[int, Any]:
        value = crm.value(entity, rows[one], name)
        if value is None or isinstance(value, list):
            return (0, 0)
        return (1, value.casefold() if isinstance(value, str) else value)

    for name, descending in reversed(list(order)):
        ids.sort(key=lambda one, name=name: key(name, one), reverse=descending)  # type: ignore[misc]
