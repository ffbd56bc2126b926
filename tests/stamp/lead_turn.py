"""Whose turn it is with a lead, and whether somebody has decided otherwise. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from b24app.domain.cards.facts import Subject
from b24app.domain.delivery.news import Json, News, Sentence, crm_id, data_schema


@dataclass(frozen=True, slots=True)
class Turn:
    """`shown`: the lead has shown that it is `user_id`'s; `taken_back`: a person has decided otherwise since."""

    lead: Subject
    number: int
    user_id: int
    shown: bool = False
    taken_back: bool = False

    def is_taken_back(self, shows: int) -> bool:
        """Whoever the lead shows now, after it was given away, is a person's decision."""
        return self.shown and shows != self.user_id


@dataclass(frozen=True, slots=True)
class LeadAssigned(News):
    """A lead shows that it is somebody's turn."""

    TYPE = "lead.assigned"
    OBJECT = "lead"
    SENTENCE = Sentence(en="A lead was given to an employee.", ru="Лид передан сотруднику.")
    SCHEMA = data_schema(lead_id=crm_id("The lead."), user_id=crm_id("The employee."))

    lead_id: int
    user_id: int

    @property
    def object_id(self) -> str:
        return str(self.lead_id)

    @property
    def subjects(self) -> tuple[str, ...]:
        return (f"lead:{self.lead_id}",)

    def data(self) -> Mapping[str, Json]:
        return {"lead_id": self.lead_id, "user_id": self.user_id}

    @classmethod
    def example(cls) -> LeadAssigned:
        return cls(
            lead_id=12,
            user_id=3,
            version=1,
            previous_version=None,
            occurred_at=datetime(2026, 11, 22, 10, 15, tzinfo=UTC),
        )
