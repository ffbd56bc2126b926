"""Queries of the delivery room."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.delivery.store import (
    client_apps,
    deliveries,
    endpoints,
    export_rows,
    health,
    idempotency,
    loading,
    outages,
    publishing,
    receivers,
    retention,
    settling,
)
from b24app.delivery.store.client_apps import ClientApp
from b24app.delivery.store.endpoints import OldSecret
from b24app.delivery.store.receivers import ReceivedWebhook
from b24app.delivery.store.settling import AttemptRow, Change
from b24app.delivery.store.tables import endpoints as endpoints_table
from b24app.delivery.store.tables import outbox
from b24app.domain.delivery import news
from b24app.domain.delivery.outage import Failing
from b24app.domain.delivery.schedule import DeliveryState, EndpointState, Trigger
from tests.store.recipes.recipe import DIRECTORY, INDEX, LONG, Recipes
from tests.store.rich import DIGEST, Owned


async def _old_events(db: AsyncConnection, portal_id: int, owned: Owned) -> int:
    """They go after their deliveries."""
    await retention.delete_deliveries(db, portal_id, owned.now + LONG)
    return await retention.delete_events(db, portal_id, owned.now + LONG)


async def _deleted_endpoint(db: AsyncConnection, portal_id: int, owned: Owned) -> int:
    """It goes after its deliveries."""
    await db.execute(delete(outbox).where(outbox.c.portal_id == portal_id))
    gone = {"state": EndpointState.DELETED, "deleted_at": owned.now}
    await endpoints.change(db, portal_id, owned.endpoint.id, owned.now, **gone)
    return await retention.delete_endpoints(db, portal_id, owned.now + LONG)


async def _disconnected_app(db: AsyncConnection, portal_id: int, owned: Owned) -> int:
    """It goes when none of its endpoints is left."""
    await db.execute(delete(endpoints_table).where(endpoints_table.c.portal_id == portal_id))
    return await retention.delete_client_apps(db, portal_id, owned.now + LONG)


async def _failing(db: AsyncConnection, portal_id: int, owned: Owned) -> Failing | None:
    """Nothing of what was tried has arrived."""
    await db.execute(update(outbox).where(outbox.c.portal_id == portal_id).values(state="waiting"))
    return await outages.failing(db, portal_id, owned.endpoint.id)


RECIPES = Recipes(
    queries={
        "delivery.client_apps.add": lambda db, p, o: client_apps.add(db, p, ClientApp(uuid4(), "Чужое", o.now)),
        "delivery.client_apps.disconnected": lambda db, p, o: client_apps.disconnected(db, p, o.now - LONG),
        "delivery.client_apps.living": lambda db, p, o: client_apps.living(db, p),
        "delivery.client_apps.lock": lambda db, p, o: client_apps.lock(db, p, o.endpoint.client_app_id),
        "delivery.client_apps.one": lambda db, p, o: client_apps.one(db, p, o.endpoint.client_app_id),
        "delivery.client_apps.reconnect": lambda db, p, o: client_apps.reconnect(
            db, p, o.disconnected, o.now - LONG, o.now
        ),
        "delivery.client_apps.revoke": lambda db, p, o: client_apps.revoke(db, p, o.endpoint.client_app_id, o.now),
        "delivery.deliveries.ask_resend": lambda db, p, o: deliveries.ask_resend(db, p, o.delivery.id),
        "delivery.deliveries.attempts_of": lambda db, p, o: deliveries.attempts_of(db, p, o.tried),
        "delivery.deliveries.catch_up": lambda db, p, o: deliveries.catch_up(db, p, o.endpoint.id, 0, 50),
        "delivery.deliveries.close_pings": lambda db, p, o: deliveries.close_pings(db, p, o.endpoint.id, o.now),
        "delivery.deliveries.ever_delivered": lambda db, p, o: deliveries.ever_delivered(db, p),
        "delivery.deliveries.of_endpoint": lambda db, p, o: deliveries.of_endpoint(
            db, p, o.endpoint.id, before=None, states=list(DeliveryState), limit=50
        ),
        "delivery.deliveries.one": lambda db, p, o: deliveries.one(db, p, o.delivery.id),
        "delivery.endpoints.add": lambda db, p, o: endpoints.add(db, p, replace(o.endpoint, id=uuid4())),
        "delivery.endpoints.change": lambda db, p, o: endpoints.change(
            db, p, o.endpoint.id, o.now, url="https://else.example/"
        ),
        "delivery.endpoints.keep_old_secrets": lambda db, p, o: endpoints.keep_old_secrets(
            db, p, o.endpoint.id, b"new", [OldSecret(b"old", o.now)], o.now
        ),
        "delivery.endpoints.lock": lambda db, p, o: endpoints.lock(db, p, [o.endpoint.id]),
        "delivery.endpoints.make_due": lambda db, p, o: endpoints.make_due(db, p, o.endpoint.id, o.now - LONG),
        "delivery.endpoints.note_failing": lambda db, p, o: endpoints.note_failing(
            db, p, o.endpoint.id, o.now, anew=False
        ),
        "delivery.endpoints.of_app": lambda db, p, o: endpoints.of_app(db, p, o.endpoint.client_app_id),
        "delivery.endpoints.one": lambda db, p, o: endpoints.one(
            db, p, o.endpoint.client_app_id, o.endpoint.id, lock=True
        ),
        "delivery.endpoints.reachable": lambda db, p, o: endpoints.reachable(db, p, [o.endpoint.id]),
        "delivery.endpoints.switch": lambda db, p, o: endpoints.switch(
            db,
            p,
            o.endpoint.id,
            url=o.endpoint.url,
            come_from=list(EndpointState),
            to=EndpointState.DISABLED,
            reason="",
            now=o.now,
        ),
        "delivery.export_rows.client_apps_after": lambda db, p, o: export_rows.client_apps_after(
            db, p, UUID(int=0), 50
        ),
        "delivery.export_rows.endpoints_after": lambda db, p, o: export_rows.endpoints_after(db, p, UUID(int=0), 50),
        "delivery.export_rows.known_client_apps": lambda db, p, o: export_rows.known_client_apps(
            db, p, [o.endpoint.client_app_id]
        ),
        "delivery.export_rows.known_endpoints": lambda db, p, o: export_rows.known_endpoints(db, p, [o.endpoint.id]),
        "delivery.export_rows.put_switched_off": lambda db, p, o: export_rows.put_switched_off(
            db, p, replace(o.endpoint, id=uuid4())
        ),
        "delivery.health.recent": lambda db, p, o: health.recent(db, p, o.now - LONG),
        "delivery.idempotency.forget": lambda db, p, o: idempotency.forget(db, p, DIGEST, o.begun),
        "delivery.idempotency.keep": lambda db, p, o: idempotency.keep(db, p, DIGEST, o.begun, 201, b"an answer"),
        "delivery.idempotency.start": lambda db, p, o: idempotency.start(db, p, DIGEST, b"its body", o.now),
        "delivery.idempotency.take_over": lambda db, p, o: idempotency.take_over(db, p, DIGEST, o.begun, o.now),
        "delivery.loading.load": lambda db, p, o: loading.load(db, p, [o.delivery.id]),
        "delivery.outages.failing": _failing,
        "delivery.publishing.publish": lambda db, p, o: publishing.publish(db, p, [_another(o)], o.now),
        "delivery.publishing.publish_to": lambda db, p, o: publishing.publish_to(
            db, p, o.endpoint.id, _another(o), o.now
        ),
        "delivery.receivers.clear": lambda db, p, o: receivers.clear(db, p),
        "delivery.receivers.keep": lambda db, p, o: receivers.keep(
            db, p, ReceivedWebhook("evt_other", "endpoint.ping", None, 1, b"{}", o.now)
        ),
        "delivery.receivers.newest": lambda db, p, o: receivers.newest(db, p),
        "delivery.retention.delete_answers": lambda db, p, o: retention.delete_answers(db, p, o.now + LONG),
        "delivery.retention.delete_attempts": lambda db, p, o: retention.delete_attempts(db, p, o.now + LONG),
        "delivery.retention.delete_client_apps": _disconnected_app,
        "delivery.retention.delete_deliveries": lambda db, p, o: retention.delete_deliveries(db, p, o.now + LONG),
        "delivery.retention.delete_endpoints": _deleted_endpoint,
        "delivery.retention.delete_events": _old_events,
        "delivery.retention.delete_test_webhooks": lambda db, p, o: retention.delete_test_webhooks(db, p, o.now + LONG),
        "delivery.settling.settle": lambda db, p, o: settling.settle(
            db,
            p,
            uuid4(),
            o.now,
            attempts=[AttemptRow(o.delivery.id, 1, Trigger.SCHEDULED, 204, None, 7, "", "127.0.0.1", o.now, None)],
            changes=[Change(o.delivery.id, DeliveryState.DELIVERED, 1, 1, False, 204, None, None)],
        ),
    },
    elsewhere={
        "delivery.client_apps.add_key": DIRECTORY,
        "delivery.client_apps.by_key": DIRECTORY,
        "delivery.client_apps.note_use": DIRECTORY,
        "delivery.client_apps.origin_known": DIRECTORY,
        "delivery.client_apps.revoke_keys": DIRECTORY,
        "delivery.receivers.add": DIRECTORY,
        "delivery.receivers.by_id": DIRECTORY,
        "delivery.receivers.drop": DIRECTORY,
        "delivery.receivers.of_portal": DIRECTORY,
        "delivery.settling.hold": INDEX,
    },
    new_rows={"delivery.publishing.publish_to"},
)


def _another(o: Owned) -> news.Event:
    """News like the written one, for the portal's own things."""
    return replace(o.event, id=f"evt_{uuid4().hex}", source_key=f"membership:{uuid4()}:1")
