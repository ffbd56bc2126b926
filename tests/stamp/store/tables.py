"""The numbers of cards."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from b24app.store.tables import TENANT, flag, metadata, moment, portal_id

stamps = Table(
    "stamps",
    metadata,
    portal_id(),
    Column("kind", Text, nullable=False),
    Column("crm_id", BigInteger, nullable=False),
    flag("shadow"),  # taken by a rule that only watched: it goes when the mode changes
    Column("number", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, server_default="0"),  # 0: reserved
    Column("told", Integer),  # the version that client apps know of
    Column("lead_id", BigInteger),  # of a deal: the lead that the number was given to
    moment("filed_at"),
    PrimaryKeyConstraint("portal_id", "kind", "crm_id", "shadow"),
    UniqueConstraint("portal_id", "shadow", "number"),
    info=TENANT,
)

stamp_refusals = Table(
    "stamp_refusals",
    metadata,
    portal_id(),
    Column("kind", Text, nullable=False),
    Column("crm_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("portal_id", "kind", "crm_id"),
    info=TENANT,
)

lead_turns = Table(
    "lead_turns",
    metadata,
    portal_id(),
    Column("lead_id", BigInteger, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    flag("shown"),  # the lead has shown that it is theirs
    flag("taken_back"),  # a person has decided otherwise since
    PrimaryKeyConstraint("portal_id", "lead_id"),
    UniqueConstraint("portal_id", "turn"),
    info=TENANT,
)

TABLES = (stamps, stamp_refusals)
