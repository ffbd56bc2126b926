"""The recycle bin, /crm/recyclebin/: what was deleted, and bringing it back under a new id."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from emulator.crm import rights
from emulator.crm.entities import Entity
from emulator.crm.values import to_int
from emulator.face.pages import records
from emulator.face.pages.render import message, page, when
from emulator.face.pages.visit import Visit


@dataclass(frozen=True, slots=True)
class Gone:
    """A deleted record; `id` is its number in the bin."""

    id: int
    entity: Entity
    title: str
    person: records.Shown
    deleted: str
    writable: bool


def contents(visit: Visit) -> Response:
    """The page: records this person could read, the latest first; `back` names one that has just been restored."""
    if not rights.can_add(visit.user):
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    rows = sorted(visit.portal.crm.bin.values(), key=lambda one: one.id, reverse=True)
    gone = [
        Gone(
            one.id,
            one.entity,
            records.name_of(one.entity, one.record) or f"#{one.record['ID']}",
            records.person(visit, one.record.get("ASSIGNED_BY_ID")),
            when(one.deleted, visit.world.now(), visit.lang),
            rights.can_write(visit.user, one.record),
        )
        for one in rows
        if rights.can_read(visit.user, one.record)
    ]
    return page(visit, "bin.html", gone=gone, back=_back(visit))


def _back(visit: Visit) -> records.Shown | None:
    """«contact-26» of the address as a link to the restored card."""
    word, _, number = visit.request.query_params.get("back", "").partition("-")
    entity = Entity(word) if word in set(Entity) else None
    if entity is None or not visit.portal.crm.exists(entity, to_int(number)):
        return None
    return records.linked(visit, entity, to_int(number))


async def restore(visit: Visit) -> Response:
    """POST id: the record comes back; told to apps as an addition."""
    number = to_int((await visit.request.form()).get("id"))
    kept = visit.portal.crm.bin.get(number)
    if kept is None:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404, icon="search")
    if not rights.can_write(visit.user, kept.record):
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    made = visit.portal.crm.restore(number, visit.user)
    return RedirectResponse(f"/crm/recyclebin/?back={kept.entity}-{made}", 303)
