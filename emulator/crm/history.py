"""What a card's timeline shows of the past: changed fields, stage moves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.crm.entities import Entity

CREATED, MOVED, FINISHED, CATEGORY_CHANGED = 1, 2, 3, 5
"""TYPE_ID of crm.stagehistory.list (api-reference/crm/crm-stage-history-list.md)."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A field somebody changed; `author` 0 = nobody (robot, agent)."""

    id: int
    entity: Entity
    record: int
    field: str
    old: Any
    new: Any
    author: int
    created: datetime


@dataclass(frozen=True, slots=True)
class StageMove:
    """A row of the stage history."""

    id: int
    type_id: int
    entity: Entity
    record: int
    created: datetime
    category: int
    semantics: str
    stage: str
