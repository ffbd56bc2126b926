"""`read_calls`: requests to a portal that settle 10,000 changed companies, of which one in twenty has to be written,
against `fast_bitrix24` as it comes: `get_by_ID` for all of them and `call` for those. `read_calls_two`: with a second
rule, which has a field of its own read.

Both are counted at the portal, by the requests it saw. In those companies somebody cleared our status by hand, so that
no contact's card has to be touched. The changes wait in the bulk lane, where a look at the portal leaves them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from fast_bitrix24 import BitrixAsync

from b24app.assembly import open_resources
from b24app.card_rules import CardRules
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.portal.portal import Mode
from b24app.domain.portal.portal import Portal as Row
from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.portal.journeys import installation
from b24app.portal.journeys.installation import IMPORT, InstallGrant
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.work.store import inbox
from bench.figures import Better, Figure, Ground
from bench.idle import IdleRule
from bench.parties import market
from emulator.config import EmulatorConfig, PortalConfig
from emulator.crm.entities import Entity
from emulator.model.installs import Installation, finish, install
from emulator.model.portal import Portal
from emulator.run import Emulator, serve
from emulator.seed.crowd import grow
from workers.chores import do_due
from workers.inbox import drain_portal

COMPANIES, EVERY = 10_000, 20
NAME, CHECK, STATUS = "bench", "UF_CRM_B24APP_CHECK", "UF_CRM_B24APP_STATUS"


@dataclass(frozen=True, slots=True)
class Case:
    """A portal that was read, and its companies."""

    emulator: Emulator
    resources: Resources
    row: Row
    installation: Installation
    companies: Sequence[int]

    @property
    def wrong(self) -> Sequence[int]:
        return self.companies[::EVERY]

    @property
    def portal(self) -> Portal:
        return self.emulator.portal(NAME)

    def two_rules(self) -> Resources:
        """With another rule beside the app's own."""
        rules = (*self.resources.rules.all, IdleRule("idle", {"industry"}))
        cards = {code: one.cards for code, one in self.resources.manifest.fields.items()}
        modes = dict.fromkeys((rule.name for rule in rules), Mode.ON)
        return replace(self.resources, rules=CardRules(rules, modes, cards))

    def shown(self, company: int) -> object:
        return self.portal.crm.tables[Entity.COMPANY].rows[company].get(STATUS)

    def change(self) -> object:
        """Everybody's record is touched; one in twenty loses its status, which is returned."""
        admin, right = self.portal.admin(), self.shown(self.wrong[0])
        assert right
        for company in self.companies:
            self.portal.crm.update(Entity.COMPANY, company, {"COMMENTS": "changed"}, admin)
        for company in self.wrong:
            self.portal.crm.update(Entity.COMPANY, company, {STATUS: ""}, admin)
        self.portal.world.events.queued.clear()
        self.requests()
        return right

    def requests(self) -> int:
        """Requests the portal saw since the last look."""
        counted = self.emulator.world.meters.requests
        found = sum(count for (name, _), count in counted.items() if name == NAME)
        counted.clear()
        return found


async def run(ground: Ground) -> list[Figure]:
    async with _case(ground) as case:
        ours = {"read_calls": await _ours(case, case.resources), "read_calls_two": await _ours(case, case.two_rules())}
        reference = await _reference(case)
    return [Figure(name, count, reference, "requests", 0.1, Better.LOWER) for name, count in ours.items()]


async def _ours(case: Case, resources: Resources) -> int:
    right = case.change()
    await _settle(resources, case.row, case.companies)
    assert {case.shown(company) for company in case.wrong} == {right}
    return case.requests()


async def _settle(resources: Resources, row: Row, companies: Sequence[int]) -> None:
    arrivals = [Arrival(Source.RESCAN, "rescan", Subject(Kind.COMPANY, company)) for company in companies]
    async with resources.tenant(row.id) as db:
        await inbox.receive(db, resources.vault, row.id, arrivals, Lane.BULK, resources.now())
    while await drain_portal(resources, row.id, Lane.BULK):
        pass
    async with resources.tenant(row.id) as db:
        assert not await inbox.count(db, row.id, "waiting")


async def _reference(case: Case) -> int:
    """The library as its documentation shows it; what is wrong with each card is known beforehand."""
    right = case.change()
    grant = case.emulator.world.auth.issue(case.installation, case.portal.admin())

    async def token() -> str:
        return grant.access_token

    library = BitrixAsync(case.row.endpoint, token_func=token, verbose=False)
    found = await library.get_by_ID("crm.company.get", list(case.companies))
    assert len(found) == len(case.companies)
    wrong = [{"ID": company, "fields": {STATUS: right}} for company in case.wrong]
    await library.call("crm.company.update", wrong)
    return case.requests()


@asynccontextmanager
async def _case(ground: Ground) -> AsyncIterator[Case]:
    app = market(ground)
    config = EmulatorConfig(portals=(PortalConfig(NAME, "127.0.0.2:0"),), auth_host="127.0.0.4:0", apps=(app,))
    async with serve(config) as emulator:
        settings = replace(ground.settings, auth_servers=(emulator.url(emulator.world.auth_host),))
        async with open_resources(settings, ground.manifest) as resources:
            portal = emulator.portal(NAME)
            companies, _ = grow(portal, COMPANIES, 0)
            for company in companies[::EVERY]:
                names = {"NAME": "Илья", "COMPANY_IDS": [company]}
                portal.crm.add(Entity.CONTACT, names, portal.admin())
            installed = install(portal, app, portal.admin())
            finish(installed, portal.admin())
            case = Case(emulator, resources, await admit(resources, emulator, installed), installed, companies)
            for company in case.wrong:
                portal.crm.update(Entity.COMPANY, company, {CHECK: "1"}, portal.admin())
            await _settle(resources, case.row, case.wrong)
            yield case


async def admit(resources: Resources, emulator: Emulator, installed: Installation) -> Row:
    """What the installer and the first read do."""
    server = emulator.world.auth.server_endpoint
    grant = emulator.world.auth.issue(installed, installed.portal.admin())
    owner = await resources.auth.app_info(server, grant.access_token)
    row = await installation.admit(
        resources,
        InstallGrant(resources.now(), owner, grant.access_token, grant.refresh_token, 3600, server, None, "ru"),
    )
    await installation.reconcile(resources, row)
    await installation.activate(resources, row.id)
    await do_due(resources, IMPORT, row.id)
    async with resources.transaction() as db:
        found = await portals.by_id(db, row.id)
    assert found
    return found
