"""The ground an example stands on: what its parameters name is there, under the very numbers the page gives it."""

from collections.abc import Callable, Iterator
from typing import Any

from emulator.crm.entities import Entity, Record, by_type_id
from emulator.crm.timeline import CONFIGURABLE, CONFIGURABLE_TYPE
from emulator.model.installs import Installation
from emulator.model.people import User
from emulator.model.portal import Portal

Params = dict[str, Any]
KINDS = {entity.upper(): entity for entity in Entity}
PEOPLE = frozenset(("userId", "USER_ID", "responsibleId", "ASSIGNED_BY_ID", "assignedById", "users", "observers"))
OWNERS = (
    *(("ownerTypeId", "ownerId"), ("OWNER_TYPE_ID", "OWNER_ID"), ("entityTypeId", "entityId")),
    *(("ENTITY_TYPE_ID", "ENTITY_ID"), ("entityTypeId", "id"), ("ENTITY_TYPE", "ENTITY_ID")),
    *(("sourceEntityTypeId", "sourceEntityId"), ("targetEntityTypeId", "targetEntityId")),
)
TEXT = {"type": "text", "properties": {"value": "Text"}}
LAYOUT = {"icon": {"code": "info"}, "header": {"title": "Text"}, "body": {"logo": {"code": "comment"}, "blocks": TEXT}}
PHONE = [{"VALUE": "+7 495 123-45-67", "VALUE_TYPE": "WORK"}]
DAY = "2026-06-01T00:00:00+03:00"
USUAL: dict[Entity, Record] = {
    Entity.LEAD: {"TITLE": "Text", "NAME": "Ivan", "PHONE": PHONE, "IM": [{"VALUE": "ivan"}]},
    Entity.DEAL: {"TITLE": "Text", "BEGINDATE": DAY, "CLOSEDATE": DAY},
    Entity.CONTACT: {"NAME": "Ivan", "PHONE": PHONE, "EMAIL": [{"VALUE": "ivan@example.com"}]},
    Entity.COMPANY: {"TITLE": "Text"},
}


class Ground:
    """Makes things in one portal, each under the number an example gives it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.client_id = installation.app.client_id
        self.portal: Portal = installation.portal
        self.crm, self.admin = self.portal.crm, self.portal.admin()

    def number(self, series: str, wanted: int, make: Callable[[], object]) -> None:
        """Run `make` so that the next thing of a series gets the wanted number."""
        last = self.portal.counters.get(series, 0)
        self.portal.counters[series] = wanted - 1
        make()
        self.portal.counters[series] = max(last, wanted)

    def record(self, entity: Entity, id: int, **fields: Any) -> None:
        """A record with what its page's example shows filled in."""
        if id <= 0 or self.crm.exists(entity, id):
            return
        self.number(entity, id, lambda: self.crm.add(entity, USUAL[entity] | fields, self.admin, importing=True))
        self.crm.tables[entity].ids.sort()

    def person(self, id: int) -> User:
        return self.portal.users.setdefault(id, User(id, "Ivan", "Text", email="ivan@example.com", departments=[1]))

    def owner(self, kind: Any, id: int) -> tuple[Entity, int] | None:
        """A record by entityTypeId or type word; 8 is a requisite."""
        entity = by_type_id(int(kind)) if str(kind).isdigit() else Entity(kind)
        if entity is not None:
            self.record(entity, id)
            return entity, id
        if int(kind) == 8:
            self.requisite(id)
        return None

    def requisite(self, id: int) -> None:
        if id not in self.crm.requisites.rows:
            self.record(Entity.COMPANY, 1)
            fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "Text", "RQ_INN": "7717586110"}
            self.number("requisite", id, lambda: self.crm.requisites.add(fields, self.admin))

    def activity(self, id: int, owner: tuple[Entity, int], *, configurable: bool = False) -> None:
        if id in self.crm.timeline.activities:
            return
        more: Params = {"subject": "Text", "description": "Text", "deadline": self.portal.world.now()}
        if configurable:
            more |= {"client_id": self.client_id, "provider_type": CONFIGURABLE_TYPE, "extra": {"layout": LAYOUT}}
        provider = CONFIGURABLE if configurable else "CRM_TODO"
        self.number("activity", id, lambda: self.crm.timeline.plan(owner, provider, self.admin, **more))

    def category(self, number: int, *stages: str) -> None:
        """A deal pipeline; stage codes without their C<n>: prefix."""
        self.crm.books.categories.pop(number, None)
        last = {n: self.crm.books.categories.pop(n) for n in list(self.crm.books.categories) if n > number}
        self.crm.books.categories[number - 1] = (
            self.crm.books.categories.get(number - 1) or self.crm.books.categories[0]
        )
        self.crm.books.add_category("Text", [(code, "Text", "", "") for code in ("NEW", *stages)])
        self.crm.books.categories |= last

    def named(self, params: Params) -> None:
        """Records and people that any parameter of any method names."""
        for part in (params, *(value for value in params.values() if isinstance(value, dict))):
            for kind, id_ in OWNERS:
                if kind in part and str(part.get(id_)).isdigit():
                    self.owner(part[kind], int(part[id_]))
        for name, value in leaves(params):
            bare = name.upper().replace("_", "").removesuffix("S").removesuffix("ID")
            for one in value if isinstance(value, list) else [value]:
                if bare in KINDS and str(one).isdigit():
                    self.record(KINDS[bare], int(one))
                elif name in PEOPLE and str(one).isdigit():
                    self.person(int(one))


def leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Names with their values, all the way down; filter prefixes off."""
    for name, one in value.items() if isinstance(value, dict) else ():
        yield str(name).lstrip("=!@<>%"), one
        yield from leaves(one)
    for one in value if isinstance(value, list) else ():
        yield from leaves(one)
