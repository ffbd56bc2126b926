"""CRM records as people name them: titles, addresses of cards, choosing in dialogs."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from emulator.crm import rights
from emulator.crm.entities import Entity, Record
from emulator.crm.filters import Condition, Group
from emulator.crm.store import Query
from emulator.face.pages.visit import Visit
from emulator.model.portal import Portal

NAMES = {
    Entity.CONTACT: ("NAME", "SECOND_NAME", "LAST_NAME"),
    Entity.COMPANY: ("TITLE",),
    Entity.DEAL: ("TITLE",),
    Entity.LEAD: ("TITLE", "NAME", "LAST_NAME"),
}
"""Fields a typed word is looked for in."""

PICKED = 30


@dataclass(frozen=True, slots=True)
class Shown:
    """A value on a page: text, with the address it leads to, or a person's avatar before it."""

    text: str
    href: str = ""
    avatar: str = ""
    note: str = ""


def href(entity: Entity, id: int) -> str:
    return f"/crm/{entity}/details/{id}/"


def title(portal: Portal, entity: Entity, id: int, untitled: str = "#") -> str:
    """The name of a record: a contact's first and last name, else its TITLE."""
    text = name_of(entity, portal.crm.tables[entity].rows.get(id, {}))
    return text or (f"#{id}" if untitled == "#" else untitled)


def name_of(entity: Entity, row: Record) -> str:
    """The name a record carries, maybe none."""
    names = ("NAME", "LAST_NAME") if entity is Entity.CONTACT else ("TITLE",)
    return " ".join(str(row[name]) for name in names if row.get(name))


def linked(visit: Visit, entity: Entity, id: int) -> Shown:
    """A record as a link with its phone below; without a link for those who may not read it."""
    row = visit.portal.crm.tables[entity].rows.get(id, {})
    phone = next((str(one["VALUE"]) for one in row.get("PHONE", ())), "")
    open_to = rights.can_read(visit.user, row)
    return Shown(title(visit.portal, entity, id), href(entity, id) if open_to else "", entity, phone)


def person(visit: Visit, id: object) -> Shown:
    """An employee as a link to their page; an empty text for nobody."""
    user = visit.portal.users.get(int(str(id or 0)))
    return Shown(user.full_name, f"/company/personal/user/{user.id}/", "user") if user else Shown("")


def search(portal: Portal, entity: Entity, text: str) -> Group:
    """Conditions for what was typed into a search box: phone, mail, tax number as a whole, else words of the name."""
    text = text.strip()
    if not text:
        return Group(())
    exact = {
        found
        for kind in ("PHONE", "EMAIL")
        for one, found in portal.crm.communications.find(kind, text)
        if one is entity
    }
    exact |= {
        row["ENTITY_ID"] for row in portal.crm.requisites.with_inn(text) if row["ENTITY_TYPE_ID"] == entity.type_id
    }
    if exact:
        return Group((Condition("in", "ID", sorted(exact)),))
    words = [Group(tuple(Condition("has", name, word) for name in NAMES[entity]), any=True) for word in text.split()]
    return Group(tuple(words))


async def pick(visit: Visit) -> Response:
    """POST {kind: user | access | crm, query, types?, hidden?}: rows of a chooser, each {shown, note, value}."""
    question = await visit.request.json()
    query = str(question.get("query", ""))
    match question.get("kind"):
        case "user":
            return JSONResponse(_people(visit, query))
        case "access":
            hidden = set(map(str, question.get("hidden", ())))
            return JSONResponse([row for row in _access(visit, query) if row["value"]["id"] not in hidden])
        case "crm":
            kinds = [Entity(kind) for kind in question.get("types", ()) if kind in set(Entity)]
            return JSONResponse([row for kind in kinds for row in _records(visit, kind, query)])
    return JSONResponse([], 400)


def _people(visit: Visit, query: str) -> list[dict[str, Any]]:
    """Employees as selectUser answers them (sdk/bx24-js-sdk/system-dialogues/bx24-select-user.md)."""
    found = [
        user for user in visit.portal.users.values() if user.active and query.casefold() in user.full_name.casefold()
    ]
    return [
        {
            "shown": user.full_name,
            "note": user.work_position,
            "value": {
                "id": str(user.id),
                "name": user.full_name,
                "photo": "",
                "position": user.work_position,
                "url": f"/company/personal/user/{user.id}/",
                "sub": False,
                "sup": False,
            },
        }
        for user in found[:PICKED]
    ]


def _access(visit: Visit, query: str) -> list[dict[str, Any]]:
    """People and departments as selectAccess answers them (sdk/bx24-js-sdk/system-dialogues/bx24-select-access.md)."""
    people = [(f"U{row['value']['id']}", row["shown"]) for row in _people(visit, query)]
    offices = [(f"DR{one.id}", one.name) for one in visit.portal.departments.values()]
    offices = [one for one in offices if query.casefold() in one[1].casefold()]
    return [{"shown": name, "note": "", "value": {"id": code, "name": name}} for code, name in (*people, *offices)]


def _records(visit: Visit, entity: Entity, query: str) -> list[dict[str, Any]]:
    """Records as selectCRM answers them (sdk/bx24-js-sdk/system-dialogues/bx24-select-crm.md)."""
    crm = visit.portal.crm
    where = search(visit.portal, entity, query)
    ids, _ = crm.select(entity, Query(where=where, limit=PICKED, count=False), visit.user)
    return [_picked(visit, entity, one) for one in ids]


def _picked(visit: Visit, entity: Entity, id: int) -> dict[str, Any]:
    shown = linked(visit, entity, id)
    value = {
        "id": f"{entity.letter}_{id}",
        "type": str(entity),
        "title": shown.text,
        "desc": shown.note,
        "url": shown.href,
    }
    return {"shown": shown.text, "note": shown.note, "value": {**value, "place": str(entity)}}
