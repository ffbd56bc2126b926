"""What people and robots do all day in a portal: each act one of them, chosen by weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from emulator.crm.entities import Entity
from emulator.crm.store import CrmError
from emulator.model.portal import Portal
from tests.doors.frames import frame, members
from tests.stories.work.processes import Running
from tests.world import CHECK

CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
NAMES = ("Илья", "Вера", "Олег", "Анна", "Пётр", "Мария", "Денис", "Ольга")
SURNAMES = ("Соколов", "Крылова", "Громов", "Белова", "Лунин", "Зимина")
FIRMS = ("Стройтехника", "Высота", "Каркас", "Фундамент", "Севермост", "Домострой")
FEWEST, MOST = 30, 150  # living contacts; outside these nobody is deleted, or added
TABS = {CONTACT: "CRM_CONTACT_DETAIL_TAB", COMPANY: "CRM_COMPANY_DETAIL_TAB"}


@dataclass
class People:
    """Those of one portal. `done`: acts by name; `answers`: what our doors said to their clicks and to the client app;
    `spared`: contacts nobody else touches."""

    world: Running
    portal: Portal
    key: str
    random: Random
    spared: tuple[int, ...]
    done: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    async def act(self) -> None:
        acts = list(ACTS)
        (act,) = self.random.choices(acts, [ACTS[one] for one in acts])
        try:
            await act(self)
            self.done[act.__name__] += 1
        except CrmError:
            self.done[f"{act.__name__} refused"] += 1

    def any(self, entity: Entity) -> int:
        return self.random.choice(
            [one for one in self.portal.crm.tables[entity].ids if entity is not CONTACT or one not in self.spared]
        )

    def count(self, entity: Entity) -> int:
        return len(self.portal.crm.tables[entity].ids)

    def contact(self, *companies: int) -> int:
        name, last = self.random.choice(NAMES), self.random.choice(SURNAMES)
        return self.world.add_contact(*companies, name=name, last_name=last, portal=self.portal)

    def company(self) -> int:
        return self.world.add_company(f"ООО «{self.random.choice(FIRMS)}»", self.portal)

    async def ask(self, method: str, url: str, **sent: Any) -> str:
        """A request to our doors; its answer is counted. A web process that was just killed answers nothing."""
        try:
            async with self.world.http.request(method, self.world.app_url + url, **sent) as answer:
                self.answers[f"{url.split('?')[0]} {answer.status}"] += 1
                return await answer.text() if answer.status == 200 else ""
        except (aiohttp.ClientError, OSError):
            self.answers["no answer"] += 1
            return ""


async def newcomer(people: People) -> None:
    if people.count(CONTACT) < MOST:
        old = people.random.random() < 0.4
        people.contact(people.any(COMPANY) if old else people.company())


async def box_of_a_contact(people: People) -> None:
    _flip(people, CONTACT)


async def box_of_a_company(people: People) -> None:
    _flip(people, COMPANY)


def _flip(people: People, entity: Entity) -> None:
    """A person turns the box, now and then a robot."""
    crm, id_ = people.portal.crm, people.any(entity)
    ticked = bool((crm.get(entity, id_) or {}).get(CHECK))
    actor = None if people.random.random() < 0.15 else people.world.manager(people.portal)
    crm.update(entity, id_, {CHECK: "0" if ticked else "1"}, actor)


async def change_of_job(people: People) -> None:
    crm, wanted = people.portal.crm, people.random.choice((0, 1, 1, 2))
    companies = list({people.any(COMPANY) for _ in range(wanted)})
    crm.update(CONTACT, people.any(CONTACT), {"COMPANY_IDS": companies}, people.world.manager(people.portal))


async def new_title(people: People) -> None:
    title = f"АО «{people.random.choice(FIRMS)}»"
    people.portal.crm.update(COMPANY, people.any(COMPANY), {"TITLE": title}, people.world.manager(people.portal))


async def deletion(people: People) -> None:
    entity = people.random.choice((CONTACT, CONTACT, COMPANY))
    if people.count(entity) > FEWEST:
        people.portal.crm.delete(entity, people.any(entity), people.world.admin(people.portal))


async def restoring(people: People) -> None:
    if people.portal.crm.bin:
        people.portal.crm.restore(people.random.choice(list(people.portal.crm.bin)), people.world.admin(people.portal))


async def merger(people: People) -> None:
    entity = people.random.choice((CONTACT, COMPANY))
    winner, loser = people.any(entity), people.any(entity)
    if winner != loser and people.count(entity) > FEWEST:
        people.portal.crm.merge(entity, winner, loser, people.world.admin(people.portal))


async def button(people: People) -> None:
    """A manager opens the tab in a card and presses the first button there."""
    entity, world = people.random.choice((CONTACT, COMPANY)), people.world
    installation = world.installation(people.portal)
    if not any(one.placement == TABS[entity] for one in installation.placements):
        return
    try:
        page = await world.open(installation, world.manager(people.portal), TABS[entity], ID=people.any(entity))
    except (aiohttp.ClientError, OSError):
        people.answers["no answer"] += 1
        return
    people.answers[f"{TABS[entity]} {page.status}"] += 1
    if page.status != 200 or 'id="page"' not in page.text or not members(page.text):
        return
    opened, pressed = frame(world, page), people.random.choice(("confirm", "recheck"))
    headers = {"X-Page-Token": opened.block["token"]}
    body = {**opened.said, "action": pressed, "membership": people.random.choice(members(page.text))}
    await people.ask("POST", "/frame/press", json=body, headers=headers)


async def administrator(people: People) -> None:
    """An administrator opens the app: of a pair of tokens whose refresh got lost on its way nothing else is left."""
    world = people.world
    try:
        page = await world.open(world.installation(people.portal), world.admin(people.portal))
        people.answers[f"/app {page.status}"] += 1
    except (aiohttp.ClientError, OSError):
        people.answers["no answer"] += 1


async def client_app(people: People) -> None:
    await people.ask("GET", "/api/v1/memberships?limit=100", headers={"Authorization": f"Bearer {people.key}"})


Act = Callable[[People], Coroutine[Any, Any, None]]

ACTS: dict[Act, int] = {
    box_of_a_contact: 30,
    box_of_a_company: 8,
    newcomer: 12,
    change_of_job: 10,
    button: 10,
    client_app: 10,
    new_title: 6,
    deletion: 5,
    restoring: 4,
    administrator: 2,
    merger: 3,
}
