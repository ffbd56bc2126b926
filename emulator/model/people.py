"""People of a portal: employees and departments."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.model.portal import Portal


class CrmAccess(StrEnum):
    """What a non-admin may see and change in the CRM: everything, records they are responsible for, nothing; READ sees
    everything and changes nothing."""

    ALL = "all"
    READ = "read"
    OWN = "own"
    NONE = "none"


@dataclass(slots=True)
class User:
    """An employee. `departments` are department ids; `active=False` is a dismissed one."""

    id: int
    name: str
    last_name: str
    second_name: str = ""
    email: str = ""
    work_position: str = ""
    departments: list[int] = field(default_factory=list)
    admin: bool = False
    active: bool = True
    phone: str = ""
    gender: str = ""
    time_zone: str = ""
    online: bool = True
    crm_access: CrmAccess = CrmAccess.ALL
    registered: datetime | None = None
    last_activity: datetime | None = None
    idle_since: datetime | None = None

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.last_name}".strip()


@dataclass(slots=True)
class Department:
    """A node of the company structure; `parent` and `head` are ids."""

    id: int
    name: str
    parent: int | None = None
    head: int | None = None
    sort: int = 500


def hire(
    portal: "Portal", actor: User | None, *, name: str, last_name: str, email: str, departments: list[int]
) -> User:
    """Somebody joins the company; apps hear of it (api-reference/common/events/on-user-add.md)."""
    number, now = max(portal.users, default=0) + 1, portal.world.now()
    user = User(number, name, last_name, email=email, departments=departments, registered=now)
    portal.users[number] = user
    data = {"ID": number, "ACTIVE": "Y", "EMAIL": email, "NAME": name, "LAST_NAME": last_name, "PERSONAL_GENDER": ""}
    data |= {"PERSONAL_BIRTHDAY": "", "UF_DEPARTMENT": departments, "DATE_REGISTER": now.isoformat(timespec="seconds")}
    portal.raise_event("ONUSERADD", data | {"WORK_POSITION": "", "UF_EMPLOYMENT_DATE": ""}, actor)
    return user
