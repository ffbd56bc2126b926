"""Each query of `store/` that touches a tenant's rows, asked for one portal's things: `(db, portal id, what it owns)`.

A new public function of `store/` needs a line here, or one in `ELSEWHERE` that says why no tenant's rows are in it;
`test_every_query.py` holds both tables against the code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import imports, records, requisites, scans
from b24app.cards.store.imports import ImportStep
from b24app.connection_check.store import connection_checks
from b24app.delivery.store import client_apps, deliveries, endpoints, idempotency, loading, publishing, settling
from b24app.delivery.store import export_rows as delivery_rows
from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.endpoints import OldSecret
from b24app.delivery.store.settling import AttemptRow, Change
from b24app.domain.cards.drift import Drift, ScanTrigger, Scope
from b24app.domain.cards.facts import Kind, RequisiteId, RequisiteKind, Subject
from b24app.domain.connection_check.rules import Backlog, Found, Ping
from b24app.domain.delivery import news
from b24app.domain.delivery.schedule import DeliveryState, EndpointState, Trigger
from b24app.domain.portal.card_layout import LayoutKey, layout_state
from b24app.domain.verification.membership import Membership, Record, Shown, State
from b24app.domain.verification.succession import Move
from b24app.domain.work.arrivals import Arrival, Source
from b24app.export.store import exports, file_parts, restores
from b24app.export.store.file_parts import FilePart
from b24app.features import KEPT
from b24app.lanes import Lane
from b24app.portal.store import card_layouts, portal_calls, retention, tokens, viewer_sessions
from b24app.portal.store.card_layouts import Addition
from b24app.portal.store.portal_calls import PortalCall
from b24app.portal.store.viewer_sessions import Session
from b24app.vault import Vault
from b24app.verification.store import aliases, card_tab, client_view, intents, memberships
from b24app.verification.store import export_rows as membership_rows
from b24app.work.store import failures, inbox
from tests.store.rich import DIGEST, Owned

Query = Callable[[AsyncConnection, int, Owned], Awaitable[Any]]

LONG = timedelta(days=400)
VAULT = Vault((Fernet.generate_key().decode(),))

VIEW, BACKLOG = LayoutKey("company"), Backlog(0, None, None, True, None)


async def _started_anew(db: AsyncConnection, portal_id: int, owned: Owned) -> None:
    await imports.restart(db, portal_id)
    await imports.start(db, portal_id, {Kind.CONTACT: 7, Kind.COMPANY: None}, owned.now)


async def _written_again(db: AsyncConnection, portal_id: int, owned: Owned) -> None:
    """Of a card that did not store what was written."""
    vain = Record(Shown(), Shown(), Shown(True, "pending"), owned.now)
    await records.settle(db, portal_id, owned.subject, vain, owned.now)
    await records.write_again(db, portal_id, [owned.subject])


QUERIES: Mapping[str, Query] = {
    "aliases.found": lambda db, p, o: aliases.found(db, p, o.subject, replace(o.subject, id=7), o.now),
    "aliases.successors": lambda db, p, o: aliases.successors(db, p, [o.gone]),
    "aliases.around": lambda db, p, o: aliases.around(db, p, {o.gone, o.subject}),
    "aliases.passed_on": lambda db, p, o: aliases.passed_on(db, p, o.gone, o.subject, o.now),
    "card_layouts.close": lambda db, p, o: card_layouts.close(db, p, VIEW, o.now),
    "card_layouts.listing": lambda db, p, o: card_layouts.listing(db, p),
    "card_layouts.remember": lambda db, p, o: card_layouts.remember(db, p, VIEW, Addition([], [], 1, "Анна", o.now)),
    "card_layouts.see": lambda db, p, o: card_layouts.see(db, p, {VIEW: layout_state((), ())}, o.now),
    "card_news.about": lambda db, p, o: card_tab.about(db, p, o.subject),
    "card_news.awaited": lambda db, p, o: card_tab.awaited(db, p, o.subject, [o.membership.id], o.begun),
    "card_news.lost_namesakes": lambda db, p, o: card_tab.lost_namesakes(db, p, o.namesake, o.now - LONG),
    "card_news.members": lambda db, p, o: card_tab.members(db, p, o.company),
    "client_apps.add": lambda db, p, o: client_apps.add(db, p, ClientApp(uuid4(), "Чужое", o.now)),
    "client_apps.living": lambda db, p, o: client_apps.living(db, p),
    "client_apps.lock": lambda db, p, o: client_apps.lock(db, p, o.endpoint.client_app_id),
    "client_apps.one": lambda db, p, o: client_apps.one(db, p, o.endpoint.client_app_id),
    "client_apps.revoke": lambda db, p, o: client_apps.revoke(db, p, o.endpoint.client_app_id, o.now),
    "client_view.last_seen": lambda db, p, o: client_view.last_seen(db, p),
    "client_view.one": lambda db, p, o: client_view.one(db, p, o.membership.id),
    "client_view.page": lambda db, p, o: client_view.page(db, p, client_view.MembershipFilter(), None, 50),
    "client_view.unread_since": lambda db, p, o: client_view.unread_since(db, p),
    "deliveries.ask_resend": lambda db, p, o: deliveries.ask_resend(db, p, o.delivery.id),
    "deliveries.attempts_of": lambda db, p, o: deliveries.attempts_of(db, p, o.tried),
    "deliveries.catch_up": lambda db, p, o: deliveries.catch_up(db, p, o.endpoint.id, 0, 50),
    "deliveries.close_pings": lambda db, p, o: deliveries.close_pings(db, p, o.endpoint.id, o.now),
    "deliveries.of_endpoint": lambda db, p, o: deliveries.of_endpoint(
        db, p, o.endpoint.id, before=None, states=list(DeliveryState), limit=50
    ),
    "deliveries.one": lambda db, p, o: deliveries.one(db, p, o.delivery.id),
    "endpoints.add": lambda db, p, o: endpoints.add(db, p, replace(o.endpoint, id=uuid4())),
    "endpoints.reachable": lambda db, p, o: endpoints.reachable(db, p, [o.endpoint.id]),
    "endpoints.change": lambda db, p, o: endpoints.change(db, p, o.endpoint.id, o.now, url="https://else.example/"),
    "endpoints.make_due": lambda db, p, o: endpoints.make_due(db, p, o.endpoint.id, o.now - LONG),
    "endpoints.keep_old_secrets": lambda db, p, o: endpoints.keep_old_secrets(
        db, p, o.endpoint.id, b"new", [OldSecret(b"old", o.now)], o.now
    ),
    "endpoints.lock": lambda db, p, o: endpoints.lock(db, p, [o.endpoint.id]),
    "endpoints.of_app": lambda db, p, o: endpoints.of_app(db, p, o.endpoint.client_app_id),
    "endpoints.one": lambda db, p, o: endpoints.one(db, p, o.endpoint.client_app_id, o.endpoint.id, lock=True),
    "endpoints.switch": lambda db, p, o: endpoints.switch(
        db,
        p,
        o.endpoint.id,
        url=o.endpoint.url,
        come_from=list(EndpointState),
        to=EndpointState.DISABLED,
        reason="",
        now=o.now,
    ),
    "events.publish": lambda db, p, o: publishing.publish(db, p, [_another(o)], o.now),
    "events.publish_to": lambda db, p, o: publishing.publish_to(db, p, o.endpoint.id, _another(o), o.now),
    "exports.set_target": lambda db, p, o: exports.set_target(db, p, "https://else.example/", b"theirs", o.now),
    "exports.begin": lambda db, p, o: exports.begin(db, p, uuid4(), exports.ASKED, o.now),
    "exports.change": lambda db, p, o: exports.change(db, p, o.export, state=exports.READY),
    "exports.change_target": lambda db, p, o: exports.change_target(
        db, p, "https://backup.example/", o.begun, {"tries": 7}
    ),
    "exports.drop": lambda db, p, o: exports.drop(db, p, exports.ASKED),
    "exports.drop_target": lambda db, p, o: exports.drop_target(db, p),
    "exports.newest": lambda db, p, o: exports.newest(db, p, exports.ASKED),
    "exports.one": lambda db, p, o: exports.one(db, p, o.export, lock=True),
    "exports.target": lambda db, p, o: exports.target(db, p),
    "failures.close": lambda db, p, o: failures.close(db, p, o.now, [o.failed]),
    "failures.listing": lambda db, p, o: failures.listing(db, p),
    "failures.retry": lambda db, p, o: failures.retry(db, p, o.now),
    "file_parts.drop": lambda db, p, o: file_parts.drop(db, p, o.export, ours=True),
    "file_parts.one": lambda db, p, o: file_parts.one(db, p, o.export, 0, ours=True),
    "file_parts.put": lambda db, p, o: file_parts.put(db, p, o.export, FilePart(1, "", b"theirs"), ours=True),
    "file_parts.size": lambda db, p, o: file_parts.size(db, p, o.export, ours=True),
    "export_rows.client_apps_after": lambda db, p, o: delivery_rows.client_apps_after(db, p, UUID(int=0), 50),
    "export_rows.endpoints_after": lambda db, p, o: delivery_rows.endpoints_after(db, p, UUID(int=0), 50),
    "export_rows.known_client_apps": lambda db, p, o: delivery_rows.known_client_apps(
        db, p, [o.endpoint.client_app_id]
    ),
    "export_rows.known_endpoints": lambda db, p, o: delivery_rows.known_endpoints(db, p, [o.endpoint.id]),
    "export_rows.memberships_after": lambda db, p, o: membership_rows.memberships_after(db, p, (0, -1), 50),
    "export_rows.put_back": lambda db, p, o: membership_rows.put_back(
        db, p, [(o.membership, replace(o.membership, note="theirs"))], o.now
    ),
    "export_rows.put_switched_off": lambda db, p, o: delivery_rows.put_switched_off(
        db, p, replace(o.endpoint, id=uuid4())
    ),
    "export_rows.current_states": lambda db, p, o: membership_rows.current_states(
        db, p, [(o.subject.id, o.company.id)]
    ),
    "idempotency.forget": lambda db, p, o: idempotency.forget(db, p, DIGEST, o.begun),
    "idempotency.keep": lambda db, p, o: idempotency.keep(db, p, DIGEST, o.begun, 201, b"an answer"),
    "idempotency.start": lambda db, p, o: idempotency.start(db, p, DIGEST, b"its body", o.now),
    "idempotency.take_over": lambda db, p, o: idempotency.take_over(db, p, DIGEST, o.begun, o.now),
    "imports.advance": lambda db, p, o: imports.advance(
        db, p, Kind.CONTACT, uuid4(), ImportStep(10**6, 10**6, 1.0), o.now
    ),
    "imports.finish": lambda db, p, o: imports.finish(db, p, Kind.CONTACT, o.reader, o.now),
    "imports.hold": lambda db, p, o: imports.hold(db, p, Kind.CONTACT, uuid4(), o.now + LONG),
    "imports.looked": lambda db, p, o: imports.looked(db, p, Kind.CONTACT, o.now + LONG),
    "imports.changes_from": lambda db, p, o: imports.changes_from(db, p, Kind.CONTACT),
    "imports.progress": lambda db, p, o: imports.progress(db, p),
    "imports.release": lambda db, p, o: imports.release(db, p, o.reader),
    "imports.restart": lambda db, p, o: imports.restart(db, p),
    "imports.start": _started_anew,
    "inbox.count": lambda db, p, o: inbox.count(db, p, "failed"),
    "inbox.failed": lambda db, p, o: inbox.failed(db, p, [o.waiting], "CallRefused", o.now),
    "inbox.given_up": lambda db, p, o: inbox.given_up(db, p, [o.subject, o.company], "CallRefused"),
    "inbox.handled": lambda db, p, o: inbox.handled(db, p, [o.waiting], o.now),
    "inbox.on_their_way": lambda db, p, o: inbox.on_their_way(db, p, [o.subject, o.company]),
    "inbox.pulse": lambda db, p, o: inbox.pulse(db, p),
    "inbox.receive": lambda db, p, o: inbox.receive(
        db, VAULT, p, [Arrival(Source.EVENT, "ONCRMCONTACTUPDATE", o.subject, 1, "{}")], Lane.BULK, o.now
    ),
    "inbox.forget_tokens": lambda db, p, o: inbox.forget_tokens(db, p, o.now + LONG),
    "inbox.tokens_of": lambda db, p, o: inbox.tokens_of(db, p, [o.waiting]),
    "inbox.waiting": lambda db, p, o: inbox.waiting(db, p, [o.subject, o.company]),
    "intents.close": lambda db, p, o: intents.close(db, p, [o.stated.id], []),
    "intents.drop_stated": lambda db, p, o: intents.drop_stated(db, p, o.now),
    "intents.prove": lambda db, p, o: intents.prove(db, p, o.stated.id),
    "intents.pressed": lambda db, p, o: intents.pressed(db, p, [o.subject]),
    "intents.state": lambda db, p, o: intents.state(db, p, o.subject, replace(o.stated, id=uuid4())),
    "intents.withdraw": lambda db, p, o: intents.withdraw(db, p, o.stated.id),
    "looks.advance": lambda db, p, o: scans.advance(db, p, o.look, Kind.CONTACT, 7, 1, {Drift.NEW: 1}),
    "looks.begin": lambda db, p, o: scans.begin(db, p, Scope.ALL, ScanTrigger.CLOCK, o.now),
    "looks.drop": lambda db, p, o: scans.drop(db, p, o.look),
    "looks.finish": lambda db, p, o: scans.finish(db, p, o.look, o.now),
    "looks.newest": lambda db, p, o: scans.newest(db, p),
    "looks.unfinished": lambda db, p, o: scans.unfinished(db, p, Scope.ALL),
    "memberships.add_new": lambda db, p, o: memberships.add_new(
        db, p, [replace(o.membership, id=uuid4(), contact_id=10**6)], o.now
    ),
    "memberships.add_first_seen": lambda db, p, o: memberships.add_first_seen(
        db, p, [replace(o.membership, id=uuid4(), contact_id=10**6 + 1)], o.now
    ),
    "memberships.decided_subjects": lambda db, p, o: memberships.decided_subjects(db, p),
    "memberships.lately_decided": lambda db, p, o: memberships.lately_decided(db, p, o.now - LONG),
    "memberships.move": lambda db, p, o: _move(db, p, o.membership, o.now),
    "memberships.of_subjects": lambda db, p, o: memberships.of_subjects(db, p, [o.subject, o.company]),
    "memberships.save": lambda db, p, o: memberships.save(
        db, p, [replace(o.membership, state=State.REFUSED, version=o.membership.version + 1)], o.now
    ),
    "memberships.suspended_before": lambda db, p, o: memberships.suspended_before(db, p, o.now),
    "memberships.tell": lambda db, p, o: memberships.tell(db, p, [o.membership]),
    "memberships.untold": lambda db, p, o: memberships.untold(db, p, [o.subject]),
    "memberships.waiting_in": lambda db, p, o: memberships.waiting_in(db, p, [o.company.id]),
    "outbox.load": lambda db, p, o: loading.load(db, p, [o.delivery.id]),
    "records.add_new": lambda db, p, o: records.add_new(
        db, p, [replace(o.card, subject=Subject(Kind.CONTACT, 10**6))], o.now
    ),
    "records.ids_between": lambda db, p, o: records.ids_between(db, p, Kind.CONTACT, 0, None),
    "portal_calls.listing": lambda db, p, o: portal_calls.listing(db, p, o.now - LONG, errors=False, limit=50),
    "portal_calls.save": lambda db, p, o: portal_calls.save(
        db, p, [PortalCall(o.now, "bulk", "profile", "ok", "", 200, 9)]
    ),
    "records.load": lambda db, p, o: records.load(db, p, [o.subject, o.company]),
    "records.lost": lambda db, p, o: records.lost(db, p, Kind.CONTACT, [o.lost], o.now - LONG),
    "records.save": lambda db, p, o: records.save(db, p, [(o.card, Record(Shown()))], o.now),
    "records.settle": lambda db, p, o: records.settle(db, p, o.subject, Record(Shown(True, "refused")), o.now),
    "records.write_again": _written_again,
    "records.ticked": lambda db, p, o: records.ticked(db, p, Kind.CONTACT, [o.subject.id]),
    "requisites.add_new": lambda db, p, o: requisites.add_new(
        db, p, [replace(o.requisite, subject=RequisiteId(RequisiteKind.REQUISITE, 10**6))], o.now
    ),
    "requisites.between": lambda db, p, o: requisites.between(db, p, 0, None),
    "requisites.former_owners": lambda db, p, o: requisites.former_owners(db, p, [o.went]),
    "requisites.requisites_of": lambda db, p, o: requisites.requisites_of(db, p, [o.requisite.owner]),
    "requisites.load": lambda db, p, o: requisites.load(db, p, [o.requisite.subject]),
    "requisites.mark_deleted": lambda db, p, o: requisites.mark_deleted(db, p, [o.requisite.subject], o.now),
    "requisites.went_with": lambda db, p, o: requisites.went_with(db, p, list(Kind), o.now - timedelta(days=30), 9),
    "requisites.save": lambda db, p, o: requisites.save(db, p, [replace(o.requisite, inn="7700000000")], o.now),
    "restores.begin": lambda db, p, o: restores.begin(db, p, uuid4(), 1, o.now),
    "restores.change": lambda db, p, o: restores.change(db, p, o.restore, state="checking"),
    "restores.drop": lambda db, p, o: restores.drop(db, p),
    "restores.newest": lambda db, p, o: restores.newest(db, p),
    "restores.one": lambda db, p, o: restores.one(db, p, o.restore, lock=True),
    "retention.tidy": lambda db, p, o: retention.tidy(db, p, KEPT, o.now + LONG),
    "settling.settle": lambda db, p, o: settling.settle(
        db,
        p,
        uuid4(),
        o.now,
        attempts=[AttemptRow(o.delivery.id, 1, Trigger.SCHEDULED, 204, None, 7, "", "127.0.0.1", o.now, None)],
        changes=[Change(o.delivery.id, DeliveryState.DELIVERED, 1, 1, False, 204, None, None)],
    ),
    "connection_checks.begin": lambda db, p, o: connection_checks.begin(db, p, uuid4(), "another", 1, "Анна", o.now),
    "connection_checks.hear": lambda db, p, o: connection_checks.hear(db, p, "asked", o.now),
    "connection_checks.keep_found": lambda db, p, o: connection_checks.keep_found(db, p, o.checked, Found(), o.now),
    "connection_checks.keep_own": lambda db, p, o: connection_checks.keep_own(
        db, p, o.checked, BACKLOG, [Ping("a", "b")]
    ),
    "connection_checks.keep_pings": lambda db, p, o: connection_checks.keep_pings(db, p, o.checked, [Ping("a", "b")]),
    "connection_checks.last": lambda db, p, o: connection_checks.last(db, p),
    "connection_checks.take": lambda db, p, o: connection_checks.take(db, p, o.now),
    "tokens.bury": lambda db, p, o: tokens.bury(db, p, o.pair.user_id, o.pair.access),
    "tokens.claim_refresh": lambda db, p, o: tokens.claim_refresh(db, p, o.pair, uuid4(), o.now),
    "tokens.erase": lambda db, p, o: tokens.erase(db, p),
    "tokens.living": lambda db, p, o: tokens.living(db, p),
    "tokens.release": lambda db, p, o: tokens.release(db, p, o.pair.user_id, o.refreshing),
    "tokens.replace": lambda db, p, o: tokens.replace(db, p, o.pair, b"theirs", b"theirs", o.now, o.now),
    "tokens.save": lambda db, p, o: tokens.save(db, p, o.pair.user_id, b"theirs", b"theirs", o.now, o.now),
    "tokens.every": lambda db, p, o: tokens.every(db, p),
    "viewer_sessions.add": lambda db, p, o: viewer_sessions.add(
        db, replace(o.viewer, portal_id=p, session_id=uuid4()), b"theirs"
    ),
    "viewer_sessions.ask_from": lambda db, p, o: viewer_sessions.ask_from(
        db, Session(replace(o.viewer, portal_id=p), b"", None), o.now
    ),
    "viewer_sessions.change": lambda db, p, o: viewer_sessions.change(
        db, replace(o.viewer, portal_id=p, is_admin=False), asks_from=o.now
    ),
    "viewer_sessions.end": lambda db, p, o: viewer_sessions.end(db, p, o.viewer.session_id),
    "viewer_sessions.end_all": lambda db, p, o: viewer_sessions.end_all(db, p),
    "viewer_sessions.load": lambda db, p, o: viewer_sessions.load(db, p, o.viewer.session_id),
    "viewer_sessions.renew": lambda db, p, o: viewer_sessions.renew(
        db, replace(o.viewer, portal_id=p), b"theirs", o.now
    ),
}

DIRECTORY, INDEX = "directory of portals and keys", "work index"
ELSEWHERE: Mapping[str, str] = {
    "client_apps.add_key": DIRECTORY,
    "client_apps.by_key": DIRECTORY,
    "client_apps.origin_known": DIRECTORY,
    "client_apps.revoke_keys": DIRECTORY,
    "departures.finish": DIRECTORY,
    "departures.last": DIRECTORY,
    "departures.note": DIRECTORY,
    "looks.totals": DIRECTORY,
    "portals.active_ids": DIRECTORY,
    "portals.all_ids": DIRECTORY,
    "portals.ask_sweep": DIRECTORY,
    "portals.call_off": DIRECTORY,
    "portals.by_domain": DIRECTORY,
    "portals.by_id": DIRECTORY,
    "portals.by_member": DIRECTORY,
    "portals.change": DIRECTORY,
    "portals.count_by_state": DIRECTORY,
    "portals.erasable_ids": DIRECTORY,
    "portals.enter": DIRECTORY,
    "portals.leave": DIRECTORY,
    "portals.move": DIRECTORY,
    "portals.owed_ids": DIRECTORY,
    "portals.part": DIRECTORY,
    "portals.remember": DIRECTORY,
    "portals.removals_due": DIRECTORY,
    "portals.say_removed": DIRECTORY,
    "portals.suspect_removal": DIRECTORY,
    "portals.settle_removal": DIRECTORY,
    "portals.take_removal": DIRECTORY,
    "portals.unpaid_ids": DIRECTORY,
    "portals.unread_ids": DIRECTORY,
    "portals.unscanned_ids": DIRECTORY,
    "portals.unfetched_ids": DIRECTORY,
    "portals.unswept_ids": DIRECTORY,
    "settling.hold": INDEX,
    "work.arrive": INDEX,
    "work.claim": INDEX,
    "work.depths": INDEX,
    "work.drop": INDEX,
    "work.finish": INDEX,
    "work.make_due": INDEX,
    "work.postpone": INDEX,
    "work.renew": INDEX,
    "work.waiting": INDEX,
    "schema.reads_only": "what the session may do",
}
AS_OWNER: Mapping[str, str] = {"retention.erase": "a chore of the owner, whom no wall binds: a whole portal goes"}


async def _move(db: AsyncConnection, portal_id: int, one: Membership, now: datetime) -> None:
    after = replace(one, company_id=10**6, version=one.version + 1)
    with suppress(memberships.Overtaken):  # nothing was found to be moved
        await memberships.move(db, portal_id, [Move(one, after)], now)


def _another(o: Owned) -> news.Event:
    """News like the written one, for the portal's own things."""
    return replace(o.event, id=f"evt_{uuid4().hex}", source_key=f"membership:{uuid4()}:1")
