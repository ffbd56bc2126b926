"""Tables of a portal's installation."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
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

departures = Table(
    "departures",
    metadata,
    Column("portal_id", BigInteger, primary_key=True),  # no foreign key: the line outlives its portal
    Column("member_digest", LargeBinary, nullable=False),  # SHA-256: knows the portal when it comes back
    moment("installed_at"),
    moment("removed_at"),
    moment("erased_at"),
    Column("rows", BigInteger, nullable=False, server_default="0"),  # how many went
    info=DIRECTORY,
)
Index("ix_departures_member", departures.c.member_digest)

tokens = Table(
    "tokens",
    metadata,
    portal_id(),
    Column("user_id", BigInteger, nullable=False),
    Column("access", LargeBinary, nullable=False),  # encrypted
    Column("refresh", LargeBinary, nullable=False),  # encrypted
    moment("expires_at", required=True),
    flag("alive", "true"),
    moment("refused_at"),  # when the auth server would not refresh it
    Column("claim_token", Uuid),  # who is refreshing
    moment("claimed_at"),
    moment("updated_at", required=True),
    UniqueConstraint("portal_id", "user_id"),
    info=TENANT,
)

viewer_sessions = Table(
    "viewer_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    portal_id(),
    Column("user_id", BigInteger, nullable=False),
    Column("user_name", Text, nullable=False, server_default=""),
    flag("is_admin"),
    Column("lang", Text, nullable=False),
    Column("access", LargeBinary, nullable=False),  # the person's own token, encrypted; never refreshed by us
    moment("expires_at", required=True),
    moment("asks_from"),  # calls from then on ask the portal about them again; none: no call came yet
    info=TENANT,
)

card_layouts = Table(
    "card_layouts",
    metadata,
    portal_id(),
    Column("view", Text, nullable=False),  # domain.portal.card_layout.LayoutKey: "contact", "deal:9"
    Column("shown", Text, nullable=False),  # domain.portal.card_layout.FieldsShown
    Column("missing", ARRAY(Text), nullable=False, server_default="{}"),  # our fields that the common view lacks
    moment("seen_at", required=True),
    Column("former", JSONB, nullable=False, server_default="[]"),  # the view before our section; empty: unknown
    Column("written", JSONB, nullable=False, server_default="[]"),  # the view as we wrote it
    Column("author_id", BigInteger),  # who pressed
    Column("author_name", Text, nullable=False, server_default=""),
    moment("added_at"),
    moment("undone_at"),
    PrimaryKeyConstraint("portal_id", "view"),
    info=TENANT,
)

portal_calls = Table(
    "portal_calls",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    portal_id(),
    moment("at", required=True),
    Column("lane", Text, nullable=False),  # lanes.Lane
    Column("method", Text, nullable=False),  # of a batch: its commands' methods too, each once
    Column("outcome", Text, nullable=False),  # bitrix24.wire.CallOutcome
    Column("code", Text, nullable=False),  # of the refusal; of a batch those of its commands
    Column("status", Integer, nullable=False),  # 0: no answer
    Column("ms", Integer, nullable=False),
    info=TENANT,
)
Index("ix_portal_calls_at", portal_calls.c.portal_id, portal_calls.c.at)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    portal_id(),
    moment("at", required=True),
    Column("user_id", BigInteger),  # none: whoever runs the app, on the console
    Column("user_name", Text, nullable=False, server_default=""),
    Column("feature", Text, nullable=False),
    Column("action", Text, nullable=False),  # a code of the feature's; pages have words for it
    Column("about", Text, nullable=False, server_default=""),  # what was changed, by name or code
    Column("was", Text, nullable=False, server_default=""),
    Column("became", Text, nullable=False, server_default=""),
    info=TENANT,
)
Index("ix_journal_portal", journal.c.portal_id, journal.c.id)

notices = Table(
    "notices",
    metadata,
    portal_id(),
    Column("key", Text, nullable=False),  # of the case: "verification.waiting:company:7"
    Column("user_id", BigInteger, nullable=False),  # who is told
    Column("about", ARRAY(Text), nullable=False, server_default="{}"),  # what they should know; empty: nothing
    Column("said", ARRAY(Text), nullable=False, server_default="{}"),  # what stands under their bell
    Column("text", Text, nullable=False, server_default=""),  # until it is sent
    Column("page", Text, nullable=False, server_default=""),  # of the app, for its link
    moment("asked_at", required=True),
    PrimaryKeyConstraint("portal_id", "key", "user_id"),
    info=TENANT,
)

TABLES = (departures, tokens, viewer_sessions, card_layouts, portal_calls, journal, notices)
