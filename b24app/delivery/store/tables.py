"""Client apps, their endpoints, the news and its way out."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from b24app.store.tables import DIRECTORY, TENANT, flag, metadata, moment, portal_id

api_keys = Table(
    "api_keys",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of a 256-bit random key
    portal_id(),
    Column("client_app_id", Uuid, nullable=False),
    Column("hint", Text, nullable=False),  # last four characters, to tell keys apart
    Column("origins", ARRAY(Text), nullable=False, server_default="{}"),  # web pages that may call with it (CORS)
    moment("created_at", required=True),
    moment("revoked_at"),
    moment("last_used_at"),  # to the minute
    info=DIRECTORY,
)

client_apps = Table(
    "client_apps",
    metadata,
    Column("id", Uuid, primary_key=True),
    portal_id(),
    Column("name", Text, nullable=False),
    flag("built_in"),  # the test receiver's: without a key, none of the owner's
    moment("created_at", required=True),
    moment("disabled_at"),
    Column("disabled_by", Text, nullable=False, server_default=""),  # name of whoever disconnected it
    info=TENANT,
)
Index("ix_client_apps_portal", client_apps.c.portal_id)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Uuid, primary_key=True),
    portal_id(),
    Column("client_app_id", Uuid, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("event_types", ARRAY(Text), nullable=False, server_default="{}"),  # empty: all
    Column("secret", LargeBinary, nullable=False),  # encrypted
    Column("old_secrets", JSONB, nullable=False, server_default="[]"),  # [{"secret": encrypted, "until": ISO time}]
    Column("state", Text, nullable=False),  # domain.delivery.schedule.EndpointState
    Column("state_reason", Text, nullable=False, server_default=""),
    moment("failing_since"),  # the first failed attempt after the last one that was answered well
    Column("former_state", Text),  # before its client app was disconnected, with which it went
    Column("last_test", Uuid),  # the delivery of the newest test notification
    Column("last_sequence", BigInteger, nullable=False, server_default="0"),
    moment("created_at", required=True),
    moment("updated_at", required=True),
    moment("deleted_at"),
    info=TENANT,
)
Index("ix_endpoints_portal", endpoints.c.portal_id)

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),  # webhook-id, the same at every endpoint
    portal_id(),
    Column("type", Text, nullable=False),
    Column("source_key", Text, nullable=False),  # "membership:<id>:<version>": the same news is written once
    Column("subjects", ARRAY(Text), nullable=False),  # cards it is about: "contact:7", "company:3"
    Column("object_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the final bytes, UTF-8 JSON
    moment("occurred_at", required=True),
    UniqueConstraint("portal_id", "source_key"),
    info=TENANT,
)
Index("ix_events_subjects", events.c.subjects, postgresql_using="gin")

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),  # the delivery's id
    portal_id(),
    Column("row_no", BigInteger, Identity(), nullable=False),  # the order in which rows were written
    Column("event_id", Text, ForeignKey("events.id", ondelete="CASCADE"), nullable=False),
    Column("endpoint_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("sequence", BigInteger),  # per endpoint, gapless; none for ping
    Column("state", Text, nullable=False),  # domain.delivery.schedule.DeliveryState
    Column("tries", Integer, nullable=False, server_default="0"),  # counted attempts made
    Column("attempts", Integer, nullable=False, server_default="0"),  # all of them, instant and manual too
    flag("resend"),  # a person asked for one more attempt
    Column("last_status", Integer),
    Column("last_error", Text),
    moment("next_at"),
    moment("created_at", required=True),
    moment("finished_at"),
    UniqueConstraint("event_id", "endpoint_id", "portal_id"),  # led by event_id: erasing events looks rows up by it
    info=TENANT,
    postgresql_with={"fillfactor": 60},  # room for each row's next version on its own page
)
Index("ix_outbox_endpoint", outbox.c.portal_id, outbox.c.endpoint_id, outbox.c.sequence)
Index("ix_outbox_object", outbox.c.portal_id, outbox.c.object_id)  # names no column that a delivery's way changes

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("portal_id", BigInteger, nullable=False),  # no foreign key: it would be looked up for every row of a bulk
    Column("delivery_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("trigger", Text, nullable=False),  # domain.delivery.schedule.Trigger
    Column("status", Integer),
    Column("error", Text),  # domain.delivery.schedule.Failure, where no status came
    Column("duration_ms", Integer, nullable=False),
    Column("response", Text, nullable=False, server_default=""),  # first 4 KB, NUL removed
    Column("address", Text),  # the address we connected to
    moment("made_at", required=True),
    moment("next_at"),
    info=TENANT,
)
Index("ix_attempts_delivery", attempts.c.portal_id, attempts.c.delivery_id, attempts.c.number)

idempotency = Table(
    "idempotency",
    metadata,
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of client app, route and the Idempotency-Key
    portal_id(),
    Column("request", LargeBinary, nullable=False),  # SHA-256 of the body: the same key with another body is refused
    Column("status", Integer),  # none while the first request is still at work
    Column("response", LargeBinary),  # encrypted: it may show a secret
    moment("created_at", required=True),
    PrimaryKeyConstraint("portal_id", "digest"),
    info=TENANT,
)

test_receivers = Table(
    "test_receivers",
    metadata,
    Column("id", Uuid, primary_key=True),  # the last part of its address
    portal_id(),
    Column("client_app_id", Uuid, nullable=False),
    Column("endpoint_id", Uuid, nullable=False),
    moment("created_at", required=True),
    UniqueConstraint("portal_id"),
    info=DIRECTORY,
)

test_webhooks = Table(
    "test_webhooks",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    portal_id(),
    Column("webhook_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("sequence", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),  # as it came; its signature was right
    moment("received_at", required=True),
    UniqueConstraint("portal_id", "webhook_id"),
    info=TENANT,
)

TABLES = (api_keys, client_apps, endpoints, events, outbox, attempts, idempotency, test_receivers, test_webhooks)
