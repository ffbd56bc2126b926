"""The CRM of one portal. Pages and REST use the same functions; each takes the acting person (None = robot or agent),
checks that person's rights, raises the portal's events and keeps history.

    crm.add(entity, fields, actor) -> id          crm.get(entity, id) -> Record | None (complete, typed values)
    crm.update(entity, id, fields, actor)         crm.delete(entity, id, actor)  (into the recycle bin)
    crm.select(entity, Query(...), actor) -> list of ids and a total
    crm.restore(bin_id, actor) -> new id          crm.merge(entity, winner, loser, actor)
    crm.robot_update(entity, id, fields)          crm.links, crm.userfields[entity], crm.books, crm.requisites,
                                                  crm.timeline, crm.layouts, crm.history, crm.stage_moves

`fields` have legacy upper-case names; values may be loose (texts), they are cast. Rows of PHONE, EMAIL, WEB, IM are
`{"ID"?, "VALUE", "VALUE_TYPE"?, "DELETE"?}`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.crm import history as past
from emulator.crm import rights, stages
from emulator.crm.communications import Communications
from emulator.crm.dictionaries import standard
from emulator.crm.entities import Entity, Record
from emulator.crm.fields import EXTRA, FIELDS, MULTIFIELDS
from emulator.crm.filters import ALL, Group, bounds, compile_group
from emulator.crm.layouts import Layouts
from emulator.crm.links import Links
from emulator.crm.requisites import Requisites
from emulator.crm.timeline import Timeline
from emulator.crm.userfields import UserFields
from emulator.crm.values import cast, cast_many, equal, to_int

if TYPE_CHECKING:
    from emulator.people import User
    from emulator.portal import Portal

_LINKED = {Entity.CONTACT: ("COMPANY_ID", "COMPANY_IDS"), Entity.COMPANY: ("CONTACT_ID",)}
_HOLDERS = (Entity.DEAL, Entity.LEAD)
_ACTIVITY = {"LAST_ACTIVITY_TIME": "DATE_CREATE", "LAST_ACTIVITY_BY": "CREATED_BY_ID"}
_QUIET = frozenset({"DATE_MODIFY", "MODIFY_BY_ID", "MOVED_TIME", "MOVED_BY_ID"})


class CrmError(Exception):
    """A refusal of the model; `text` is what the legacy methods say."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Query:
    """What to find. `order`: (field, descending) pairs; `limit` None = all; `count=False` leaves the total out."""

    where: Group = ALL
    order: tuple[tuple[str, bool], ...] = ()
    offset: int = 0
    limit: int | None = None
    count: bool = True


@dataclass(slots=True)
class Binned:
    """A deleted record with what hung on it."""

    id: int
    entity: Entity
    record: Record
    deleted: datetime
    linked: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """Records of one kind; ids only grow, so `ids` stays sorted."""

    rows: dict[int, Record] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)

    def put(self, record: Record) -> None:
        self.rows[record["ID"]] = record
        self.ids.append(record["ID"])

    def drop(self, id: int) -> Record:
        del self.ids[bisect_left(self.ids, id)]
        return self.rows.pop(id)


class Crm:
    """Everything the portal keeps about clients and sales."""

    def __init__(self, portal: "Portal") -> None:
        self.portal = portal
        self.tables = {entity: Table() for entity in Entity}
        self.userfields = {entity: UserFields(entity, portal.next_id) for entity in Entity}
        self.links = Links()
        self.books = standard(portal.lang)
        self.requisites = Requisites(portal)
        self.timeline = Timeline(portal)
        self.layouts = Layouts()
        self.communications = Communications(self)
        self.history: list[past.HistoryEntry] = []
        self.stage_moves: list[past.StageMove] = []
        self.bin: dict[int, Binned] = {}
        self.mode = 1

    def now(self) -> datetime:
        return self.portal.world.now().replace(microsecond=0)

    # reading

    def get(self, entity: Entity, id: int) -> Record | None:
        """A complete copy of a record: every field of the catalogue and every user field, derived ones included."""
        record = self.tables[entity].rows.get(id)
        if record is None:
            return None
        names = [*FIELDS[entity], *(one.name for one in self.userfields[entity])]
        return {name: self.value(entity, record, name) for name in names}

    def exists(self, entity: Entity, id: int) -> bool:
        return id in self.tables[entity].rows

    def value(self, entity: Entity, record: Record, name: str) -> Any:
        """One field of a kept record; lists for multiple ones, None or the documented default when unset."""
        if name in record:
            return record[name]
        if name in _LINKED.get(entity, ()):
            return self._linked(entity, record["ID"], name)
        if name in ("HAS_PHONE", "HAS_EMAIL"):
            return "Y" if record.get(name[4:]) else "N"
        if name in _ACTIVITY:
            return record[_ACTIVITY[name]]
        if name == "CONTACT_ID":
            return next(iter(record.get("CONTACT_IDS", ())), None)
        known = FIELDS[entity].get(name) or EXTRA.get(name)
        if known is not None:
            return [] if known.multiple else known.default
        custom = self.userfields[entity].get(name)
        return [] if custom is not None and custom.multiple else None

    def select(self, entity: Entity, query: Query, actor: "User | None") -> tuple[list[int], int | None]:
        """Ids of the records the actor may read that match, and how many there are in all (None if not counted)."""
        candidates = self._candidates(entity, query.where)
        rows, order = self.tables[entity].rows, query.order or (("ID", False),)
        by_id = order[0][0] == "ID"
        if by_id and order[0][1]:
            candidates = list(reversed(candidates))
        test = compile_group(query.where, lambda record, name: self._filtered(entity, record, name))
        everything = rights.reads_all(actor)
        found = (one for one in candidates if test(rows[one]) and (everything or rights.can_read(actor, rows[one])))
        if by_id and not query.count and query.limit is not None:
            return _first(found, query.offset, query.limit), None
        ids = list(found)
        if not by_id:
            self._sort(entity, ids, order)
        end = None if query.limit is None else query.offset + query.limit
        return ids[query.offset : end], len(ids) if query.count else None

    # writing

    def add(
        self,
        entity: Entity,
        fields: Record,
        actor: "User | None",
        *,
        importing: bool = False,
        quiet: bool = False,
        id: int | None = None,
    ) -> int:
        """Create a record. `importing` admits dates and authors in `fields` (params IMPORT=Y); `quiet` raises no event
        (seed data)."""
        if not rights.can_add(actor):
            raise CrmError("Access denied.")
        now, author = self.now(), actor.id if actor else 0
        record: Record = {"ID": id or self.portal.next_id(entity), "DATE_CREATE": now, "DATE_MODIFY": now}
        record |= {"CREATED_BY_ID": author, "MODIFY_BY_ID": author, "ASSIGNED_BY_ID": author}
        record |= self._defaults(entity)
        given = self._known(entity, fields, importing=importing)
        stages.prepare_new(self.books, entity, record, given)
        changes = self._cast(entity, record, given)
        record.update(changes)
        self._fill_title(entity, record)
        self.tables[entity].put(record)
        self._join(entity, record["ID"], given)
        self.communications.index(entity, record)
        if stages.field_of(entity):
            self._note_move(entity, record, past.CREATED)
        if not quiet:
            self._tell(entity, "ADD", record["ID"], actor)
        return int(record["ID"])

    def update(
        self, entity: Entity, id: int, fields: Record, actor: "User | None", *, history: bool = True
    ) -> dict[str, tuple[Any, Any]]:
        """Change a record; what changed as {field: (old, new)}. Raises the event even when nothing did.

        Raises CrmError "Not found" or "Access denied.".
        """
        record = self._held(entity, id)
        if not rights.can_write(actor, record):
            raise CrmError("Access denied.")
        given = self._known(entity, fields, importing=False)
        before_links = self._links_now(entity, id)
        fresh = self._cast(entity, record, given)
        stages.prepare_change(self.books, entity, record, fresh, self.now(), actor.id if actor else 0)
        changed = {
            name: (old, new) for name, new in fresh.items() if not equal(old := self.value(entity, record, name), new)
        }
        moved = stages.field_of(entity) in changed
        recategorized = "CATEGORY_ID" in changed
        self.communications.forget(entity, record)
        record.update(fresh)
        self.communications.index(entity, record)
        self._join(entity, id, given)
        if (after := self._links_now(entity, id)) != before_links:
            changed[_LINKED[entity][0]] = (before_links, after)
        record["DATE_MODIFY"] = self.now()
        if actor is not None:
            record["MODIFY_BY_ID"] = actor.id
        if moved or recategorized:
            self._note_move(entity, record, past.CATEGORY_CHANGED if recategorized else 0)
        if history:
            self._note_changes(entity, id, changed, actor)
        self._tell(entity, "UPDATE", id, actor)
        if recategorized:
            self._tell_move(id, record, actor)
        return changed

    def robot_update(self, entity: Entity, id: int, fields: Record) -> dict[str, tuple[Any, Any]]:
        """A robot's or workflow's change: nobody acts, the event carries no tokens."""
        return self.update(entity, id, fields, None)

    def delete(self, entity: Entity, id: int, actor: "User | None", *, binned: bool = True) -> None:
        """Remove a record into the recycle bin. Raises CrmError as update does."""
        record = self._held(entity, id)
        if not rights.can_write(actor, record):
            raise CrmError("Access denied.")
        self.communications.forget(entity, record)
        linked = self._links_now(entity, id)
        self._part(entity, id)
        self.tables[entity].drop(id)
        if binned:
            number = self.portal.next_id("recycle")
            self.bin[number] = Binned(number, entity, record, self.now(), linked)
        self._tell(entity, "DELETE", id, actor)

    def restore(self, bin_id: int, actor: "User | None") -> int:
        """Bring a record back from the bin under a NEW id; it is told as an addition. Raises KeyError."""
        kept = self.bin.pop(bin_id)
        record = {**kept.record, "ID": self.portal.next_id(kept.entity), "DATE_MODIFY": self.now()}
        self.tables[kept.entity].put(record)
        other = Entity.COMPANY if kept.entity is Entity.CONTACT else Entity.CONTACT
        alive = [one for one in kept.linked if self.exists(other, one)]
        if kept.entity in _LINKED:
            self.links.set(kept.entity, record["ID"], [(one, None, i == 0) for i, one in enumerate(alive)])
        self.communications.index(kept.entity, record)
        self.requisites.move(kept.entity, kept.record["ID"], record["ID"])
        self._tell(kept.entity, "ADD", record["ID"], actor)
        return int(record["ID"])

    def merge(self, entity: Entity, winner: int, loser: int, actor: "User | None") -> None:
        """Join two cards: the winner's values stay, gaps are filled, a ticked flag of either wins, what hung on the
        loser moves over. Told as an update of the winner and a deletion of the loser."""
        kept, gone = self._held(entity, winner), self._held(entity, loser)
        fill: Record = {}
        for name, value in gone.items():
            if name in FIELDS[entity] and (FIELDS[entity][name].read_only or name in MULTIFIELDS):
                continue
            if kept.get(name) in (None, "", [], False) and value not in (None, "", [], False):
                fill[name] = value
        for name in MULTIFIELDS:
            have = {row["VALUE"] for row in kept.get(name, ())}
            rows = [
                {"VALUE": r["VALUE"], "VALUE_TYPE": r["VALUE_TYPE"]}
                for r in gone.get(name, ())
                if r["VALUE"] not in have
            ]
            if rows:
                fill[name] = rows
        linked = self._links_now(entity, loser)
        self._repoint(entity, loser, winner)
        self.requisites.move(entity, loser, winner)
        self.timeline.move(entity, loser, winner)
        self.delete(entity, loser, actor, binned=False)
        for other in linked:
            self.links.add(*((winner, other) if entity is Entity.CONTACT else (other, winner)))
        self.update(entity, winner, fill, actor)

    # inside

    def _held(self, entity: Entity, id: int) -> Record:
        record = self.tables[entity].rows.get(id)
        if record is None:
            raise CrmError("Not found")
        return record

    def _known(self, entity: Entity, fields: Record, *, importing: bool) -> Record:
        """Fields that exist and may be written; unknown ones are ignored by the portal and reported to the world."""
        author = {"DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"} if importing else set()
        kept: Record = {}
        for name, value in fields.items():
            system, custom = FIELDS[entity].get(name) or EXTRA.get(name), self.userfields[entity].get(name)
            if system is None and custom is None:
                self.portal.world.warnings.append(f"{self.portal.name}: unknown field {name} of {entity}")
            elif system is None or not system.read_only or name in author:
                kept[name] = value
        return kept

    def _cast(self, entity: Entity, record: Record, given: Record) -> Record:
        fresh: Record = {}
        for name, value in given.items():
            system, custom = FIELDS[entity].get(name) or EXTRA.get(name), self.userfields[entity].get(name)
            if name in _LINKED.get(entity, ()):
                continue
            if name in MULTIFIELDS:
                fresh[name] = self._multi(record.get(name, []), name, value)
            elif name in ("CONTACT_ID", "CONTACT_IDS"):
                fresh["CONTACT_IDS"] = _first_of(cast_many("crm_contact", value), record.get("CONTACT_IDS", []), name)
            elif custom is not None:
                fresh[name] = cast_many(custom.type, value) if custom.multiple else cast(custom.type, value)
            elif system is not None:
                fresh[name] = cast_many(system.type, value) if system.multiple else cast(system.type, value)
        return fresh

    def _multi(self, old: list[Record], name: str, value: Any) -> list[Record]:
        """Rows after the change: with ID = that row changes (empty or DELETE=Y removes it), without = a new row."""
        rows = {row["ID"]: row for row in old}
        given = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        for item in given:
            if isinstance(item, dict):
                self._multi_row(rows, name, item)
        return list(rows.values())

    def _multi_row(self, rows: dict[int, Record], name: str, item: Record) -> None:
        from emulator.crm.values import MULTI_TYPES

        number, text = to_int(item.get("ID")), str(item.get("VALUE") or "").strip()
        kind = str(item.get("VALUE_TYPE") or (rows.get(number) or {}).get("VALUE_TYPE") or MULTI_TYPES[name])
        if number > 0:
            if str(item.get("DELETE", "")).upper() == "Y" or not text:
                rows.pop(number, None)
            elif number in rows:
                rows[number] = {"ID": number, "VALUE_TYPE": kind, "VALUE": text}
        elif text:
            number = self.portal.next_id("multifield")
            rows[number] = {"ID": number, "VALUE_TYPE": kind, "VALUE": text}

    def _defaults(self, entity: Entity) -> Record:
        found = {one.name: one.default() for one in self.userfields[entity]}
        return {name: value for name, value in found.items() if value not in (None, [])}

    def _fill_title(self, entity: Entity, record: Record) -> None:
        words = {Entity.COMPANY: ("Компания", "Company"), Entity.DEAL: ("Сделка", "Deal"), Entity.LEAD: ("Лид", "Lead")}
        if entity in words and not record.get("TITLE"):
            record["TITLE"] = f"{words[entity][self.portal.lang != 'ru']} #{record['ID']}"

    def _join(self, entity: Entity, id: int, given: Record) -> None:
        for name in _LINKED.get(entity, ()):
            if name in given:
                wanted = cast_many("integer", given[name])
                other = Entity.COMPANY if entity is Entity.CONTACT else Entity.CONTACT
                real = [one for one in wanted if self.exists(other, one)]
                if name == "COMPANY_ID" and real:
                    real += [one for one in self.links.companies(id) if one not in real]
                primary = entity is Entity.CONTACT
                self.links.set(entity, id, [(one, None, primary and i == 0) for i, one in enumerate(real)])

    def _linked(self, entity: Entity, id: int, name: str) -> Any:
        ids = self.links.companies(id) if entity is Entity.CONTACT else self.links.contacts(id)
        return next(iter(ids), None) if name == "COMPANY_ID" else ids

    def _links_now(self, entity: Entity, id: int) -> list[int]:
        if entity not in _LINKED:
            return []
        return self.links.companies(id) if entity is Entity.CONTACT else self.links.contacts(id)

    def _part(self, entity: Entity, id: int) -> None:
        if entity in _LINKED:
            self.links.clear(entity, id)
            self._repoint(entity, id, None)

    def _repoint(self, entity: Entity, old: int, new: int | None) -> None:
        """Deals and leads that name this client name another one, or none."""
        for holder in _HOLDERS:
            for record in self.tables[holder].rows.values():
                if entity is Entity.COMPANY and record.get("COMPANY_ID") == old:
                    record["COMPANY_ID"] = new
                elif entity is Entity.CONTACT and old in record.get("CONTACT_IDS", ()):
                    swapped = [new if one == old else one for one in record["CONTACT_IDS"]]
                    record["CONTACT_IDS"] = list(dict.fromkeys(one for one in swapped if one))

    def _candidates(self, entity: Entity, where: Group) -> list[int]:
        ids = self.tables[entity].ids
        above, below, exact = bounds(() if where.any else where.parts, "ID")
        if exact is None and entity is Entity.CONTACT:
            exact = self._contacts_of(where)
        if exact is not None:
            return sorted({one for one in exact if one in self.tables[entity].rows})
        low = 0 if above is None else bisect_right(ids, above)
        return ids[low : len(ids) if below is None else bisect_left(ids, below)]

    def _filtered(self, entity: Entity, record: Record, name: str) -> Any:
        """A value as filters see it: any linked company or contact counts, multi fields are their texts."""
        if name in MULTIFIELDS:
            return [row["VALUE"] for row in record.get(name, ())]
        if name == "COMPANY_ID" and entity is Entity.CONTACT:
            return self.links.companies(record["ID"])
        return self.value(entity, record, "CONTACT_IDS" if name == "CONTACT_ID" and entity in _HOLDERS else name)

    def _contacts_of(self, where: Group) -> list[int] | None:
        """Contacts of the companies an AND filter names: found by links instead of a walk through all contacts."""
        _, _, companies = bounds(() if where.any else where.parts, "COMPANY_ID")
        if not companies or 0 in companies:
            return None
        return [contact for company in companies for contact in self.links.contacts(company)]

    def _sort(self, entity: Entity, ids: list[int], order: Iterable[tuple[str, bool]]) -> None:
        rows = self.tables[entity].rows
        for name, descending in reversed(list(order)):
            ids.sort(key=lambda one, name=name: _sort_key(self.value(entity, rows[one], name)), reverse=descending)  # type: ignore[misc]

    def _note_changes(self, entity: Entity, id: int, changed: dict[str, tuple[Any, Any]], actor: "User | None") -> None:
        author, now = actor.id if actor else 0, self.now()
        for name, (old, new) in changed.items():
            if name not in _QUIET:
                number = self.portal.next_id("history")
                self.history.append(past.HistoryEntry(number, entity, id, name, old, new, author, now))

    def _note_move(self, entity: Entity, record: Record, type_id: int) -> None:
        stage = str(record[str(stages.field_of(entity))])
        row = self.books.stage(entity, stage)
        semantics = row.semantics if row else ""
        kind = type_id or (past.FINISHED if semantics else past.MOVED)
        number, category = self.portal.next_id("stage_history"), int(record.get("CATEGORY_ID") or 0)
        move = past.StageMove(number, kind, entity, record["ID"], self.now(), category, semantics or "P", stage)
        self.stage_moves.append(move)

    def _tell(self, entity: Entity, what: str, id: int, actor: "User | None") -> None:
        self.portal.raise_event(entity.event(what), {"FIELDS": {"ID": str(id)}}, actor)

    def _tell_move(self, id: int, record: Record, actor: "User | None") -> None:
        fields = {"ID": str(id), "CATEGORY_ID": str(record.get("CATEGORY_ID", 0)), "STAGE_ID": record["STAGE_ID"]}
        self.portal.raise_event("ONCRMDEALMOVETOCATEGORY", {"FIELDS": fields}, actor)


def _first(found: Iterable[int], offset: int, limit: int) -> list[int]:
    from itertools import islice

    return list(islice(found, offset, offset + limit))


def _first_of(given: list[int], had: list[int], name: str) -> list[int]:
    """CONTACT_ID puts one contact first, CONTACT_IDS says all."""
    return given if name == "CONTACT_IDS" else list(dict.fromkeys([*given, *had])) if given else had[1:]


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None or value == []:
        return (0, 0)
    return (1, value.casefold() if isinstance(value, str) else value)
