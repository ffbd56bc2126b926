"""Stages of deals and leads: defaults, semantics, moving between pipelines."""

from datetime import datetime
from typing import Any

from emulator.crm.dates import ZONE
from emulator.crm.dictionaries import Dictionaries
from emulator.crm.entities import Entity, Record
from emulator.crm.values import to_int

_FIELDS = {Entity.DEAL: "STAGE_ID", Entity.LEAD: "STATUS_ID"}


def field_of(entity: Entity) -> str | None:
    """STAGE_ID of deals, STATUS_ID of leads."""
    return _FIELDS.get(entity)


def prepare_new(books: Dictionaries, entity: Entity, record: Record, given: Record) -> None:
    """Stage of a new record: the given one if its pipeline has it, else the pipeline's first."""
    name = field_of(entity)
    if name is None:
        return
    category = to_int(given.get("CATEGORY_ID")) if entity is Entity.DEAL else 0
    rows = books.stages(entity, category) or books.stages(entity, 0)
    wanted = next((row for row in rows if row.status_id == given.get(name)), rows[0])
    given[name] = wanted.status_id
    if entity is Entity.DEAL:
        record["CATEGORY_ID"] = given["CATEGORY_ID"] = wanted.category or 0
    record["MOVED_TIME"], record["MOVED_BY_ID"] = record["DATE_CREATE"], record["CREATED_BY_ID"]
    record.update(_derived(entity, wanted.semantics, record["DATE_CREATE"]))


def prepare_change(
    books: Dictionaries, entity: Entity, record: Record, fresh: dict[str, Any], now: datetime, author: int
) -> None:
    """Add to `fresh` what follows from a new stage or pipeline; an unknown stage or pipeline is dropped."""
    name = field_of(entity)
    if name is None:
        return
    if "CATEGORY_ID" in fresh and fresh["CATEGORY_ID"] not in books.categories:
        del fresh["CATEGORY_ID"]
    category = fresh.get("CATEGORY_ID", record.get("CATEGORY_ID", 0)) or 0
    rows = {row.status_id: row for row in books.stages(entity, category)}
    if fresh.get("CATEGORY_ID", record.get("CATEGORY_ID")) != record.get("CATEGORY_ID") and fresh.get(name) not in rows:
        fresh[name] = next(iter(rows))
    if name in fresh and fresh[name] not in rows:
        del fresh[name]
    if name in fresh and fresh[name] != record.get(name):
        fresh |= {"MOVED_TIME": now, "MOVED_BY_ID": author}
        fresh |= _derived(entity, rows[fresh[name]].semantics, now)


def _derived(entity: Entity, semantics: str, now: datetime) -> Record:
    if entity is Entity.LEAD:
        return {"STATUS_SEMANTIC_ID": semantics or "P", "DATE_CLOSED": now if semantics else None}
    found: Record = {"STAGE_SEMANTIC_ID": semantics or "P", "CLOSED": "Y" if semantics else "N"}
    return found | ({"CLOSEDATE": now.astimezone(ZONE).date()} if semantics else {})
