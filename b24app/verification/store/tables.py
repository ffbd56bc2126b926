"""Who belongs to whom, the buttons pressed about it, and what was decided."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
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
Index(
    "ix_memberships_waiting",
    memberships.c.portal_id,
    text("coalesce(decided_at, updated_at)"),
    memberships.c.id,
    postgresql_where=text("state = 'pending'"),
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
    Column("author_name", Text, nullable=False, server_default=""),
    Column("shown", Boolean, nullable=False),  # the box as the card shows it once the person's write has landed
    Column("seen", Text),  # domain.verification.membership.State it was pressed in
    Column("back_to", Text),  # domain.verification.membership.State that an undo leads to
    Column("state", Text, nullable=False),  # stated | proven (the portal took the write) | applied | dropped
    moment("created_at", required=True),
    info=TENANT,
)
Index("ix_intents_open", intents.c.portal_id, intents.c.subject, postgresql_where=text("state IN ('stated', 'proven')"))

launches = Table(
    "launches",
    metadata,
    Column("id", Uuid, primary_key=True),
    portal_id(),
    Column("phase", Text, nullable=False),  # domain.verification.launch.Phase
    Column("choice", Text),  # domain.verification.launch.Choice
    Column("author_id", BigInteger),  # who chose last
    Column("author_name", Text, nullable=False, server_default=""),
    moment("begun_at", required=True),
    moment("chosen_at"),
    moment("started_at"),
    moment("ended_at"),
    Column("contacts_total", BigInteger),  # all there were in the CRM when deals were counted
    Column("deals_total", BigInteger),  # of the last year; what the portal counted
    Column("deals_read", BigInteger, nullable=False, server_default="0"),
    Column("after_id", BigInteger, nullable=False, server_default="0"),  # the last deal that was read
    flag("by_date", "true"),  # the portal understands our filter by date
    moment("counted_at"),
    moment("batch_at"),  # when the last batch was handed out
    Column("pace", Float),  # people a second
    info=TENANT,
)
Index("ix_launches_newest", launches.c.portal_id, launches.c.begun_at)
Index(
    "uq_launches_under_way",
    launches.c.portal_id,
    unique=True,
    postgresql_where=text("phase NOT IN ('done', 'undone')"),
)

launch_people = Table(
    "launch_people",
    metadata,
    portal_id(primary_key=True),
    Column("launch_id", Uuid, primary_key=True),
    Column("membership_id", Uuid, primary_key=True),
    Column("contact_id", BigInteger, nullable=False),  # when it was planned
    Column("step", Text, nullable=False),  # domain.verification.launch.Step
    info=TENANT,
)
Index(
    "ix_launch_people_step",
    launch_people.c.portal_id,
    launch_people.c.launch_id,
    launch_people.c.step,
    launch_people.c.contact_id,
)
Index(
    "ix_launch_people_due",
    launch_people.c.portal_id,
    launch_people.c.membership_id,
    postgresql_where=text("step IN ('due', 'return_due')"),
)

deal_clients = Table(
    "deal_clients",  # contacts and companies in deals of the last year; until somebody has started a launch by them
    metadata,
    portal_id(primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("crm_id", BigInteger, primary_key=True),
    moment("seen_at", required=True),
    info=TENANT,
)

decisions = Table(
    "decisions",
    metadata,
    portal_id(primary_key=True),
    Column("membership_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),  # of the membership that the decision made
    moment("at", required=True),
    Column("before", Text),  # domain.verification.membership.State until then
    Column("state", Text, nullable=False),  # domain.verification.membership.State
    Column("reason", Text, nullable=False),  # domain.verification.membership.Reason
    Column("note", Text, nullable=False, server_default=""),
    Column("decided_by", BigInteger),
    Column("decided_by_name", Text, nullable=False, server_default=""),  # kept: users go
    Column("source", Text, nullable=False),  # domain.verification.membership.DecidedBySource
    info=TENANT,
)

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

TABLES = (memberships, intents, decisions, launches, launch_people, deal_clients, put_backs)
