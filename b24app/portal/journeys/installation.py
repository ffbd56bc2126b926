"""Bring a portal to what app.yaml declares: list, add what is missing, report the rest.

Install, a new version, repair by button and a reinstall are this one function. It asks for nothing it does not find
missing, so running it twice changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.bitrix24 import card_layouts, offline, setup
from b24app.bitrix24.auth_server import TokenOwner
from b24app.bitrix24.cards import CardFields, FieldMap, UserField
from b24app.bitrix24.client import Outcome, PortalClient
from b24app.bitrix24.setup import Entity, Present
from b24app.domain.cards.drift import ScanTrigger
from b24app.domain.cards.facts import Kind
from b24app.domain.portal.card_layout import LayoutKey, LayoutState, layout_state
from b24app.domain.portal.installation import PortalState, missing
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.domain.work.clock import SOON
from b24app.errors import AccessDenied, PortalError, Refused
from b24app.lanes import Lane
from b24app.manifest import Manifest
from b24app.plug import product_of
from b24app.portal.journeys import declared
from b24app.portal.journeys import fields as our_fields
from b24app.portal.journeys.declared import Declared, Key, Spec
from b24app.portal.journeys.pages import portal_of
from b24app.portal.journeys.tokens import admin_client, remember, still_here
from b24app.portal.store import card_layouts as card_rows
from b24app.portal.store import journal, portals
from b24app.portal.store.journal import Changed
from b24app.resources import Resources
from b24app.work.store import index

Add = Callable[[PortalClient, Sequence[Spec]], Awaitable[Sequence[Outcome]]]

CLOCKS = timedelta(hours=1)  # two processes may differ; that the auth server was asked after a removal is known anyway
RECONCILE, IMPORT = "reconcile_portal", "import_portal"  # chores that are asked for here
UNFINISHED = (PortalState.INSTALLING, PortalState.NEEDS_ADMIN, PortalState.UNPAID)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One line of the report. `part`: admin | scopes | fields | placements | events; `missing`: what could not be had;
    `error`: the portal's code, for support."""

    part: str
    wanted: int
    added: int
    missing: tuple[str, ...] = ()
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.missing and not self.error


@dataclass(frozen=True, slots=True)
class Report:
    """What an installation run did."""

    steps: tuple[SetupStep, ...]

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, "steps": [asdict(step) for step in self.steps]}


@dataclass(frozen=True, slots=True)
class InstallGrant:
    """What a proven installer brings: the auth server's word about the token, asked for at `proven_at`, and the pair
    itself."""

    proven_at: datetime
    owner: TokenOwner
    access: str
    refresh: str
    expires_in: int
    auth_server: str
    application_token: str | None
    lang: str


async def admit(resources: Resources, grant: InstallGrant) -> Portal:
    """Know the portal from now on: directory row, token pair. Its state stays what it was; new ones are installing.

    Where the app was removed since the proof, the auth server is asked once more. Raises Refused `portal_unknown`, and
    what `app_info` raises.
    """
    portal = await _known(resources, grant)
    if portal is None:
        await resources.auth.app_info(grant.auth_server, grant.access)
        portal = await _known(resources, replace(grant, proven_at=resources.now() + CLOCKS))
    if portal is None:
        raise Refused("portal_unknown", 403)
    if grant.refresh:
        async with resources.tenant(portal.id) as db:
            await remember(db, resources, portal.id, grant.owner.user_id, grant.access, grant.refresh, grant.expires_in)
    return await portal_of(resources, portal.id)


async def _known(resources: Resources, grant: InstallGrant) -> Portal | None:
    """None where the app was removed after the proof."""
    owner = grant.owner
    async with resources.transaction() as db:
        portal = await portals.remember(
            db,
            member_id=owner.member_id,
            public_id=f"prt_{secrets.token_hex(8)}",
            domain=owner.domain,
            endpoint=owner.client_endpoint,
            auth_server=grant.auth_server,
            lang=grant.lang,
            scopes=sorted(owner.scope),
            modes={module: mode.value for module, mode in resources.manifest.modes.items()},
            proven_at=grant.proven_at,
            now=resources.now(),
        )
        if portal and grant.application_token:
            await portals.change(db, portal.id, token_digest=portals.digest(grant.application_token))
        return portal


async def reconcile(resources: Resources, portal: Portal, by: Viewer | None = None) -> Report:
    """Wanted − present = calls. Stores the field map and the report; never removes anything of the portal's. Where a
    field was added, every card is compared: the rules it belongs to go on. `by`: who asked for it, for the journal.

    Raises the PortalErrors of the listing, and Refused `portal_unknown` where the app was removed meanwhile; what
    single additions were refused for stands in the report.
    """
    manifest, public_url, kinds = resources.manifest, resources.settings.public_url, resources.rules.kinds(portal)
    client = admin_client(resources, portal, Lane.INTERACTIVE)
    present = await setup.present(client, our_fields.entities(manifest))
    if not present.is_admin:
        raise AccessDenied("app.install", 403, "NOT_ADMIN")
    scopes = SetupStep("scopes", len(manifest.scopes), 0, tuple(missing(manifest.scopes, present.scopes)))
    marked = await _mark_new_fields(resources, portal, present)
    fields = await _add(client, declared.fields(manifest, present), partial(setup.add_fields, language=portal.lang))
    placements = await _add(client, declared.placements(manifest, public_url, present), setup.bind_placements)
    events = await _add(client, declared.events(manifest, kinds, public_url, present), setup.bind_events)
    offline_events = await _add(client, declared.offline_events(manifest, kinds, present), offline.bind)
    if fields.added:
        present = await setup.present(client, our_fields.entities(manifest))  # options have ids only once they exist
    report = Report((scopes, fields, placements, events))
    views = await _layouts(client, manifest)
    async with resources.tenant(portal.id) as db:
        await still_here(db, portal.id)
        await card_rows.see(db, portal.id, views, resources.now())
        await portals.change(
            db,
            portal.id,
            app_id=present.app_id,
            fields=our_fields.with_made(_fields_json(manifest, present), marked),
            report=report.as_json(),
            scopes=sorted(present.scopes),
            license=present.license,
            offline=offline_events.ok,
        )
        if fields.added and portal.installed_at:
            await portals.ask_sweep(db, portal.id, ScanTrigger.SWITCH, resources.now())  # rules stood still without it
        if by:
            await journal.write(db, portal.id, by, Changed(feature="portal", action="repaired"), resources.now())
    log.info("reconciled", portal=portal.id, ok=report.ok, added=sum(step.added for step in report.steps))
    return report


async def _mark_new_fields(resources: Resources, portal: Portal, present: Present) -> Mapping[str, Any]:
    """Fields that are about to be added are empty in every card: whoever sees one so has not seen somebody empty it.

    Returns the portal's fields as they are kept meanwhile.
    """
    manifest = resources.manifest
    absent = set(declared.fields(manifest, present).absent)
    kinds = {
        kind: [code for code, one in manifest.fields.items() if (Entity(kind.value), one.field) in absent]
        for kind in Kind
    }
    if not any(kinds.values()):
        return portal.fields
    marked = our_fields.adding(portal, {kind: codes for kind, codes in kinds.items() if codes}, resources.now())
    async with resources.tenant(portal.id) as db:
        await still_here(db, portal.id)
        await portals.change(db, portal.id, fields=marked)
    return marked


async def reconcile_or_later(resources: Resources, portal: Portal) -> Report | None:
    """Set-up now, or by a chore where the portal cannot be reached: until then the report says what is owed."""
    try:
        return await reconcile(resources, portal)
    except PortalError as error:
        log.warning("reconcile_postponed", portal=portal.id, error=repr(error))
        async with resources.tenant(portal.id) as db:
            await still_here(db, portal.id)
            await portals.change(db, portal.id, report={"ok": False, "steps": [], "owed": True})
            await index.ask(db, portal.id, RECONCILE, resources.now() + SOON)
        return None


async def owe(db: AsyncConnection, resources: Resources, portal: Portal) -> None:
    """Set-up is done by a chore: there is more that the portal has to have than before. In the portal's transaction."""
    await portals.change(db, portal.id, report={**portal.report, "owed": True})
    await index.ask(db, portal.id, RECONCILE, resources.now())


async def reconcile_owed(resources: Resources, portal: Portal, _: str = "") -> None:
    """Set-up that is owed to a portal: its own app update removed what was there while it could not be reached, or a
    rule acts on cards that no rule acted on before."""
    if portal.report.get("owed"):
        await reconcile(resources, portal)


async def activate(resources: Resources, portal_id: int) -> None:
    """The portal says the installation is finished: work may begin, with the first read."""
    now = resources.now()
    async with resources.transaction() as db:
        portal = await portals.by_id(db, portal_id)
        if portal is None or not await portals.move(db, portal_id, PortalState.ACTIVE, only_from=UNFINISHED):
            return
        await portals.change(db, portal_id, installed_at=now, imported_at=None)
        await index.ask(db, portal_id, IMPORT, now)
    log.info("portal_active", portal=portal_id, was=portal.state)
    await resources.wake.chore(IMPORT, portal_id)


async def revive(resources: Resources, portal: Portal) -> None:
    """An admin brought a working token to a portal that waited for one, or a payment came: what waits is due now."""
    async with resources.transaction() as db:
        waits = (PortalState.NEEDS_ADMIN, PortalState.UNPAID)
        if await portals.move(db, portal.id, PortalState.ACTIVE, only_from=waits):
            log.info("portal_revived", portal=portal.id, was=portal.state)
        await index.make_due(db, portal.id, tuple(product_of(resources).parts), resources.now())
    await resources.wake.inbox(portal.id, Lane.INTERACTIVE)


async def _layouts(client: PortalClient, manifest: Manifest) -> dict[LayoutKey, LayoutState]:
    """How cards show our fields. Looking is all an installation does about it: the view is the administrator's."""
    views = await card_layouts.layout_keys(client, our_fields.entities(manifest))
    found = await card_layouts.common(client, views)
    return {view: layout_state(one, our_fields.names_in(manifest, view.entity)) for view, one in found.items()}


async def _add(client: PortalClient, declaration: Declared[Key, Spec], add: Add[Spec]) -> SetupStep:
    """The portal is asked for nothing where nothing is absent."""
    absent = declaration.absent
    outcomes = await add(client, [declaration.wanted[key] for key in absent]) if absent else []
    answered = zip(absent, outcomes, strict=True)
    refused = {declaration.name(key): outcome.error for key, outcome in answered if outcome.error}
    codes = sorted({error.code or type(error).__name__ for error in refused.values()})
    return SetupStep(
        declaration.part, len(declaration.wanted), len(absent) - len(refused), tuple(refused), " ".join(codes)
    )


def _fields_json(manifest: Manifest, present: Present) -> Mapping[str, Any]:
    """Of each kind of cards in which there is any field of ours."""
    whole: dict[Kind, CardFields] = {}
    for kind in Kind:
        there = {
            code: UserField(one.field, one.type, one.multiple, seen.options)
            for code, one in manifest.fields.items()
            if (seen := present.fields.get((Entity(kind.value), one.field)))
        }
        if there:
            whole[kind] = there
    return our_fields.as_json(FieldMap(whole))
