"""Contact–company links: a table with a primary flag and a sort index, a field of neither side.

Pages: api-reference/crm/contacts/company/*, companies/contacts/*. Changing links through these methods raises no event
(crm/lib/binding/contactcompanytable.php fires none).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from emulator.crm.entities import Entity


@dataclass(slots=True)
class Link:
    """`contact_primary`: the contact's main company; `company_primary`: first contact of the company."""

    contact: int
    company: int
    sort: int = 10
    primary: bool = False


class Links:
    """All links of a portal, reachable from both ends."""

    def __init__(self) -> None:
        self._ends: dict[Entity, dict[int, list[Link]]] = {Entity.CONTACT: {}, Entity.COMPANY: {}}

    def of(self, entity: Entity, id: int) -> list[Link]:
        """Links of a contact or a company, by sort index."""
        return sorted(self._ends[entity].get(id, ()), key=lambda link: link.sort)

    def companies(self, contact: int) -> list[int]:
        """Company ids of a contact, primary first."""
        rows = sorted(self._ends[Entity.CONTACT].get(contact, ()), key=lambda link: (not link.primary, link.sort))
        return [link.company for link in rows]

    def contacts(self, company: int) -> list[int]:
        """Contact ids of a company."""
        return [link.contact for link in self.of(Entity.COMPANY, company)]

    def add(self, contact: int, company: int, *, primary: bool | None = None, sort: int | None = None) -> bool:
        """Join the two; False if they already are. The contact's first link is primary whatever was asked."""
        mine = self._ends[Entity.CONTACT].setdefault(contact, [])
        if any(link.company == company for link in mine):
            return False
        first = not mine
        place = sort if sort else max((link.sort for link in mine), default=0) + 10
        if primary and not first:
            for link in mine:
                link.primary = False
        made = Link(contact, company, place, first if primary is None else primary or first)
        mine.append(made)
        self._ends[Entity.COMPANY].setdefault(company, []).append(made)
        return True

    def drop(self, contact: int, company: int) -> bool:
        """Part the two; False if they were not linked. The next link of the contact becomes primary."""
        mine = self._ends[Entity.CONTACT].get(contact, [])
        gone = next((link for link in mine if link.company == company), None)
        if gone is None:
            return False
        mine.remove(gone)
        self._ends[Entity.COMPANY][company].remove(gone)
        if gone.primary and mine:
            min(mine, key=lambda link: link.sort).primary = True
        return True

    def set(self, entity: Entity, id: int, others: Iterable[tuple[int, int | None, bool]]) -> None:
        """Make the links of one record exactly these (other id, sort or None to keep, primary)."""
        wanted = list(others)
        keep = {other for other, _, _ in wanted}
        for link in self.of(entity, id):
            if self._other(entity, link) not in keep:
                self.drop(link.contact, link.company)
        for other, sort, primary in wanted:
            contact, company = (id, other) if entity is Entity.CONTACT else (other, id)
            if not self.add(contact, company, primary=primary or None, sort=sort):
                self._change(contact, company, sort, primary)

    def clear(self, entity: Entity, id: int) -> list[Link]:
        """Drop every link of a record; the links that were there."""
        gone = self.of(entity, id)
        for link in gone:
            self.drop(link.contact, link.company)
        return gone

    def _change(self, contact: int, company: int, sort: int | None, primary: bool) -> None:
        for link in self._ends[Entity.CONTACT][contact]:
            if link.company == company:
                link.sort = sort or link.sort
                link.primary = link.primary or primary
            elif primary:
                link.primary = False

    @staticmethod
    def _other(entity: Entity, link: Link) -> int:
        return link.company if entity is Entity.CONTACT else link.contact
