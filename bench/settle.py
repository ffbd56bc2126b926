"""`settle`: 10,000 unchanged companies carried through the pipeline with five rules that do nothing, against one.

What reading the same companies costs, the portal's part of it above all, is measured by itself and taken off both.
"""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import perf_counter

from b24app.assembly import open_resources
from b24app.bitrix24.cards import read_cards
from b24app.card_rules import CardRules
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.portal.portal import Mode
from b24app.domain.portal.portal import Portal as Row
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.portal.journeys.fields import to_read
from b24app.portal.journeys.tokens import admin_client
from b24app.resources import Resources
from b24app.work.store import inbox
from bench.figures import Better, Figure, Ground
from bench.idle import IdleRule
from bench.parties import market
from bench.read_calls import admit
from emulator.config import EmulatorConfig, PortalConfig
from emulator.model.installs import finish, install
from emulator.run import serve
from emulator.seed.crowd import grow
from workers.inbox import drain_portal

COMPANIES, ROUNDS, MANY, PAGE = 10_000, 3, 5, 2_500
NAME = "bench"


@dataclass(frozen=True, slots=True)
class Case:
    """A portal that was read, and its companies."""

    resources: Resources
    row: Row
    companies: Sequence[Subject]

    def with_rules(self, many: int) -> Resources:
        names = [f"idle_{one}" for one in range(many)]
        cards = {code: one.cards for code, one in self.resources.manifest.fields.items()}
        rules = CardRules(map(IdleRule, names), dict.fromkeys(names, Mode.ON), cards)
        return replace(self.resources, rules=rules)

    async def settle(self, many: int) -> float:
        """Seconds."""
        resources = self.with_rules(many)
        arrivals = [Arrival(Source.RESCAN, "rescan", one) for one in self.companies]
        async with resources.tenant(self.row.id) as db:
            await inbox.receive(db, resources.vault, self.row.id, arrivals, Lane.BULK, resources.now())
        began = perf_counter()
        while await drain_portal(resources, self.row.id, Lane.BULK):
            pass
        took = perf_counter() - began
        async with resources.tenant(self.row.id) as db:
            assert not await inbox.count(db, self.row.id, "waiting")
        return took

    async def read(self) -> float:
        """Seconds, with nothing done about them."""
        resources = self.with_rules(1)
        client, fields = admin_client(resources, self.row, Lane.BULK), to_read(resources, self.row)
        began = perf_counter()
        for at in range(0, len(self.companies), PAGE):
            await read_cards(client, self.companies[at : at + PAGE], fields)
        return perf_counter() - began


async def run(ground: Ground) -> list[Figure]:
    async with _case(ground) as case:
        await case.settle(MANY)  # connections, plans and caches are warm from here on
        rounds = [(await case.read(), await case.settle(MANY), await case.settle(1)) for _ in range(ROUNDS)]
    read, many, one = (statistics.median(each) for each in zip(*rounds, strict=True))
    print(f"  reading alone {read:.1f} s, with one rule {one:.1f} s, with {MANY} {many:.1f} s")
    return [Figure("settle", many - read, one - read, "s", 1.5, Better.LOWER)]


@asynccontextmanager
async def _case(ground: Ground) -> AsyncIterator[Case]:
    app = market(ground)
    portals = (PortalConfig(NAME, "127.0.0.2:0", plan="enterprise"),)
    async with serve(EmulatorConfig(portals=portals, auth_host="127.0.0.4:0", apps=(app,))) as emulator:
        settings = replace(ground.settings, auth_servers=(emulator.url(emulator.world.auth_host),))
        async with open_resources(settings, ground.manifest) as resources:
            portal = emulator.portal(NAME)
            companies, _ = grow(portal, COMPANIES, 0)
            installed = install(portal, app, portal.admin())
            finish(installed, portal.admin())
            row = await admit(resources, emulator, installed)
            yield Case(resources, row, [Subject(Kind.COMPANY, one) for one in companies])
