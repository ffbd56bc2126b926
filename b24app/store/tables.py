"""The tables. Three kinds, told apart by `info["kind"]`: see docs/architecture.md, "Tenants".

directory  finds a portal before we know which one is asking; no personal data; no row-level security
work       the index of what waits: portal, kind, key, lane, due time; no personal data; no row-level security
tenant     everything else; row-level security binds each row to `app.portal` of the transaction
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

DIRECTORY, WORK, TENANT = {"kind": "directory"}, {"kind": "work"}, {"kind": "tenant"}


def _moment(name: str, *, required: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=not required)


def _portal() -> Column[Any]:
    return Column("portal_id", BigInteger, ForeignKey("portals.id", ondelete="CASCADE"), nullable=False)


def _flag(name: str, default: str = "false") -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text(default))


portals = Table(
    "portals",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("member_id", Text, nullable=False, unique=True),  # permanent; the domain is not
    Column("public_id", Text, nullable=False, unique=True),  # what client apps see instead of the domain
    Column("state", Text, nullable=False),  # domain.installation.PortalState
    Column("domain", Text, nullable=False),  # host[:port], proven by the auth server
    Column("endpoint", Text, nullable=False),  # REST root, from the auth server's answer only
    Column("auth_server", Text, nullable=False),
    Column("token_digest", LargeBinary),  # SHA-256 of the application token: 128 random bits need no salt
    Column("app_id", Integer),  # the installation's own number inside the portal
    Column("lang", Text, nullable=False, server_default="ru"),
    Column("license", Text, nullable=False, server_default=""),  # the tariff decides the request budget
    Column("scopes", ARRAY(Text), nullable=False, server_default="{}"),
    Column("modes", JSONB, nullable=False, server_default="{}"),  # module → off | watch | on
    Column("fields", JSONB, nullable=False, server_default="{}"),  # bitrix24.cards.FieldMap as JSON
    Column("report", JSONB, nullable=False, server_default="{}"),  # what the last set-up found and could not do
    _moment("created_at", required=True),
    _moment("installed_at"),
    _moment("imported_at"),
    _moment("rescanned_at"),
    _moment("links_read_at"),  # of people somebody decided about lately
    _flag("offline"),  # it keeps events for us to fetch
    _moment("fetched_at"),  # of the version before this one
    _moment("swept_at"),  # of the version before this one
    Column("sweep_asked", Text),  # domain.drift.Cause: somebody wants every card compared before the night
    _moment("removed_at"),
    _flag("erase"),  # whoever says that the app was removed asks for the data to be deleted
    _moment("removal_said_at"),  # an event said so; it counts once the auth server bears it out
    _moment("removal_due_at"),  # when the auth server is asked about it next
    _moment("removal_asked_at"),
    info=DIRECTORY,
)

departures = Table(
    "departures",
    metadata,
    Column("portal_id", BigInteger, primary_key=True),  # no foreign key: the line outlives its portal
    Column("member_digest", LargeBinary, nullable=False),  # SHA-256: knows the portal when it comes back
    _moment("installed_at"),
    _moment("removed_at"),
    _moment("erased_at"),
    Column("rows", BigInteger, nullable=False, server_default="0"),  # how many went
    info=DIRECTORY,
)
Index("ix_departures_member", departures.c.member_digest)

api_keys = Table(
    "api_keys",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of a 256-bit random key
    _portal(),
    Column("client_app_id", Uuid, nullable=False),
    Column("hint", Text, nullable=False),  # last four characters, to tell keys apart
    Column("origins", ARRAY(Text), nullable=False, server_default="{}"),  # web pages that may call with it (CORS)
    _moment("created_at", required=True),
    _moment("revoked_at"),
    info=DIRECTORY,
)

work = Table(
    "work",
    metadata,
    _portal(),
    Column("kind", Text, nullable=False),  # store.work.WorkKind
    Column("key", Text, nullable=False),  # "contact:7", a delivery's id, …
    Column("lane", SmallInteger, nullable=False),  # store.work.Lane: the smaller goes first
    _moment("due_at", required=True),
    Column("arrivals", BigInteger, nullable=False, server_default="1"),  # grows when news comes while we work
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("claimed_by", Text),
    Column("claim_token", Uuid),
    _moment("claimed_until"),
    Column("error", Text),  # code of the last failure, for people
    PrimaryKeyConstraint("portal_id", "kind", "key"),
    info=WORK,
    postgresql_with={"fillfactor": 50},  # every row is claimed once at least: room for that on the same page
)
Index("ix_work_due", work.c.kind, work.c.lane, work.c.due_at)
Index("ix_work_portal", work.c.portal_id, work.c.kind, work.c.lane, work.c.due_at)  # a claim for one, or from each

drift_totals = Table(
    "drift_totals",
    metadata,
    _portal(),
    Column("drift", Text, nullable=False),  # domain.drift.Drift
    Column("cards", BigInteger, nullable=False),
    PrimaryKeyConstraint("portal_id", "drift"),
    info=DIRECTORY,
)

tokens = Table(
    "tokens",
    metadata,
    _portal(),
    Column("user_id", BigInteger, nullable=False),
    Column("access", LargeBinary, nullable=False),  # encrypted
    Column("refresh", LargeBinary, nullable=False),  # encrypted
    _moment("expires_at", required=True),
    _flag("alive", "true"),
    _moment("refused_at"),  # when the auth server would not refresh it
    Column("claim_token", Uuid),  # who is refreshing
    _moment("claimed_at"),
    _moment("updated_at", required=True),
    UniqueConstraint("portal_id", "user_id"),
    info=TENANT,
)

viewer_sessions = Table(
    "viewer_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    _portal(),
    Column("user_id", BigInteger, nullable=False),
    Column("user_name", Text, nullable=False, server_default=""),
    _flag("is_admin"),
    Column("lang", Text, nullable=False),
    Column("access", LargeBinary, nullable=False),  # the person's own token, encrypted; never refreshed by us
    _moment("expires_at", required=True),
    _moment("asks_from"),  # calls from then on ask the portal about them again; none: no call came yet
    info=TENANT,
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _portal(),
    Column("source", Text, nullable=False),  # domain.arrivals.Source
    Column("name", Text, nullable=False),  # the portal event's name, or ours
    Column("subject", Text, nullable=False),  # "contact:7"
    Column("user_id", BigInteger),  # who acted, where the portal told
    Column("body", LargeBinary),  # what came, tokens cut out, encrypted
    Column("token", LargeBinary),  # whoever acted, encrypted: proves who it was; until the row is handled
    Column("state", Text, nullable=False, server_default="waiting"),  # waiting | done | failed | closed
    Column("error", Text),
    _moment("received_at", required=True),
    _moment("handled_at"),
    info=TENANT,
)
Index("ix_inbox_waiting", inbox.c.portal_id, inbox.c.subject, postgresql_where=text("state = 'waiting'"))
Index("ix_inbox_failed", inbox.c.portal_id, inbox.c.received_at, postgresql_where=text("state = 'failed'"))

records = Table(
    "records",
    metadata,
    _portal(),
    Column("kind", Text, nullable=False),  # contact | company
    Column("crm_id", BigInteger, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("links", ARRAY(BigInteger), nullable=False, server_default="{}"),
    Column("assigned_by", BigInteger, nullable=False, server_default="0"),
    Column("settled", JSONB, nullable=False),  # {"check", "status"} as last agreed with the portal
    Column("previous", JSONB),  # what `settled` was before our last write: a stale read shows it
    Column("intended", JSONB),  # what we are about to write; cleared when it was read back or confirmed
    _moment("written_at"),
    _moment("modified_at"),  # the portal's own clock
    _flag("stale_seen"),
    _moment("seen_at", required=True),
    _moment("gone_at"),
    PrimaryKeyConstraint("portal_id", "kind", "crm_id"),
    info=TENANT,
)
Index(
    "ix_records_gone",
    records.c.portal_id,
    records.c.kind,
    records.c.gone_at,
    postgresql_where=text("gone_at IS NOT NULL"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("id", Uuid, primary_key=True),
    _portal(),
    Column("contact_id", BigInteger, nullable=False),
    Column("company_id", BigInteger, nullable=False),  # 0: the person on their own
    _flag("linked", "true"),  # the CRM shows the link; false: only claimed
    Column("state", Text, nullable=False),  # domain.membership.State
    Column("reason", Text, nullable=False),  # domain.membership.Reason
    Column("note", Text, nullable=False, server_default=""),  # what the deciding person wrote
    Column("decided_by", BigInteger),
    Column("decided_by_source", Text, nullable=False),  # domain.membership.DecidedBySource
    _moment("decided_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("told_state", Text, nullable=False),
    Column("told_version", Integer, nullable=False, server_default="1"),
    Column("held", Text),  # domain.membership.State before its card was deleted
    _moment("updated_at", required=True),
    UniqueConstraint("portal_id", "contact_id", "company_id"),
    info=TENANT,
)
Index("ix_memberships_company", memberships.c.portal_id, memberships.c.company_id)
Index(
    "ix_memberships_decided",
    memberships.c.portal_id,
    memberships.c.decided_at,
    postgresql_where=text("decided_at IS NOT NULL"),
)
Index("ix_memberships_updated", memberships.c.portal_id, memberships.c.updated_at, memberships.c.id)

requisites = Table(
    "requisites",
    metadata,
    _portal(),
    Column("crm_id", BigInteger, nullable=False),
    Column("owner_kind", Text, nullable=False),  # contact | company
    Column("owner_id", BigInteger, nullable=False),  # the card it hangs on
    Column("former_id", BigInteger),  # a card of that kind it hung on before: two cards were merged
    Column("inn", Text, nullable=False, server_default=""),
    Column("kpp", Text, nullable=False, server_default=""),
    _flag("active", "true"),
    _moment("seen_at", required=True),
    _moment("gone_at"),  # the portal shows it no more; only its number and its card are kept, for its return
    PrimaryKeyConstraint("portal_id", "crm_id"),
    info=TENANT,
)
Index(
    "ix_requisites_gone",
    requisites.c.portal_id,
    requisites.c.gone_at,
    postgresql_where=text("gone_at IS NOT NULL"),
)
Index("ix_requisites_owner", requisites.c.portal_id, requisites.c.owner_kind, requisites.c.owner_id)
Index("ix_requisites_inn", requisites.c.portal_id, requisites.c.inn, postgresql_where=text("inn <> ''"))
Index(
    "ix_requisites_former",
    requisites.c.portal_id,
    requisites.c.owner_kind,
    requisites.c.former_id,
    postgresql_where=text("former_id IS NOT NULL"),
)

aliases = Table(
    "aliases",
    metadata,
    _portal(),
    Column("kind", Text, nullable=False),
    Column("old_id", BigInteger, nullable=False),  # a card that is gone
    Column("new_id", BigInteger, nullable=False),  # the one that goes on for it
    _moment("found_at", required=True),
    _moment("applied_at"),  # when its memberships moved
    PrimaryKeyConstraint("portal_id", "kind", "old_id"),
    info=TENANT,
)
Index("ix_aliases_new", aliases.c.portal_id, aliases.c.kind, aliases.c.new_id)

intents = Table(
    "intents",
    metadata,
    Column("id", Uuid, primary_key=True),
    _portal(),
    Column("membership_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),  # the card whose box proves the right
    Column("action", Text, nullable=False),  # domain.membership.Action
    Column("note", Text, nullable=False, server_default=""),
    Column("author_id", BigInteger, nullable=False),
    Column("shown", Boolean, nullable=False),  # the box as the card shows it once the person's write has landed
    Column("state", Text, nullable=False),  # stated | proven (the portal took the write) | applied | dropped
    _moment("created_at", required=True),
    info=TENANT,
)
Index("ix_intents_open", intents.c.portal_id, intents.c.subject, postgresql_where=text("state IN ('stated', 'proven')"))

imports = Table(
    "imports",
    metadata,
    _portal(),
    Column("kind", Text, nullable=False),
    Column("after_id", BigInteger, nullable=False, server_default="0"),  # where to go on
    Column("read", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    _moment("started_at", required=True),
    _moment("finished_at"),
    Column("pace", Float),  # rows a second, as last measured
    _moment("advanced_at"),
    Column("reader", Uuid),  # who reads now
    _moment("held_until"),
    _moment("changes_from"),  # those made then or later are to be looked at, by the portal's own clock
    PrimaryKeyConstraint("portal_id", "kind"),
    info=TENANT,
)

looks = Table(
    "looks",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _portal(),
    Column("reach", Text, nullable=False),  # domain.drift.Reach
    Column("cause", Text, nullable=False),  # domain.drift.Cause
    _moment("started_at", required=True),
    _moment("finished_at"),
    Column("kind", Text),  # the last card compared, where to go on
    Column("after_id", BigInteger, nullable=False, server_default="0"),
    Column("seen", BigInteger, nullable=False, server_default="0"),
    Column("drift", JSONB, nullable=False, server_default="{}"),  # domain.drift.Drift → cards
    info=TENANT,
)
Index("ix_looks_newest", looks.c.portal_id, looks.c.reach, looks.c.id)

card_layouts = Table(
    "card_layouts",
    metadata,
    _portal(),
    Column("view", Text, nullable=False),  # domain.card_layout.CardView: "contact", "deal:9"
    Column("shown", Text, nullable=False),  # domain.card_layout.Shown
    Column("missing", ARRAY(Text), nullable=False, server_default="{}"),  # our fields that the common view lacks
    _moment("seen_at", required=True),
    Column("former", JSONB, nullable=False, server_default="[]"),  # the view before our section; empty: unknown
    Column("written", JSONB, nullable=False, server_default="[]"),  # the view as we wrote it
    Column("author_id", BigInteger),  # who pressed
    Column("author_name", Text, nullable=False, server_default=""),
    _moment("added_at"),
    _moment("undone_at"),
    PrimaryKeyConstraint("portal_id", "view"),
    info=TENANT,
)

connection_checks = Table(
    "self_tests",
    metadata,
    Column("portal_id", BigInteger, ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),  # the last one
    Column("run_id", Uuid, nullable=False),
    Column("user_id", BigInteger),  # who pressed; none: an operator
    Column("user_name", Text, nullable=False, server_default=""),
    _moment("started_at", required=True),
    _moment("taken_at"),  # a worker began
    Column("backlog", JSONB),  # domain.connection_check.Backlog: our own rows at that moment
    Column("pings", JSONB, nullable=False, server_default="[]"),  # domain.connection_check.Ping, one per endpoint
    Column("found", JSONB),  # domain.connection_check.Found: what the portal said
    _moment("sent_at"),  # the portal was asked for its test event
    Column("nonce", Text, nullable=False),  # what that event must bring back
    _moment("heard_at"),  # it did
    info=TENANT,
)

client_apps = Table(
    "client_apps",
    metadata,
    Column("id", Uuid, primary_key=True),
    _portal(),
    Column("name", Text, nullable=False),
    _moment("created_at", required=True),
    _moment("disabled_at"),
    info=TENANT,
)
Index("ix_client_apps_portal", client_apps.c.portal_id)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Uuid, primary_key=True),
    _portal(),
    Column("client_app_id", Uuid, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("event_types", ARRAY(Text), nullable=False, server_default="{}"),  # empty: all
    Column("secret", LargeBinary, nullable=False),  # encrypted
    Column("old_secrets", JSONB, nullable=False, server_default="[]"),  # [{"secret": encrypted, "until": ISO time}]
    Column("state", Text, nullable=False),  # domain.delivery.EndpointState
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("last_sequence", BigInteger, nullable=False, server_default="0"),
    _moment("created_at", required=True),
    _moment("updated_at", required=True),
    _moment("deleted_at"),
    info=TENANT,
)
Index("ix_endpoints_portal", endpoints.c.portal_id)

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),  # webhook-id, the same at every endpoint
    _portal(),
    Column("type", Text, nullable=False),
    Column("source_key", Text, nullable=False),  # "membership:<id>:<version>": the same news is written once
    Column("subjects", ARRAY(Text), nullable=False),  # cards it is about: "contact:7", "company:3"
    Column("object_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the final bytes, UTF-8 JSON
    _moment("occurred_at", required=True),
    UniqueConstraint("portal_id", "source_key"),
    info=TENANT,
)
Index("ix_events_subjects", events.c.subjects, postgresql_using="gin")

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),  # the delivery's id
    _portal(),
    Column("row_no", BigInteger, Identity(), nullable=False),  # the order in which rows were written
    Column("event_id", Text, ForeignKey("events.id", ondelete="CASCADE"), nullable=False),
    Column("endpoint_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("sequence", BigInteger),  # per endpoint, gapless; none for ping
    Column("state", Text, nullable=False),  # domain.delivery.DeliveryState
    Column("tries", Integer, nullable=False, server_default="0"),  # counted attempts made
    Column("attempts", Integer, nullable=False, server_default="0"),  # all of them, instant and manual too
    _flag("resend"),  # a person asked for one more attempt
    Column("last_status", Integer),
    Column("last_error", Text),
    _moment("next_at"),
    _moment("created_at", required=True),
    _moment("finished_at"),
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
    Column("trigger", Text, nullable=False),  # domain.delivery.Trigger
    Column("status", Integer),
    Column("error", Text),  # domain.delivery.Failure, where no status came
    Column("duration_ms", Integer, nullable=False),
    Column("response", Text, nullable=False, server_default=""),  # first 4 KB, NUL removed
    Column("address", Text),  # the address we connected to
    _moment("made_at", required=True),
    _moment("next_at"),
    info=TENANT,
)
Index("ix_attempts_delivery", attempts.c.portal_id, attempts.c.delivery_id, attempts.c.number)

portal_calls = Table(
    "portal_calls",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _portal(),
    _moment("at", required=True),
    Column("lane", Text, nullable=False),  # bitrix24.pace.Lane
    Column("method", Text, nullable=False),  # of a batch: its commands' methods too, each once
    Column("outcome", Text, nullable=False),  # bitrix24.wire.CallOutcome
    Column("code", Text, nullable=False),  # of the refusal; of a batch those of its commands
    Column("status", Integer, nullable=False),  # 0: no answer
    Column("ms", Integer, nullable=False),
    info=TENANT,
)
Index("ix_portal_calls_at", portal_calls.c.portal_id, portal_calls.c.at)

idempotency = Table(
    "idempotency",
    metadata,
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of client app, route and the Idempotency-Key
    _portal(),
    Column("request", LargeBinary, nullable=False),  # SHA-256 of the body: the same key with another body is refused
    Column("status", Integer),  # none while the first request is still at work
    Column("response", LargeBinary),  # encrypted: it may show a secret
    _moment("created_at", required=True),
    PrimaryKeyConstraint("portal_id", "digest"),
    info=TENANT,
)

exports = Table(
    "exports",
    metadata,
    Column("id", Uuid, primary_key=True),
    _portal(),
    Column("kind", Text, nullable=False),  # asked (an administrator downloads it) | weekly (sent where they chose)
    Column("state", Text, nullable=False),  # making | ready
    Column("section", Text, nullable=False, server_default=""),  # the one being read …
    Column("after", Text, nullable=False, server_default=""),  # … and how far
    Column("counts", JSONB, nullable=False, server_default="{}"),  # section → rows
    Column("parts", Integer, nullable=False, server_default="0"),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    _moment("created_at", required=True),
    _moment("finished_at"),
    info=TENANT,
)
Index("ix_exports_portal", exports.c.portal_id, exports.c.kind)

export_targets = Table(
    "export_targets",
    metadata,
    _portal(),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # encrypted
    Column("tries", Integer, nullable=False, server_default="0"),  # of the export that is due
    Column("error", Text, nullable=False, server_default=""),  # of the last try, empty where it succeeded
    _moment("created_at", required=True),
    _moment("next_at", required=True),
    _moment("tried_at"),
    _moment("sent_at"),
    PrimaryKeyConstraint("portal_id"),
    info=TENANT,
)

restores = Table(
    "restores",
    metadata,
    Column("id", Uuid, primary_key=True),
    _portal(),
    Column("user_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # domain.restoring.RestoreState
    Column("error", Text, nullable=False, server_default=""),  # why the file was refused
    Column("parts", Integer, nullable=False, server_default="0"),  # as uploaded
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    Column("position", Integer, nullable=False, server_default="0"),  # the next part to judge or to apply
    Column("counts", JSONB, nullable=False, server_default="{}"),  # section → RestoreVerdict → rows
    _moment("made_at"),  # the file says when
    _moment("created_at", required=True),
    _moment("finished_at"),
    info=TENANT,
)
Index("ix_restores_portal", restores.c.portal_id)

file_parts = Table(
    "file_parts",
    metadata,
    _portal(),
    Column("file_id", Uuid, nullable=False),  # an export's or a restore's
    Column("ours", Boolean, nullable=False),  # made or verified by us; else raw bytes as they were uploaded
    Column("number", Integer, nullable=False),
    Column("section", Text, nullable=False, server_default=""),
    Column("body", LargeBinary, nullable=False),  # gzip
    PrimaryKeyConstraint("portal_id", "file_id", "ours", "number"),
    info=TENANT,
)

TENANT_TABLES = tuple(table for table in metadata.sorted_tables if table.info["kind"] == "tenant")
