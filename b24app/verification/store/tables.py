"""Who belongs to whom, and the buttons pressed about it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from b24app.store.tables import TENANT, flag, metadata, moment, portal_id

memberships = Table(
    "memberships",
    metadata,
    Column("id", Uuid, primary_key=True),
    portal_id(),
    Column("contact_id", BigInteger, nullable=False),
    Column("company_id", BigInteger, nullable=False),  # 0: the person on their own
    flag("linked", "true"),  # the CRM shows the link; false: only claimed
    Column("state", Text, nullable=False),  # domain.verification.membership.State
    Column("reason", Text, nullable=False),  # domain.verification.membership.Reason
    Column("note", Text, nullable=False, server_default=""),  # what the deciding person wrote
    Column("decided_by", BigInteger),
    Column("decided_by_source", Text, nullable=False),  # domain.verification.membership.DecidedBySource
    moment("decided_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("told_state", Text, nullable=False),
    Column("told_version", Integer, nullable=False, server_default="1"),
    Column("held", Text),  # domain.verification.membership.State before its card was deleted
    moment("updated_at", required=True),
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

intents = Table(
    "intents",
    metadata,
    Column("id", Uuid, primary_key=True),
    portal_id(),
    Column("membership_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),  # the card whose box proves the right
    Column("action", Text, nullable=False),  # domain.verification.membership.Action
    Column("note", Text, nullable=False, server_default=""),
    Column("author_id", BigInteger, nullable=False),
    Column("shown", Boolean, nullable=False),  # the box as the card shows it once the person's write has landed
    Column("state", Text, nullable=False),  # stated | proven (the portal took the write) | applied | dropped
    moment("created_at", required=True),
    info=TENANT,
)
Index("ix_intents_open", intents.c.portal_id, intents.c.subject, postgresql_where=text("state IN ('stated', 'proven')"))

put_backs = Table(
    "put_backs",
    metadata,
    portal_id(),
    Column("kind", Text, nullable=False),  # domain.cards.facts.Kind
    Column("crm_id", BigInteger, nullable=False),  # a card whose box we put back, since nobody can tell who is meant
    moment("decided_at", required=True),
    moment("shown_at"),  # the portal has taken it: the card's timeline has to say why
    moment("tried_at"),  # it may say so: whoever goes on looks first
    PrimaryKeyConstraint("portal_id", "kind", "crm_id"),
    info=TENANT,
)

TABLES = (memberships, intents, put_backs)
