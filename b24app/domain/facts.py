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


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One record of one portal, e.g. ``contact 7``. The unit of work: claimed, read, decided and settled as one."""

    kind: Kind
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Card:
    """A contact or company as the portal shows it now.

    `needs_check` is the checkbox, `status` the XML_ID of the client-app status option (empty: none chosen);
    `links` are the ids on the other side (companies of a contact, contacts of a company), primary first; `marks` the
    ids of cards it is or goes on for, as we wrote them into it and the portal merged and restored them.
    Times are aware; ids are ints whichever API generation they came from.
    """

    subject: Subject
    title: str
    needs_check: bool
    status: str
    links: tuple[int, ...]
    assigned_by: int
    modified_by: int
    modified_at: datetime
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cards:
    """Everything one read brought: the cards found; a subject asked for and absent here is gone from the portal."""

    found: Mapping[Subject, Card] = field(default_factory=dict)

    def get(self, subject: Subject) -> Card | None:
        return self.found.get(subject)
