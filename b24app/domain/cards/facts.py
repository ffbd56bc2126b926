"""What we know of the portal's records when we decide: plain values, read in bulk, never fetched while deciding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """A record of the CRM that can be the subject of a journey."""

    CONTACT = "contact"
    COMPANY = "company"
    LEAD = "lead"
    DEAL = "deal"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One record of one portal, e.g. ``contact 7``. The unit of work: claimed, read, decided and settled as one."""

    kind: Kind
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class RequisiteKind(StrEnum):
    """What hangs on cards and is kept beside them; what it means is for the journeys of the cards."""

    REQUISITE = "requisite"


@dataclass(frozen=True, slots=True, order=True)
class RequisiteId:
    """One thing that hangs on a card, e.g. ``requisite 7``. Its portal events do not name the card."""

    kind: RequisiteKind
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


Topic = Subject | RequisiteId
"""What something that came from outside is about."""

Listed = Kind | RequisiteKind
"""What a portal is read by: one list after the other."""


def listed(name: str) -> Listed:
    """Raises ValueError for what is no list of ours."""
    return RequisiteKind(name) if name in list(RequisiteKind) else Kind(name)


Value = str | int | float | bool | tuple[int, ...] | None
"""Of a field: an option as its stable code ("" for none), several values as ids, None for no number."""

Values = Mapping[str, Value]
"""By code: of app.yaml, or `ASSIGNED_BY`."""

Facts = Mapping[str, Value]
"""Portal fields that are read and never written, by their names in crm.item. A date is a text, in UTC."""

ASSIGNED_BY, MARK = "assigned_by", "mark"
"""Codes that no feature's field has: the responsible person of a card, and the mark by which we know it again."""


@dataclass(frozen=True, slots=True)
class Card:
    """A contact, company, lead or deal as the portal shows it now.

    `values`: of the fields that are written, by code; one that the portal has no field for is left out. `links` are the
    ids on the other side (companies of a contact, contacts of all others), primary first. `facts`: what else was asked
    for. `origin`: the lead it was made of, where somebody acts on leads; the lead lives on.
    Times are aware; ids are ints whichever API generation they came from.
    """

    subject: Subject
    title: str
    values: Values
    links: tuple[int, ...]
    modified_by: int
    modified_at: datetime
    facts: Facts = field(default_factory=dict)
    origin: Subject | None = None

    @property
    def assigned_by(self) -> int:
        """The id of the responsible person, 0 for nobody."""
        found = self.values.get(ASSIGNED_BY)
        return found if isinstance(found, int) else 0

    @property
    def marks(self) -> tuple[int, ...]:
        """Ids of cards it is or goes on for, as we wrote them into it and the portal merged and restored them."""
        found = self.values.get(MARK)
        return found if isinstance(found, tuple) else ()


@dataclass(frozen=True, slots=True)
class Requisite:
    """A requisite as the portal shows it now, or as we know it: then without `modified_at`.

    `owner` is the card it hangs on; `inn` and `kpp` are texts, empty where there is none. Equal is what nobody would
    act on.
    """

    subject: RequisiteId
    owner: Subject
    inn: str
    kpp: str
    active: bool
    modified_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Odd:
    """Something the portal shows that could not be understood: it is there, and nothing else is known of it.

    `field`: the portal's name of the value that could not; `modified_at` as of a card.
    """

    subject: Topic
    field: str
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cards:
    """Everything one read brought: the cards found, and those there that could not be understood; a subject asked for
    and absent in both is gone from the portal."""

    found: Mapping[Subject, Card] = field(default_factory=dict)
    odd: Mapping[Subject, Odd] = field(default_factory=dict)

    def get(self, subject: Subject) -> Card | None:
        return self.found.get(subject)
