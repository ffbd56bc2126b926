"""What client apps hear of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from b24app.domain.delivery.news import Json, News, Sentence, crm_id, data_schema, text


@dataclass(frozen=True, slots=True)
class StampGiven(News):
    """A card shows its number."""

    TYPE = "stamp.given"
    OBJECT = "stamp"
    SENTENCE = Sentence(en="A card got its number.", ru="Карточка получила номер.")
    SCHEMA = data_schema(
        kind=text("Of the card: company or deal."),
        card_id=crm_id("The card."),
        number={"type": "integer", "minimum": 1, "description": "No other card of the portal has it."},
    )

    kind: str
    card_id: int
    number: int

    @property
    def object_id(self) -> str:
        return f"{self.kind}:{self.card_id}"

    @property
    def subjects(self) -> tuple[str, ...]:
        return (self.object_id,)

    def data(self) -> Mapping[str, Json]:
        return {"kind": self.kind, "card_id": self.card_id, "number": self.number}

    @classmethod
    def example(cls) -> StampGiven:
        return cls(
            kind="company",
            card_id=7,
            number=41,
            version=1,
            previous_version=None,
            occurred_at=datetime(2026, 11, 22, 10, 15, tzinfo=UTC),
        )
