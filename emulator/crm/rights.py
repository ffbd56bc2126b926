"""Who may read and change CRM records: administrators everything, others by their `crm_access`."""

from typing import TYPE_CHECKING

from emulator.crm.entities import Record
from emulator.model.people import CrmAccess

if TYPE_CHECKING:
    from emulator.model.people import User


def reads_all(actor: "User | None") -> bool:
    """Whether no record is hidden from the actor; None is the portal itself."""
    return actor is None or actor.admin or actor.crm_access in (CrmAccess.ALL, CrmAccess.READ)


def can_read(actor: "User | None", record: Record) -> bool:
    """Whether the actor sees this record."""
    if actor is None or reads_all(actor):
        return True
    return actor.crm_access is CrmAccess.OWN and record.get("ASSIGNED_BY_ID") == actor.id


def can_write(actor: "User | None", record: Record) -> bool:
    """Whether the actor may change or delete this record; reading gives both, but for those who only read."""
    return can_read(actor, record) and not _reads_only(actor)


def can_add(actor: "User | None") -> bool:
    """Whether the actor may open CRM lists at all."""
    return actor is None or actor.admin or actor.crm_access is not CrmAccess.NONE


def can_create(actor: "User | None") -> bool:
    """Whether the actor may create records."""
    return can_add(actor) and not _reads_only(actor)


def _reads_only(actor: "User | None") -> bool:
    return actor is not None and not actor.admin and actor.crm_access is CrmAccess.READ


def is_admin(actor: "User | None") -> bool:
    """CRM administrator: may change CRM settings, fields, common layouts."""
    return actor is None or actor.admin
