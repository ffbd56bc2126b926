"""What client apps hear of memberships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from b24app.domain.delivery.news import Json, News, Sentence, crm_id, data_schema, nullable, text, uuid
from b24app.domain.policy import Access, Section
from b24app.domain.verification.membership import DecidedBySource, Reason, State

DECIDED_BY: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "user_id": dict(nullable(crm_id("A user of the portal; null: nobody knows who."))),
        "source": dict(text("How we know.", DecidedBySource)),
    },
    "required": ["user_id", "source"],
    "description": "Who decided.",
}


@dataclass(frozen=True, slots=True)
class MembershipVerificationChanged(News):
    """A person's standing in one company (or on their own: `company_id` is None) became another.

    `decided_by`: a user of the portal, where known; `sections`: what the new state opens.
    """

    TYPE = "membership.verification_changed"
    OBJECT = "membership"
    SENTENCE = Sentence(
        en="A person's standing in one company became another.", ru="Положение человека в компании изменилось."
    )
    SCHEMA = data_schema(
        membership_id=uuid("As in `/memberships/{id}`."),
        contact_id=crm_id("The person's card."),
        company_id=nullable(crm_id("The company's card; null: the person is on their own.")),
        person_id=uuid("The person; whatever becomes of the card."),
        customer_id=uuid("The company, or the person on their own; whatever becomes of the card."),
        old_state=text("What it was.", State),
        new_state=text("What it is.", State),
        reason=text("Why.", [one for one in Reason if one is not Reason.KNOWN]),
        decided_by=DECIDED_BY,
        sections={
            "type": "object",
            "properties": {name.value: dict(text("What a client app shows of it.", Access)) for name in Section},
            "required": [name.value for name in Section],
            "description": "What the new state opens.",
        },
    )

    membership_id: UUID
    contact_id: int
    company_id: int | None
    person_id: UUID
    customer_id: UUID
    old_state: str
    new_state: str
    reason: str
    decided_by: int | None
    decided_by_source: str
    sections: Mapping[Section, Access]

    @property
    def object_id(self) -> str:
        return str(self.membership_id)

    @property
    def subjects(self) -> tuple[str, ...]:
        return _cards(self.contact_id, self.company_id)

    def data(self) -> Mapping[str, Json]:
        return {
            "membership_id": str(self.membership_id),
            "contact_id": self.contact_id,
            "company_id": self.company_id,
            "person_id": str(self.person_id),
            "customer_id": str(self.customer_id),
            "old_state": self.old_state,
            "new_state": self.new_state,
            "reason": self.reason,
            "decided_by": {"user_id": self.decided_by, "source": self.decided_by_source},
            "sections": {name.value: access.value for name, access in self.sections.items()},
        }

    @classmethod
    def example(cls) -> MembershipVerificationChanged:
        opens = {Section.CATALOGUE, Section.CHAT}
        return cls(
            membership_id=UUID("0190f1d2-7c1a-7c3e-9b7a-3f0a4b8c9d10"),
            contact_id=7,
            company_id=3,
            person_id=UUID("0190f1d2-7b21-7d04-8a6e-52c1f0b7e6a1"),
            customer_id=UUID("0190f1d2-7b22-7c5a-9d3f-84e2a6c0d5b2"),
            old_state=State.CONFIRMED.value,
            new_state=State.PENDING.value,
            reason=Reason.BOX_TICKED.value,
            decided_by=12,
            decided_by_source=DecidedBySource.EVENT.value,
            sections={name: Access.OPEN if name in opens else Access.BLOCKED for name in Section},
            version=4,
            previous_version=3,
            occurred_at=datetime(2026, 11, 22, 10, 30, tzinfo=UTC),
        )


@dataclass(frozen=True, slots=True)
class MembershipDocumentsAsked(News):
    """A person who waits is asked for documents; their state stays `pending`.

    `note`: what is asked for, in the words of whoever asks; it is meant for the person.
    """

    TYPE = "membership.documents_asked"
    OBJECT = "membership"
    SENTENCE = Sentence(
        en="A person who waits is asked for documents.", ru="У человека, который ждёт проверки, просят документы."
    )
    SCHEMA = data_schema(
        membership_id=uuid("As in `/memberships/{id}`."),
        contact_id=crm_id("The person's card."),
        company_id=nullable(crm_id("The company's card; null: the person is on their own.")),
        person_id=uuid("The person; whatever becomes of the card."),
        customer_id=uuid("The company, or the person on their own; whatever becomes of the card."),
        note=text("What is asked for, in the words of whoever asks; show it to the person."),
        reason=text("Why.", [Reason.PROOF_REQUESTED]),
        decided_by=DECIDED_BY,
    )

    membership_id: UUID
    contact_id: int
    company_id: int | None
    person_id: UUID
    customer_id: UUID
    note: str
    decided_by: int | None
    decided_by_source: str

    @property
    def object_id(self) -> str:
        return str(self.membership_id)

    @property
    def subjects(self) -> tuple[str, ...]:
        return _cards(self.contact_id, self.company_id)

    def data(self) -> Mapping[str, Json]:
        return {
            "membership_id": str(self.membership_id),
            "contact_id": self.contact_id,
            "company_id": self.company_id,
            "person_id": str(self.person_id),
            "customer_id": str(self.customer_id),
            "note": self.note,
            "reason": Reason.PROOF_REQUESTED.value,
            "decided_by": {"user_id": self.decided_by, "source": self.decided_by_source},
        }

    @classmethod
    def example(cls) -> MembershipDocumentsAsked:
        return cls(
            membership_id=UUID("0190f1d2-7c1a-7c3e-9b7a-3f0a4b8c9d10"),
            contact_id=7,
            company_id=3,
            person_id=UUID("0190f1d2-7b21-7d04-8a6e-52c1f0b7e6a1"),
            customer_id=UUID("0190f1d2-7b22-7c5a-9d3f-84e2a6c0d5b2"),
            note="Доверенность на получение техники и паспорт, первый разворот",
            decided_by=12,
            decided_by_source=DecidedBySource.BUTTON.value,
            version=5,
            previous_version=4,
            occurred_at=datetime(2026, 11, 22, 10, 40, tzinfo=UTC),
        )


@dataclass(frozen=True, slots=True)
class MembershipMoved(News):
    """A membership belongs to another card now, since the one it belonged to was merged or came back under a new id.

    Company ids are None for a person on their own. `old_person_id`, `old_customer_id`: aliases from now on where they
    differ.
    """

    TYPE = "membership.moved"
    OBJECT = "membership"
    SENTENCE = Sentence(
        en="A membership belongs to another card now.",
        ru="Принадлежность человека к компании перешла на другую карточку.",
    )
    SCHEMA = data_schema(
        membership_id=uuid("As before."),
        old_contact_id=crm_id("The person's card until now."),
        old_company_id=nullable(crm_id("The company's card until now.")),
        old_person_id=uuid("The person until now; it answers as `person_id` from now on."),
        old_customer_id=uuid("The customer until now; it answers as `customer_id` from now on."),
        contact_id=crm_id("The person's card from now on."),
        company_id=nullable(crm_id("The company's card from now on.")),
        person_id=uuid("The person from now on."),
        customer_id=uuid("The company, or the person on their own, from now on."),
    )

    membership_id: UUID
    old_contact_id: int
    old_company_id: int | None
    old_person_id: UUID
    old_customer_id: UUID
    contact_id: int
    company_id: int | None
    person_id: UUID
    customer_id: UUID

    @property
    def object_id(self) -> str:
        return str(self.membership_id)

    @property
    def subjects(self) -> tuple[str, ...]:
        today = _cards(self.contact_id, self.company_id)
        return tuple(dict.fromkeys((*today, *_cards(self.old_contact_id, self.old_company_id))))

    def data(self) -> Mapping[str, Json]:
        return {
            "membership_id": str(self.membership_id),
            "old_contact_id": self.old_contact_id,
            "old_company_id": self.old_company_id,
            "old_person_id": str(self.old_person_id),
            "old_customer_id": str(self.old_customer_id),
            "contact_id": self.contact_id,
            "company_id": self.company_id,
            "person_id": str(self.person_id),
            "customer_id": str(self.customer_id),
        }

    @classmethod
    def example(cls) -> MembershipMoved:
        return cls(
            membership_id=UUID("0190f1d2-7c1a-7c3e-9b7a-3f0a4b8c9d10"),
            old_contact_id=7,
            old_company_id=3,
            old_person_id=UUID("0190f1d2-7b21-7d04-8a6e-52c1f0b7e6a1"),
            old_customer_id=UUID("0190f1d2-7b22-7c5a-9d3f-84e2a6c0d5b2"),
            contact_id=7,
            company_id=5,
            person_id=UUID("0190f1d2-7b21-7d04-8a6e-52c1f0b7e6a1"),
            customer_id=UUID("0190f1d2-7b23-7a96-b1c8-6f0d9e3b47c3"),
            version=5,
            previous_version=4,
            occurred_at=datetime(2026, 11, 23, 7, 5, tzinfo=UTC),
        )


def _cards(contact_id: int, company_id: int | None) -> tuple[str, ...]:
    company = () if company_id is None else (f"company:{company_id}",)
    return (f"contact:{contact_id}", *company)
