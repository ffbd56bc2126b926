"""A portal of any size: companies and contacts by the hundred thousand, put straight into the model.

As in a portal that has lived for years, ids have gaps; every contact but each fifth belongs to a company.
"""

from emulator.crm.entities import Entity, Record
from emulator.crm.store import Crm
from emulator.model.portal import Portal

GAP = 7  # after so many records an id is missing
ALONE = 5  # each so-manyth contact belongs to nobody


def grow(portal: Portal, companies: int, contacts: int) -> tuple[list[int], list[int]]:
    """Add so many; the ids of the new companies and contacts. No rights, no events, no history."""
    crm = portal.crm
    firms = [_put(crm, Entity.COMPANY, {"TITLE": f"ООО «Стройка-{number}»"}, number) for number in range(companies)]
    people = [_put(crm, Entity.CONTACT, {"NAME": "Илья", "LAST_NAME": f"Соколов-{n}"}, n) for n in range(contacts)]
    for number, person in enumerate(people):
        if firms and number % ALONE:
            crm.links.add(person, firms[number % len(firms)])
    return firms, people


def _put(crm: Crm, entity: Entity, fields: Record, number: int) -> int:
    if number % GAP == 0:
        crm.portal.next_id(entity)
    author, now = crm.portal.admin().id, crm.now()
    made = {"ID": crm.portal.next_id(entity), "DATE_CREATE": now, "DATE_MODIFY": now, **fields}
    made |= dict.fromkeys(("CREATED_BY_ID", "MODIFY_BY_ID", "ASSIGNED_BY_ID"), author)
    crm.tables[entity].put(made)
    return int(made["ID"])
