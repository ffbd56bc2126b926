"""`card`: opening a company's tab. Portal requests warm and cold, and the server's own time for a warm open against
rendering the same template with ready data.

The portal and its auth server are the emulator in this process; the auth server's answer is
ready, since its time is not ours to shorten. The database is durable, as in production.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette

from b24app.asgi import build_app
from b24app.assembly import open_resources
from b24app.bitrix24.auth_server import AuthServer, TokenOwner
from b24app.bitrix24.cards import Person
from b24app.delivery.store import publishing
from b24app.domain.cards.facts import Kind, Subject
from b24app.domain.delivery.news import event
from b24app.domain.portal.portal import Portal
from b24app.domain.verification.history import PastDecision
from b24app.domain.verification.membership import DecidedBySource, Reason, State
from b24app.domain.verification.news import MembershipVerificationChanged
from b24app.portal.journeys.installation import IMPORT
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.verification.journeys import card_tab, public_ids
from b24app.verification.journeys.card_tab import Proof
from b24app.verification.store import history, memberships
from bench.figures import Better, Figure, Ground
from bench.parties import market
from emulator.config import EmulatorConfig, PortalConfig
from emulator.crm.entities import Entity
from emulator.model.installs import MarketApp, finish, install
from emulator.opening import OpenForm, open_form
from emulator.run import Emulator, serve
from placements import PARTS
from placements.render import Render
from workers.chores import do_due

PEOPLE, OPENS, WARM_UP = 8, 300, 30


@dataclass(frozen=True, slots=True)
class KnownAuth(AuthServer):
    """Asks the auth server about a token once: its time is not ours to shorten."""

    known: dict[str, TokenOwner] = field(default_factory=dict)

    async def app_info(self, server_endpoint: str, token: str) -> TokenOwner:
        if token not in self.known:
            self.known[token] = await AuthServer.app_info(self, server_endpoint, token)
        return self.known[token]


@dataclass(frozen=True, slots=True)
class Desk:
    """The app, without a socket in between, and a portal with one company."""

    app: Starlette
    resources: Resources
    emulator: Emulator
    form: OpenForm
    company: int
    portal: Portal

    async def open(self) -> float:
        """One opening of the tab; seconds."""
        began = perf_counter()
        status = await _post(self.app, self.resources, self.form.action, dict(self.form.fields))
        assert status == 200, status
        return perf_counter() - began

    def portal_requests(self) -> int:
        """Requests to the portal since the last look; calls of the auth server are not among them."""
        counted = self.emulator.world.meters.requests
        found = sum(count for (host, _), count in counted.items() if host == "bench")
        counted.clear()
        return found


async def run(ground: Ground) -> list[Figure]:
    async with _desk(ground) as desk:
        desk.portal_requests()
        await desk.open()
        cold = desk.portal_requests()
        async with desk.resources.tenant(desk.portal.id) as db:
            proof = Proof(Person(1, "", is_admin=False), desk.resources.now())
            subject = Subject(Kind.COMPANY, desk.company)
            ready = await card_tab.tab_of(db, desk.resources, desk.portal, subject, proof)
        render = Render.read(ground.manifest, PARTS)
        rounds = [(await desk.open(), _render(render, ready)) for _ in range(WARM_UP + OPENS)][WARM_UP:]
        warm = desk.portal_requests() / (WARM_UP + OPENS)
    ours, bare = zip(*rounds, strict=True)
    milliseconds = statistics.median(ours) * 1000, statistics.median(bare) * 1000
    return [
        Figure("card_cold", cold, 1, "portal requests", 1, Better.LOWER),
        Figure("card_warm", warm, 1, "portal requests", 0, Better.LOWER),
        Figure("card", *milliseconds, "ms/open", 3, Better.LOWER),
    ]


def _render(render: Render, ready: card_tab.CardTab) -> float:
    began = perf_counter()
    render.page("verification/card.html", "ru", frame="http://127.0.0.2", page={"kind": "card"}, view=ready, lines={})
    return perf_counter() - began


@asynccontextmanager
async def _desk(ground: Ground) -> AsyncIterator[Desk]:
    listed = market(ground)
    config = EmulatorConfig(portals=(PortalConfig("bench", "127.0.0.2:0"),), auth_host="127.0.0.4:0", apps=(listed,))
    async with serve(config) as emulator:
        auth_server = emulator.url(emulator.world.auth_host)
        settings = replace(ground.settings, auth_servers=(auth_server,))
        async with open_resources(settings, ground.manifest) as opened:
            auth = KnownAuth(opened.portal_http, frozenset({auth_server}), settings.client_id, settings.client_secret)
            resources = replace(opened, auth=auth)
            app = build_app(settings, ground.manifest, resources)
            yield await _set_up(app, resources, emulator, listed)


async def _set_up(app: Starlette, resources: Resources, emulator: Emulator, listed: MarketApp) -> Desk:
    """Installed, read, and with ten decisions about the company, each told."""
    portal, admin = emulator.portal("bench"), emulator.portal("bench").admin()
    company = portal.crm.add(Entity.COMPANY, {"TITLE": "ООО «Вектор»"}, admin)
    for number in range(PEOPLE):
        names = {"NAME": "Илья", "LAST_NAME": f"Соколов-{number}", "COMPANY_IDS": [company]}
        portal.crm.add(Entity.CONTACT, names, admin)
    installation = install(portal, listed, admin)
    opened = open_form(installation, admin)
    assert await _post(app, resources, opened.action, dict(opened.fields)) == 200
    finish(installation, admin)
    handler = f"{resources.settings.public_url}/placements/company-tab"
    manager = next(one for one in portal.users.values() if not one.admin and one.active)
    form = open_form(installation, manager, "CRM_COMPANY_DETAIL_TAB", {"ID": str(company)}, handler=handler)
    main = open_form(installation, admin)
    assert await _post(app, resources, main.action, dict(main.fields)) == 200  # the portal is active from here on
    async with resources.transaction() as db:
        row = await portals.by_member(db, portal.member_id)
    assert row
    await do_due(resources, IMPORT, row.id)
    await _tell(resources, row, company)
    async with resources.transaction() as db:
        row = await portals.by_id(db, row.id)
    assert row
    return Desk(app, resources, emulator, form, company, row)


async def _tell(resources: Resources, row: Portal, company: int) -> None:
    subject = Subject(Kind.COMPANY, company)
    async with resources.tenant(row.id) as db:
        members = (await memberships.of_subjects(db, row.id, [subject]))[subject]
        ids = await public_ids.of_memberships(db, row.id, members, resources.now())
        told = [
            MembershipVerificationChanged(
                membership_id=members[number % PEOPLE].id,
                contact_id=members[number % PEOPLE].contact_id,
                company_id=company,
                person_id=ids[members[number % PEOPLE].id].person_id,
                customer_id=ids[members[number % PEOPLE].id].customer_id,
                old_state="pending",
                new_state="confirmed",
                reason="button_confirm",
                decided_by=1,
                decided_by_source="button",
                sections=resources.policy.sections("confirmed"),
                version=number + 2,
                previous_version=number + 1,
                occurred_at=resources.now(),
            )
            for number in range(10)
        ]
        await history.add(db, row.id, [_decision(one) for one in told])
        made = [event(one, portal=row.public_id, randomness=bytes([number] * 16)) for number, one in enumerate(told)]
        await publishing.publish(db, row.id, made, resources.now())


def _decision(told: MembershipVerificationChanged) -> PastDecision:
    return PastDecision(
        membership_id=told.membership_id,
        version=told.version,
        at=told.occurred_at,
        before=State.PENDING,
        state=State.CONFIRMED,
        reason=Reason.BUTTON_CONFIRM,
        note="Паспорт и доверенность проверены",
        decided_by=told.decided_by,
        decided_by_name="Марина Белова",
        source=DecidedBySource.BUTTON,
    )


async def _post(app: Starlette, resources: Resources, url: str, form: dict[str, str]) -> int:
    """A form POST straight into the app."""
    path, _, query = url.partition("?")
    body, found = urlencode(form).encode(), [0]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path.removeprefix(resources.settings.public_url),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"content-type", b"application/x-www-form-urlencoded"), (b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "state": {"resources": resources},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found[0] = int(message["status"])

    await app(scope, receive, send)
    await asyncio.sleep(0)
    return found[0]
