"""The work index and the inbox."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from b24app.store.tables import TENANT, WORK, metadata, moment, portal_id

work = Table(
    "work",
    metadata,
    portal_id(),
    Column("kind", Text, nullable=False),  # work.store.index.WorkKind
    Column("key", Text, nullable=False),  # "contact:7", a delivery's id, …
    Column("lane", SmallInteger, nullable=False),  # lanes.Lane: the smaller goes first
    moment("due_at", required=True),
    Column("arrivals", BigInteger, nullable=False, server_default="1"),  # grows when news comes while we work
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("claimed_by", Text),
    Column("claim_token", Uuid),
    moment("claimed_until"),
    Column("error", Text),  # code of the last failure, for people
    PrimaryKeyConstraint("portal_id", "kind", "key"),
    info=WORK,
    postgresql_with={"fillfactor": 50},  # every row is claimed once at least: room for that on the same page
)
Index("ix_work_due", work.c.kind, work.c.lane, work.c.due_at)
Index("ix_work_portal", work.c.portal_id, work.c.kind, work.c.lane, work.c.due_at)  # a claim for one, or from each

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    portal_id(),
    Column("source", Text, nullable=False),  # domain.work.arrivals.Source
    Column("name", Text, nullable=False),  # the portal event's name, or ours
    Column("subject", Text, nullable=False),  # "contact:7"
    Column("user_id", BigInteger),  # who acted, where the portal told
    Column("body", LargeBinary),  # what came, tokens cut out, encrypted
    Column("token", LargeBinary),  # whoever acted, encrypted: proves who it was; until the row is handled
    Column("state", Text, nullable=False, server_default="waiting"),  # waiting | done | failed | closed
    Column("error", Text),
    moment("received_at", required=True),
    moment("handled_at"),
    info=TENANT,
)
Index("ix_inbox_waiting", inbox.c.portal_id, inbox.c.subject, postgresql_where=text("state = 'waiting'"))
Index("ix_inbox_failed", inbox.c.portal_id, inbox.c.received_at, postgresql_where=text("state = 'failed'"))

TABLES = (work, inbox)
