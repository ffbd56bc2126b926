"""The last check of a portal's connection."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from b24app.store.tables import TENANT, metadata, moment, portal_id

connection_checks = Table(
    "self_tests",
    metadata,
    portal_id(primary_key=True),  # the last one
    Column("run_id", Uuid, nullable=False),
    Column("user_id", BigInteger),  # who pressed; none: an operator
    Column("user_name", Text, nullable=False, server_default=""),
    moment("started_at", required=True),
    moment("taken_at"),  # a worker began
    Column("backlog", JSONB),  # domain.connection_check.rules.Backlog: our own rows at that moment
    Column("pings", JSONB, nullable=False, server_default="[]"),  # domain.connection_check.rules.Ping, one per endpoint
    Column("found", JSONB),  # domain.connection_check.rules.Found: what the portal said
    moment("sent_at"),  # the portal was asked for its test event
    Column("nonce", Text, nullable=False),  # what that event must bring back
    moment("heard_at"),  # it did
    info=TENANT,
)

TABLES = (connection_checks,)
