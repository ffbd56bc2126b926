"""The portal a foreign suite finds: an app with every scope, a webhook, people, a lead; names instead of ports."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from emulator.config import EmulatorConfig, PortalConfig
from emulator.crm.entities import Entity
from emulator.crm.timeline import Badge
from emulator.model.installs import Installation, MarketApp, install, uninstall
from emulator.model.people import hire
from emulator.model.portal import Portal, Webhook
from emulator.run import Emulator, serve
from emulator.tls import make_papers

PORTAL, OLD_PORTAL, AUTH = "portal.example", "old-portal.example", "oauth.bitrix24.tech"
LEAD, ACTIVITY, BADGE = 43, 89, "b24pysdk_test_badge"  # what tests of b24pysdk 1.2.1 name without having made it
SECRET, PROFILE_SECRET = "foreignsecret1", "foreignsecret2"


@dataclass(frozen=True, slots=True)
class Stage:
    """A running portal under its name. `hosts`: name → (address, port) that answers for it; `ca`: whom to trust."""

    emulator: Emulator
    portal: Portal
    installation: Installation
    hosts: dict[str, tuple[str, int]]
    ca: Path


@asynccontextmanager
async def open_stage(folder: Path) -> AsyncIterator[Stage]:
    """Serve the world in this event loop, over TLS; clients send the names as Host and know no ports."""
    config = EmulatorConfig(
        portals=(PortalConfig("foreign", "127.0.0.2:0", "en", plan="enterprise"),),
        auth_host="127.0.0.4:0",
        tls=True,
        tls_dir=folder / "world",
        seed="acme",
    )
    async with serve(config) as emulator:
        world, portal = emulator.world, emulator.portal("foreign")
        portal.host, world.auth_host = PORTAL, AUTH
        world.portals = {PORTAL: portal}
        world.moved = {OLD_PORTAL: PORTAL}
        emulator.papers = make_papers(folder / "names", [PORTAL, OLD_PORTAL, AUTH])
        door = socket.create_server(("127.0.0.1", 0))
        await emulator.listen([door])
        address: tuple[str, int] = door.getsockname()
        hosts = dict.fromkeys((PORTAL, OLD_PORTAL, AUTH), address)
        yield Stage(emulator, portal, _settled(portal), hosts, emulator.papers.ca)


def _settled(portal: Portal) -> Installation:
    """The app installed by the admin, two webhooks of hers, and the ids that the suite takes for granted."""
    admin, installation = portal.admin(), _installed(portal, "app.6a1f3c5e7b9d.87654321")
    for secret, scope in ((SECRET, installation.scope), (PROFILE_SECRET, frozenset[str]())):
        portal.webhooks[admin.id, secret] = Webhook(admin.id, secret, scope)
    leads = [portal.crm.add(Entity.LEAD, {"TITLE": f"Lead {number}"}, admin) for number in range(1, LEAD + 1)]
    for _ in range(ACTIVITY):
        portal.crm.timeline.plan((Entity.LEAD, leads[-1]), "CRM_CALL", admin, subject="A call")
    portal.crm.timeline.badges[BADGE] = Badge(BADGE, "Badge", "From the suite", "success")
    installation.offline.put(
        portal.next_id("offline"), "ONCRMLEADADD", {"FIELDS": {"ID": LEAD}}, admin.id, "", portal.world.now()
    )
    return installation


def _installed(portal: Portal, client_id: str) -> Installation:
    """An app with every scope that the emulator serves."""
    scopes = {method.scope for method in portal.world.methods.values() if method.scope} | {"placement", "user"}
    app = MarketApp(
        code=client_id,
        client_id=client_id,
        client_secret="not.a.real.secret",
        title={"en": "Foreign suite"},
        app_url="https://app.example/",
        scope=tuple(sorted(scopes)),
    )
    portal.world.catalogue[app.client_id] = app
    return install(portal, app, portal.admin())


def environment(stage: Stage) -> dict[str, str]:
    """What b24pysdk's `tests/env_config.py` reads."""
    portal, admin, auth = stage.portal, stage.portal.admin(), stage.emulator.world.auth
    spent, grant = auth.issue(stage.installation, admin), auth.issue(stage.installation, admin)
    spent.expires -= timedelta(hours=2)
    return {
        "B24_DOMAIN": portal.host,
        "B24_WEBHOOK": f"{admin.id}/{SECRET}",
        "B24_CLIENT_ID": stage.installation.app.client_id,
        "B24_CLIENT_SECRET": stage.installation.app.client_secret,
        "B24_ACCESS_TOKEN": grant.access_token,
        "B24_REFRESH_TOKEN": grant.refresh_token,
        "B24_EXPIRES": grant.expires.isoformat(),
        "B24_EXPIRES_IN": "3600",
        "B24_EXPIRED_TOKEN": spent.access_token,
    }


def constants(stage: Stage) -> dict[str, Any]:
    """What its `tests/constants_local.py` would say of this portal: ids, and tokens that are no good for a reason."""
    portal, admin, auth = stage.portal, stage.portal.admin(), stage.emulator.world.auth
    fired = hire(portal, None, name="Fay", last_name="Red", email="fay@example.com", departments=[1])
    barred = hire(portal, None, name="Bart", last_name="Red", email="bart@example.com", departments=[1])
    fired.active, stage.installation.access = False, set(portal.users) - {barred.id}
    unpaid, removed = _installed(portal, "app.0000.unpaid"), _installed(portal, "app.0000.removed")
    tokens = {
        "FIRED_USER_TOKEN": auth.issue(stage.installation, fired),
        "RESTRICTED_USER_OAUTH_TOKEN": auth.issue(stage.installation, barred),
        "SUBSCRIPTION_ENDED_TOKEN": auth.issue(unpaid, admin),
        "APP_NOT_INSTALLED_TOKEN": auth.issue(removed, admin),
        "APP_NOT_FOUND_TOKEN": auth.issue(removed, admin),
    }
    tokens["APP_NOT_FOUND_TOKEN"].known_to_portal = unpaid.payment_expired = True
    uninstall(removed, admin, clean=True)
    return {
        "BITRIX_PORTAL_OWNER_ID": admin.id,
        "HEAD_DEPARTMENT_ID": next(one.id for one in portal.departments.values() if not one.parent),
        "LEAD_ID": max(portal.crm.tables[Entity.LEAD].rows),
        "OLD_DOMAIN": OLD_PORTAL,
        "PROFILE_ONLY_WEBHOOK_TOKEN": f"{admin.id}/{PROFILE_SECRET}",
    } | {name: grant.access_token for name, grant in tokens.items()}
