"""What becomes of records besides editing: the recycle bin, coming back from it, merging of two cards.

Source: crm/lib/integration/recyclebin, crm/lib/merger/entitymerger.php.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from emulator.crm.entities import Entity, Record
from emulator.crm.fields import FIELDS, MULTIFIELDS
from emulator.crm.incoming import LINKED

if TYPE_CHECKING:
    from emulator.crm.store import Crm
    from emulator.model.people import User

_EMPTY: tuple[object, ...] = (None, "", [], False)
_HOLDERS = (Entity.DEAL, Entity.LEAD)


@dataclass(slots=True)
class Binned:
    """A deleted record with its links and requisites."""

    id: int
    entity: Entity
    record: Record
    deleted: datetime
    linked: list[int] = field(default_factory=list)
    requisites: list[Record] = field(default_factory=list)


def throw_away(crm: "Crm", entity: Entity, record: Record) -> None:
    """Take a record out of the tables into the bin, its links and requisites with it."""
    id_, number = record["ID"], crm.portal.next_id("recycle")
    kept = crm.bin[number] = Binned(number, entity, record, crm.now(), crm.linked(entity, id_))
    kept.requisites = crm.requisites.take(entity, id_)
    cut(crm, entity, record)


def cut(crm: "Crm", entity: Entity, record: Record) -> None:
    """Take a record out for good; deals and leads forget it."""
    crm.communications.forget(entity, record)
    if entity in LINKED:
        crm.links.clear(entity, record["ID"])
        repoint(crm, entity, record["ID"], None)
    crm.tables[entity].drop(record["ID"])


def bring_back(crm: "Crm", bin_id: int, actor: "User | None") -> int:
    """Restore from the bin under a NEW id; told as an addition. Raises KeyError."""
    kept = crm.bin.pop(bin_id)
    entity, number = kept.entity, crm.portal.next_id(kept.entity)
    record = {**kept.record, "ID": number, "DATE_MODIFY": crm.now()}
    crm.tables[entity].put(record)
    other = Entity.COMPANY if entity is Entity.CONTACT else Entity.CONTACT
    alive = [one for one in kept.linked if crm.exists(other, one)]
    if entity in LINKED:
        crm.links.set(entity, number, [(one, None, i == 0) for i, one in enumerate(alive)])
    crm.communications.index(entity, record)
    crm.requisites.give(kept.requisites, number)
    crm.product_rows.hand_over((entity, kept.record["ID"]), (entity, number))
    crm.tell(entity, "ADD", number, actor)
    return number


def merge(crm: "Crm", entity: Entity, winner: int, loser: int, actor: "User | None") -> None:
    """Join two cards: the winner's values stay, gaps are filled, a ticked flag of either wins, multiple fields hold the
    values of both, what hung on the loser moves over. Told as an update of the winner, then a deletion of the loser."""
    kept, gone = crm.tables[entity].rows[winner], crm.tables[entity].rows[loser]
    linked = crm.linked(entity, loser)
    crm.update(entity, winner, _gaps(crm, entity, kept, gone), actor)
    repoint(crm, entity, loser, winner)
    crm.requisites.give(crm.requisites.take(entity, loser), winner)
    crm.timeline.move(entity, loser, winner)
    crm.product_rows.hand_over((entity, loser), (entity, winner))
    cut(crm, entity, gone)
    for other in linked:
        crm.links.add(*((winner, other) if entity is Entity.CONTACT else (other, winner)))
    crm.tell(entity, "DELETE", loser, actor)


def _gaps(crm: "Crm", entity: Entity, kept: Record, gone: Record) -> Record:
    """Values only the loser has; phones, mails and values of multiple fields the winner lacks."""
    fill: Record = {}
    for name, value in gone.items():
        system = FIELDS[entity].get(name)
        ours = name not in MULTIFIELDS and not (system and system.read_only)
        custom = crm.userfields[entity].get(name)
        if custom is not None and custom.multiple and value:
            fill[name] = list(dict.fromkeys([*kept.get(name, ()), *value]))
        elif ours and kept.get(name) in _EMPTY and value not in _EMPTY:
            fill[name] = value
    for name in MULTIFIELDS:
        have = {row["VALUE"] for row in kept.get(name, ())}
        rows = [row for row in gone.get(name, ()) if row["VALUE"] not in have]
        if rows:
            fill[name] = [{"VALUE": row["VALUE"], "VALUE_TYPE": row["VALUE_TYPE"]} for row in rows]
    return fill


def repoint(crm: "Crm", entity: Entity, old: int, new: int | None) -> None:
    """Deals and leads that name this client name another one, or none."""
    for holder in _HOLDERS:
        for record in crm.tables[holder].rows.values():
            if entity is Entity.COMPANY and record.get("COMPANY_ID") == old:
                record["COMPANY_ID"] = new
            elif entity is Entity.CONTACT and old in record.get("CONTACT_IDS", ()):
                swapped = [new if one == old else one for one in record["CONTACT_IDS"]]
                record["CONTACT_IDS"] = list(dict.fromkeys(one for one in swapped if one))
