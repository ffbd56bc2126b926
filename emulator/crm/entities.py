"""The four kinds of record this emulator keeps and the numbers and words the portal has for each."""

from enum import StrEnum
from typing import Any

Record = dict[str, Any]
"""A record by legacy upper-case names, values typed: int ids, float sums, aware datetimes, dates, "Y"/"N" flags,
bool for boolean user fields, lists for multiple ones. A name that is absent has its default."""


class Entity(StrEnum):
    """Kinds of record; the numbers are entityTypeId (api-reference/crm/universal/index.md)."""

    LEAD = "lead"
    DEAL = "deal"
    CONTACT = "contact"
    COMPANY = "company"

    @property
    def type_id(self) -> int:
        return _TYPE_IDS[self]

    @property
    def uf_entity(self) -> str:
        """ENTITY_ID of user fields: CRM_COMPANY."""
        return f"CRM_{self.upper()}"

    @property
    def letter(self) -> str:
        """Short code in `crm` user fields and stage owners: L, D, C, CO."""
        return {"lead": "L", "deal": "D", "contact": "C", "company": "CO"}[self]

    def event(self, what: str) -> str:
        """Name of the portal event: ONCRMCOMPANYADD."""
        return f"ONCRM{self.upper()}{what}"


_TYPE_IDS = {Entity.LEAD: 1, Entity.DEAL: 2, Entity.CONTACT: 3, Entity.COMPANY: 4}


def by_type_id(type_id: int) -> Entity | None:
    """The entity of an entityTypeId, None for types this portal does not have."""
    return next((entity for entity, number in _TYPE_IDS.items() if number == type_id), None)
