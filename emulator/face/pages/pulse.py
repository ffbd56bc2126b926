"""What an open page looks at every few seconds, so that changes made elsewhere show by themselves.

A card of the portal follows its record: values written through REST appear in it without a reload.
"""

import re
from zlib import crc32

from starlette.responses import JSONResponse, Response

from emulator.crm.entities import Entity
from emulator.crm.stages import field_of
from emulator.face.pages.visit import Visit

KANBAN = re.compile(r"/crm/(lead|deal)/kanban/")
CARD = re.compile(r"/crm/(lead|deal|contact|company)/details/(\d+)/")


def stamp(visit: Visit, path: str) -> str:
    """A text that changes when the page at this path would look different: its record, timeline, columns, the bell."""
    unread = sum(1 for note in visit.portal.notifications if note.user_id == visit.user.id and not note.read)
    if card := CARD.fullmatch(path):
        return f"{unread}-{_card(visit, Entity(card[1]), int(card[2])):x}"
    board = KANBAN.fullmatch(path)
    return f"{unread}-{_board(visit, Entity(board[1])) if board else 0:x}"


def _card(visit: Visit, entity: Entity, number: int) -> int:
    crm = visit.portal.crm
    record = crm.get(entity, number)
    fields = [(one.name, one.labels) for one in crm.userfields[entity]]
    owned = crm.requisites.of(entity, number)
    return crc32(repr((record, fields, owned, list(crm.timeline.of(entity, number)))).encode())


def _board(visit: Visit, entity: Entity) -> int:
    crm, name = visit.portal.crm, field_of(entity)
    rows = [(row["ID"], row[str(name)], row["DATE_MODIFY"]) for row in crm.tables[entity].rows.values()]
    worn = [(one.id, one.revision) for one in crm.timeline.activities.values() if one.extra.get("badgeCode")]
    return crc32(repr((rows, worn)).encode())


def pulse(visit: Visit) -> Response:
    """GET ?path=…: the stamp now."""
    return JSONResponse({"stamp": stamp(visit, visit.request.query_params.get("path", ""))})
