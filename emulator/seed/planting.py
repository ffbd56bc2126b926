"""Puts people and records straight into a portal's model: no rights, no events, no history."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from emulator.crm import history as past
from emulator.crm.entities import Entity, Record
from emulator.crm.store import Crm
from emulator.model.people import Department, User
from emulator.model.portal import Portal

SEED = 20261122


@dataclass(slots=True)
class Planter:
    """`now` is the moment the data set is live at; everything else follows from the seed."""

    portal: Portal
    now: datetime
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - sample data, not secrets

    @property
    def crm(self) -> Crm:
        return self.portal.crm

    def department(self, name: str, parent: int | None = None) -> Department:
        """A department; its head is set later."""
        number = self.portal.next_id("department")
        made = self.portal.departments[number] = Department(number, name, parent, sort=number * 100)
        return made

    def person(self, name: str, last_name: str, department: Department, position: str, **more: Any) -> User:
        """An employee with an example.com mail."""
        number = self.portal.next_id("user")
        mail = f"user{number}@{self.portal.name}.example.com"
        made = User(number, name, last_name, work_position=position, email=mail, departments=[department.id], **more)
        made.registered = self.now - timedelta(days=900 - number)
        self.portal.users[number] = made
        return made

    def ago(self, low: int, high: int) -> datetime:
        """A working moment between so many days ago."""
        day = self.now - timedelta(days=self.random.randint(low, high))
        return day.replace(hour=self.random.randint(6, 14), minute=self.random.randint(0, 59), second=0)

    def record(
        self, entity: Entity, manager: int, created: datetime, fields: Record, *, phone: str = "", email: str = ""
    ) -> int:
        """A record as if the manager had made it."""
        made = {"ID": self.portal.next_id(entity), **fields, "ASSIGNED_BY_ID": manager}
        made |= {"CREATED_BY_ID": manager, "MODIFY_BY_ID": manager, "DATE_CREATE": created, "DATE_MODIFY": created}
        if phone:
            made["PHONE"] = [self._row("MOBILE" if entity is Entity.CONTACT else "WORK", phone)]
        if email:
            made["EMAIL"] = [self._row("WORK", email)]
        self.crm.tables[entity].put(made)
        return int(made["ID"])

    def _row(self, kind: str, value: str) -> Record:
        return {"ID": self.portal.next_id("multifield"), "VALUE_TYPE": kind, "VALUE": value}

    def requisite(self, entity: Entity, owner: int, preset: int, fields: Record, address: Record | None = None) -> int:
        """A requisite with, if given, a legal address (type 6)."""
        row = {"ENTITY_TYPE_ID": entity.type_id, "ENTITY_ID": owner, "PRESET_ID": preset, **fields}
        number = self.crm.requisites.add(row, None, quiet=True)
        if address:
            self.crm.requisites.put_address((6, 8, number), address, None, quiet=True)
        return number

    def deal(self, manager: int, created: datetime, moved: datetime, fields: Record) -> int:
        """A deal with the stage history of a creation and, if it moved, its present stage."""
        stage = self.crm.books.stage(Entity.DEAL, fields["STAGE_ID"])
        assert stage is not None
        semantics = stage.semantics or "P"
        more: Record = {"STAGE_SEMANTIC_ID": semantics, "CLOSED": "N" if semantics == "P" else "Y"}
        more |= {"MOVED_TIME": moved, "MOVED_BY_ID": manager}
        number = self.record(Entity.DEAL, manager, created, fields | more)
        self.crm.tables[Entity.DEAL].rows[number]["DATE_MODIFY"] = moved
        category = stage.category or 0
        first = self.crm.books.stages(Entity.DEAL, category)[0].status_id
        self._moved(past.CREATED, number, created, category, "P", first)
        if fields["STAGE_ID"] != first:
            kind = past.MOVED if semantics == "P" else past.FINISHED
            self._moved(kind, number, moved, category, semantics, fields["STAGE_ID"])
        return number

    def _moved(self, kind: int, deal: int, at: datetime, category: int, semantics: str, stage: str) -> None:
        number = self.portal.next_id("stage_history")
        self.crm.stage_moves.append(past.StageMove(number, kind, Entity.DEAL, deal, at, category, semantics, stage))
