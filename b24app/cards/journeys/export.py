"""What an export file holds of public ids, and how they come back: client apps keep them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import export_rows
from b24app.cards.store.customers import Role
from b24app.cards.store.export_rows import PublicId
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.portal.portal import Portal
from b24app.plug import ExportRow, ExportSection, Restoring

FIRST = UUID(int=0)


class PersonRow(ExportRow):
    """An id and the contact it was made for. `answers_for`: the contact that an alias stands for; None: it is its own
    contact's living id."""

    id: UUID
    crm_id: int
    answers_for: int | None

    @property
    def public_id(self) -> PublicId:
        return _public_id(self, Kind.CONTACT)


class CustomerRow(PersonRow):
    """The same of a company, or of a contact as a person on their own."""

    kind: Kind

    @property
    def public_id(self) -> PublicId:
        return _public_id(self, self.kind)


R = TypeVar("R", bound=PersonRow)


def judge(filed: PublicId, here: bool, living: UUID | None) -> RestoreVerdict:
    """What restoring an id comes to. `here`: it is known already, whatever it answers as by now; `living`: today's id
    of the card that it stands for, None where there is no such card."""
    if here:
        return RestoreVerdict.SAME
    if living is None:
        return RestoreVerdict.GONE
    return RestoreVerdict.NEW if filed.answers_for else RestoreVerdict.RENAMED


async def _read(
    db: AsyncConnection, portal: Portal, after: str, limit: int, *, role: Role, row: Callable[[PublicId], R]
) -> list[R]:
    kind, number, last = after.split(":") if after else ("", "0", str(FIRST))
    return [row(one) for one in await export_rows.after(db, portal.id, role, (kind, int(number), UUID(last)), limit)]


async def _restore(on: Restoring, rows: Sequence[PersonRow], *, role: Role) -> Counter[RestoreVerdict]:
    filed = [row.public_id for row in rows]
    here, living = await export_rows.judged_by(on.db, on.portal.id, role, filed)
    verdicts = [judge(one, one.id in here, living.get(one.today)) for one in filed]
    if on.write:
        back = (RestoreVerdict.RENAMED, RestoreVerdict.NEW)
        taken = [one for one, verdict in zip(filed, verdicts, strict=True) if verdict in back]
        await export_rows.put_back(on.db, on.portal.id, role, taken, on.resources.now())
    return Counter(verdicts)


def _person_row(one: PublicId) -> PersonRow:
    return PersonRow(id=one.id, crm_id=one.card.id, answers_for=_number(one.answers_for))


def _customer_row(one: PublicId) -> CustomerRow:
    return CustomerRow(id=one.id, kind=one.card.kind, crm_id=one.card.id, answers_for=_number(one.answers_for))


def _number(card: Subject | None) -> int | None:
    return card.id if card else None


def _public_id(row: PersonRow, kind: Kind) -> PublicId:
    return PublicId(row.id, Subject(kind, row.crm_id), Subject(kind, row.answers_for) if row.answers_for else None)


def _key(row: PersonRow) -> str:
    card = row.public_id.card
    return f"{card.kind}:{card.id}:{row.id}"


CUSTOMERS = ExportSection(
    "customers",
    CustomerRow,
    partial(_read, role=Role.CUSTOMER, row=_customer_row),
    _key,
    partial(_restore, role=Role.CUSTOMER),
)
PERSONS = ExportSection(
    "persons",
    PersonRow,
    partial(_read, role=Role.PERSON, row=_person_row),
    _key,
    partial(_restore, role=Role.PERSON),
)
