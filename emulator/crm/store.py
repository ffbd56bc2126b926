"""The CRM of one portal. Pages and REST use the same functions; each takes the acting person (None = robot or agent),
checks that person's rights, raises the portal's events and keeps history.

    crm.add(entity, fields, actor) -> id          crm.get(entity, id) -> Record | None (complete, typed values)
    crm.update(entity, id, fields, actor)         crm.delete(entity, id, actor)  (into the recycle bin)
    crm.select(entity, Query(...), actor) -> list of ids and a total
    crm.restore(bin_id, actor) -> new id          crm.merge(entity, winner, loser, actor)
    crm.robot_update(entity, id, fields)          crm.links, crm.userfields[entity], crm.books, crm.requisites,
                                                  crm.timeline, crm.layouts, crm.history, crm.stage_moves, crm.bin

`fields` have legacy upper-case names; values may be loose (texts), they are cast. Rows of PHONE, EMAIL, WEB, IM are
`{"ID"?, "VALUE", "VALUE_TYPE"?, "DELETE"?}`.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.crm import fates, finding, incoming, rights, stages
from emulator.crm import history as past
from emulator.crm.communications import Communications
from emulator.crm.dictionaries import standard
from emulator.crm.entities import Entity, Record
from emulator.crm.fates import Binned
from emulator.crm.fields import EXTRA, FIELDS
from emulator.crm.finding import Query
from emulator.crm.incoming import LINKED
from emulator.crm.layouts import Layouts
from emulator.crm.links import Links
from emulator.crm.product_rows import ProductRows
from emulator.crm.requisites import Requisites
from emulator.crm.timeline import Timeline
from emulator.crm.userfields import UserFields
from emulator.crm.values import equal

if TYPE_CHECKING:
    from emulator.model.people import User
    from emulator.model.portal import Portal

__all__ = ["Crm", "CrmError", "Query"]

CLASSIC, SIMPLE = 1, 2
"""CRM modes: with leads, without."""

_ACTIVITY = {"LAST_ACTIVITY_TIME": "DATE_CREATE", "LAST_ACTIVITY_BY": "CREATED_BY_ID"}
_QUIET = frozenset({"DATE_MODIFY", "MODIFY_BY_ID", "MOVED_TIME", "MOVED_BY_ID"})
Changes = dict[str, tuple[Any, Any]]


class CrmError(Exception):
    """A refusal of the model; `text` is what the legacy methods say."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(slots=True)
class Table:
    """Records of one kind; ids only grow, so `ids` stays sorted."""

    rows: dict[int, Record] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)

    def put(self, record: Record) -> None:
        self.rows[record["ID"]] = record
        self.ids.append(record["ID"])

    def drop(self, id: int) -> None:
        del self.ids[bisect_left(self.ids, id)]
        del self.rows[id]


class Crm:
    """Everything the portal keeps about clients and sales."""

    def __init__(self, portal: "Portal") -> None:
        self.portal = portal
        self.mode = CLASSIC
        self.tables = {entity: Table() for entity in Entity}
        self.userfields = {entity: UserFields(entity, portal.next_id) for entity in Entity}
        self.links = Links()
        self.books = standard(portal.lang)
        self.requisites = Requisites(portal)
        self.timeline = Timeline(portal)
        self.product_rows = ProductRows(self)
        self.layouts = Layouts()
        self.communications = Communications(self)
        self.history: list[past.HistoryEntry] = []
        self.stage_moves: list[past.StageMove] = []
        self.bin: dict[int, Binned] = {}

    def drop_field(self, entity: Entity, name: str) -> None:
        """A user field goes with its column, and so with what every record held in it
        (main/classes/general/usertypeentity.php: ALTER TABLE … DROP); no record counts as changed."""
        self.userfields[entity].drop(name)
        for row in self.tables[entity].rows.values():
            row.pop(name, None)

    def now(self) -> datetime:
        return self.portal.stored_now().replace(microsecond=0)

    def get(self, entity: Entity, id: int) -> Record | None:
        """A complete copy of a record: every field of the catalogue and every user field, derived ones included."""
        record = self.tables[entity].rows.get(id)
        if record is None:
            return None
        names = [*FIELDS[entity], *EXTRA, *(one.name for one in self.userfields[entity])]
        return {name: self.value(entity, record, name) for name in names}

    def exists(self, entity: Entity, id: int) -> bool:
        return id in self.tables[entity].rows

    def value(self, entity: Entity, record: Record, name: str) -> Any:
        """One field of a kept record; lists for multiple ones, None or the documented default when unset."""
        if name in record:
            return record[name]
        if name in LINKED.get(entity, ()):
            ids = self.linked(entity, record["ID"])
            return next(iter(ids), None) if name == "COMPANY_ID" else ids
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

    def linked(self, entity: Entity, id: int) -> list[int]:
        """Companies of a contact (primary first), contacts of a company; nothing for deals and leads."""
        if entity is Entity.CONTACT:
            return self.links.companies(id)
        return self.links.contacts(id) if entity is Entity.COMPANY else []

    def select(self, entity: Entity, query: Query, actor: "User | None") -> tuple[list[int], int | None]:
        """Ids of the records the actor may read that match, and how many there are in all (None if not counted)."""
        return finding.find(self, entity, query, actor)

    def add(self, entity: Entity, fields: Record, actor: "User | None", *, importing: bool = False) -> int:
        """Create a record. `importing` admits dates and authors in `fields` (params IMPORT=Y). Raises CrmError."""
        if not rights.can_create(actor):
            raise CrmError("Access denied.")
        now, author = self.now(), actor.id if actor else 0
        record: Record = {"ID": self.portal.next_id(entity), "DATE_CREATE": now, "DATE_MODIFY": now}
        record |= dict.fromkeys(("CREATED_BY_ID", "MODIFY_BY_ID", "ASSIGNED_BY_ID"), author)
        given = incoming.known(self, entity, fields, importing=importing)
        stages.prepare_new(self.books, entity, record, given)
        record |= incoming.defaults(self, entity) | incoming.typed(self, entity, record, given)
        if not record.get("TITLE"):
            record |= incoming.title(self, entity, record["ID"])
        self.tables[entity].put(record)
        self._join(entity, record["ID"], given)
        self.communications.index(entity, record)
        self.tell(entity, "ADD", record["ID"], actor)
        if stages.field_of(entity):
            self._note_move(entity, record, past.CREATED)
        return int(record["ID"])

    def update(self, entity: Entity, id: int, fields: Record, actor: "User | None", *, history: bool = True) -> Changes:
        """Change a record; what changed as {field: (old, new)}. Raises the event even when nothing did.

        Raises CrmError "Not found" or "Access denied.".
        """
        record = self._writable(entity, id, actor)
        given = incoming.known(self, entity, fields)
        fresh = incoming.typed(self, entity, record, given)
        stages.prepare_change(self.books, entity, record, fresh, self.now(), actor.id if actor else 0)
        before = {name: self.value(entity, record, name) for name in fresh}
        changed = {name: (before[name], new) for name, new in fresh.items() if not equal(before[name], new)}
        self.communications.forget(entity, record)
        record.update(fresh)
        self.communications.index(entity, record)
        changed |= self._join(entity, id, given)
        record["DATE_MODIFY"] = self.now()
        if actor is not None:
            record["MODIFY_BY_ID"] = actor.id
        if history:
            self._note_changes(entity, id, changed, actor)
        self.tell(entity, "UPDATE", id, actor)
        self._move(entity, record, changed, actor)
        return changed

    def robot_update(self, entity: Entity, id: int, fields: Record) -> Changes:
        """A robot's or workflow's change: nobody acts, the event carries no tokens."""
        return self.update(entity, id, fields, None)

    def delete(self, entity: Entity, id: int, actor: "User | None") -> None:
        """Remove a record into the recycle bin. Raises CrmError as update does."""
        fates.throw_away(self, entity, self._writable(entity, id, actor))
        self.tell(entity, "DELETE", id, actor)

    def restore(self, bin_id: int, actor: "User | None") -> int:
        """Bring a record back from the bin under a NEW id; it is told as an addition. Raises KeyError."""
        return fates.bring_back(self, bin_id, actor)

    def merge(self, entity: Entity, winner: int, loser: int, actor: "User | None") -> None:
        """Join two cards; the loser's id is gone. Raises CrmError."""
        for id_ in (winner, loser):
            self._writable(entity, id_, actor)
        fates.merge(self, entity, winner, loser, actor)

    def tell(self, entity: Entity, what: str, id: int, actor: "User | None") -> None:
        """Raise ADD, UPDATE or DELETE of a record."""
        self.portal.raise_event(entity.event(what), {"FIELDS": {"ID": str(id)}}, actor)

    def _writable(self, entity: Entity, id: int, actor: "User | None") -> Record:
        record = self.tables[entity].rows.get(id)
        if record is None:
            raise CrmError("Not found")
        if not rights.can_write(actor, record):
            raise CrmError("Access denied.")
        return record

    def _join(self, entity: Entity, id: int, given: Record) -> Changes:
        """Make the links what COMPANY_ID, COMPANY_IDS or a company's CONTACT_ID say; the change, if there is one."""
        had = self.linked(entity, id)
        wanted = incoming.links(entity, given, had) if entity in LINKED else None
        if wanted is None:
            return {}
        contact = entity is Entity.CONTACT
        real = [one for one in wanted if self.exists(Entity.COMPANY if contact else Entity.CONTACT, one)]
        self.links.set(entity, id, [(one, None, contact and i == 0) for i, one in enumerate(real)])
        now = self.linked(entity, id)
        return {} if now == had else {LINKED[entity][0]: (had, now)}

    def _move(self, entity: Entity, record: Record, changed: Changes, actor: "User | None") -> None:
        """Stage history; a new pipeline has an event of its own."""
        if "CATEGORY_ID" in changed:
            self._note_move(entity, record, past.CATEGORY_CHANGED)
            fields = {name: str(record[name]) for name in ("ID", "CATEGORY_ID", "STAGE_ID")}
            self.portal.raise_event("ONCRMDEALMOVETOCATEGORY", {"FIELDS": fields}, actor)
        elif stages.field_of(entity) in changed:
            self._note_move(entity, record, 0)

    def _note_changes(self, entity: Entity, id: int, changed: Changes, actor: "User | None") -> None:
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
        self.portal.automation.reached(entity, record["ID"], stage)
