"""What is known of CRM cards, and how far the reading of them has come."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, Float, Identity, Index, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from b24app.store.tables import DIRECTORY, TENANT, flag, metadata, moment, portal_id

records = Table(
    "records",
    metadata,
    portal_id(),
    Column("kind", Text, nullable=False),  # domain.cards.facts.Kind
    Column("crm_id", BigInteger, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("links", ARRAY(BigInteger), nullable=False, server_default="{}"),
    Column("assigned_by", BigInteger, nullable=False, server_default="0"),
    Column("settled", JSONB, nullable=False),  # code → value as last agreed with the portal
    Column("previous", JSONB),  # what `settled` was before our last write: a stale read shows it
    Column("intended", JSONB),  # what we are about to write; cleared when it was read back or confirmed
    moment("written_at"),
    moment("modified_at"),  # the portal's own clock
    flag("stale_seen"),
    moment("seen_at", required=True),
    moment("gone_at"),
    Column("behind", ARRAY(Text), nullable=False, server_default="{}"),  # rules that were off when it last changed
    Column("facts", JSONB, nullable=False, server_default="{}"),  # portal field → value, as last read
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

requisites = Table(
    "requisites",
    metadata,
    portal_id(),
    Column("crm_id", BigInteger, nullable=False),
    Column("owner_kind", Text, nullable=False),  # contact | company
    Column("owner_id", BigInteger, nullable=False),  # the card it hangs on
    Column("former_id", BigInteger),  # a card of that kind it hung on before: two cards were merged
    Column("inn", Text, nullable=False, server_default=""),
    Column("kpp", Text, nullable=False, server_default=""),
    flag("active", "true"),
    moment("seen_at", required=True),
    moment("gone_at"),  # the portal shows it no more; only its number and its card are kept, for its return
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
    portal_id(),
    Column("kind", Text, nullable=False),
    Column("old_id", BigInteger, nullable=False),  # a card that is gone
    Column("new_id", BigInteger, nullable=False),  # the one that goes on for it
    moment("found_at", required=True),
    moment("applied_at"),  # when everything that was its own had moved
    Column("owed", ARRAY(Text)),  # rules that have not taken over yet; null: none has begun
    PrimaryKeyConstraint("portal_id", "kind", "old_id"),
    info=TENANT,
)
Index("ix_aliases_new", aliases.c.portal_id, aliases.c.kind, aliases.c.new_id)

customers = Table(
    "customers",
    metadata,
    Column("id", Uuid, primary_key=True),  # what client apps know it by
    portal_id(),
    Column("kind", Text, nullable=False),  # company, or contact: a person on their own
    Column("crm_id", BigInteger, nullable=False),
    moment("made_at", required=True),
    Column("goes_on_as", Uuid),  # the living one that answers for it: another card goes on for this one
    info=TENANT,
)
Index("ix_customers_card", customers.c.portal_id, customers.c.kind, customers.c.crm_id)
Index(
    "uq_customers_living",
    customers.c.portal_id,
    customers.c.kind,
    customers.c.crm_id,
    unique=True,
    postgresql_where=text("goes_on_as IS NULL"),
)
Index(
    "ix_customers_aliases",
    customers.c.portal_id,
    customers.c.goes_on_as,
    postgresql_where=text("goes_on_as IS NOT NULL"),
)

persons = Table(
    "persons",
    metadata,
    Column("id", Uuid, primary_key=True),  # what client apps know them by
    portal_id(),
    Column("crm_id", BigInteger, nullable=False),  # of a contact
    moment("made_at", required=True),
    Column("goes_on_as", Uuid),  # as of customers
    info=TENANT,
)
Index("ix_persons_card", persons.c.portal_id, persons.c.crm_id)
Index(
    "uq_persons_living",
    persons.c.portal_id,
    persons.c.crm_id,
    unique=True,
    postgresql_where=text("goes_on_as IS NULL"),
)
Index(
    "ix_persons_aliases",
    persons.c.portal_id,
    persons.c.goes_on_as,
    postgresql_where=text("goes_on_as IS NOT NULL"),
)

imports = Table(
    "imports",
    metadata,
    portal_id(),
    Column("kind", Text, nullable=False),
    Column("after_id", BigInteger, nullable=False, server_default="0"),  # where to go on
    Column("read", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    moment("started_at", required=True),
    moment("finished_at"),
    Column("pace", Float),  # rows a second, as last measured
    moment("advanced_at"),
    Column("reader", Uuid),  # who reads now
    moment("held_until"),
    moment("changes_from"),  # those made then or later are to be looked at, by the portal's own clock
    PrimaryKeyConstraint("portal_id", "kind"),
    info=TENANT,
)

looks = Table(
    "looks",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    portal_id(),
    Column("reach", Text, nullable=False),  # domain.cards.drift.Scope
    Column("cause", Text, nullable=False),  # domain.cards.drift.ScanTrigger
    moment("started_at", required=True),
    moment("finished_at"),
    Column("kind", Text),  # the last card compared, where to go on
    Column("after_id", BigInteger, nullable=False, server_default="0"),
    Column("seen", BigInteger, nullable=False, server_default="0"),
    Column("drift", JSONB, nullable=False, server_default="{}"),  # domain.cards.drift.Drift → cards
    info=TENANT,
)
Index("ix_looks_newest", looks.c.portal_id, looks.c.reach, looks.c.id)

drift_totals = Table(
    "drift_totals",
    metadata,
    portal_id(),
    Column("drift", Text, nullable=False),  # domain.cards.drift.Drift
    Column("cards", BigInteger, nullable=False),
    PrimaryKeyConstraint("portal_id", "drift"),
    info=DIRECTORY,
)

rule_failures = Table(
    "rule_failures",
    metadata,
    portal_id(),
    Column("kind", Text, nullable=False),
    Column("crm_id", BigInteger, nullable=False),
    Column("rule", Text, nullable=False),
    Column("tries", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    moment("next_at", required=True),
    Column("given_up", BigInteger),  # the arrivals of the card's work row for which it is not tried again
    PrimaryKeyConstraint("portal_id", "kind", "crm_id", "rule"),
    info=TENANT,
)

rehearsed = Table(
    "rehearsed",
    metadata,
    portal_id(),
    Column("rule", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("crm_id", BigInteger, nullable=False),
    moment("at", required=True),
    Column("wanted", JSONB, nullable=False),  # code → value that would have been written
    Column("news", ARRAY(Text), nullable=False, server_default="{}"),  # types that would have been told
    PrimaryKeyConstraint("portal_id", "rule", "kind", "crm_id", "at"),
    info=TENANT,
)

TABLES = (rule_failures, rehearsed, records, requisites, aliases, customers, persons, imports, looks, drift_totals)
