"""`memory`: the peak of a worker that drains 100,000 subjects of one portal, against one that drains 10,000.

Each worker is a fresh process that serves the bulk lane only. One card in twenty does not show what it
should: it is written and settled; the others are read and settled.
"""

from __future__ import annotations

import os
from functools import partial

from sqlalchemy import func, select, text

from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.settings import as_environment
from b24app.work.store import inbox
from b24app.work.store.tables import work
from bench.figures import Better, Figure, Ground
from bench.importing import LONGEST, Stage, peak, staged
from bench.parties import child, imported, install, known, post, until

SUBJECTS, TENTH, DIFFER, GROUP = 100_000, 10, 20, 1000

PENDING = text(
    "UPDATE memberships SET state = 'pending', told_state = 'pending'"
    " WHERE portal_id = :portal AND contact_id % :differ = 0 AND contact_id <> :spared"
)
PEOPLE = text(
    "SELECT crm_id FROM records WHERE portal_id = :portal AND kind = 'contact' AND crm_id <> :spared ORDER BY crm_id"
)


async def run(ground: Ground) -> list[Figure]:
    async with staged(ground) as found:
        few = await _drained(found, "small", SUBJECTS // TENTH)
        many = await _drained(found, "large", SUBJECTS)
    return [Figure("memory", many, few, "MiB, peak", 1.2, Better.LOWER)]


async def _drained(found: Stage, name: str, subjects: int) -> float:
    """The peak in MiB of a worker that does nothing but drain so many."""
    host, environment = found.hosts[name], dict(os.environ) | as_environment(found.settings)
    grown = {"portal": name, "companies": 0, "contacts": subjects}
    await post(found.http, f"http://{host}/_control/grow", grown)
    await install(found.http, f"http://{host}/_control", name, found.code)
    with child(["b24app", "worker", "chores"], environment):
        await until(partial(imported, found.resources, host), LONGEST)
    await leave_rows(found.resources, await known(found.resources, host))
    with child(["b24app", "tick"], environment), child(["b24app", "worker", "bulk"], environment) as worker:
        await until(partial(_idle, found), LONGEST)
        return peak(worker.pid)


async def leave_rows(resources: Resources, portal: Portal, differ: int = DIFFER, spared: int = 0) -> None:
    """Every contact but one in the bulk lane; one in `differ` waits for a check, which its card does not show."""
    async with resources.tenant(portal.id) as db:
        await db.execute(PENDING, {"portal": portal.id, "differ": differ, "spared": spared})
        people = list((await db.execute(PEOPLE, {"portal": portal.id, "spared": spared})).scalars())
    for at in range(0, len(people), GROUP):
        arrivals = [Arrival(Source.RESCAN, "bench", Subject(Kind.CONTACT, one)) for one in people[at : at + GROUP]]
        async with resources.tenant(portal.id) as db:
            await inbox.receive(db, resources.vault, portal.id, arrivals, Lane.BULK, resources.now())
    await resources.wake.inbox(portal.id, Lane.BULK)


async def _idle(found: Stage) -> bool:
    async with found.resources.transaction() as db:
        return not (await db.execute(select(func.count()).select_from(work))).scalar_one()
