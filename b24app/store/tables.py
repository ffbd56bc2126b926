"""What each room's tables are made of, and the one table that everybody's rows name. Three kinds, by `info["kind"]`:
see docs/architecture.md, "Tenants".

directory  finds a portal before we know which one is asking; no personal data; no row-level security
work       the index of what waits: portal, kind, key, lane, due time; no personal data; no row-level security
tenant     everything else; row-level security binds each row to `app.portal` of the transaction

A room's tables stand in its `store/tables.py` and are handed in by its `FEATURE`; `metadata` knows those of the rooms
that were imported, `b24app.features.TABLES` all.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
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


def moment(name: str, *, required: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=not required)


def portal_id(*, primary_key: bool = False) -> Column[Any]:
    """Whose row it is; it goes with its portal."""
    owner = ForeignKey("portals.id", ondelete="CASCADE")
    return Column("portal_id", BigInteger, owner, primary_key=primary_key, nullable=False)


def flag(name: str, default: str = "false") -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text(default))


portals = Table(
    "portals",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("member_id", Text, nullable=False, unique=True),  # permanent; the domain is not
    Column("public_id", Text, nullable=False, unique=True),  # what client apps see instead of the domain
    Column("state", Text, nullable=False),  # domain.portal.installation.PortalState
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
    moment("created_at", required=True),
    moment("installed_at"),
    moment("imported_at"),
    moment("rescanned_at"),
    moment("links_read_at"),  # of people somebody decided about lately
    flag("offline"),  # it keeps events for us to fetch
    moment("fetched_at"),  # the version before this one goes by it
    moment("swept_at"),  # the version before this one goes by it
    Column("sweep_asked", Text),  # domain.cards.drift.ScanTrigger: somebody wants every card compared before the night
    moment("removed_at"),
    flag("erase"),  # whoever says that the app was removed asks for the data to be deleted
    moment("removal_said_at"),  # an event said so; it counts once the auth server bears it out
    moment("removal_due_at"),  # when the auth server is asked about it next
    moment("removal_asked_at"),
    info=DIRECTORY,
)
