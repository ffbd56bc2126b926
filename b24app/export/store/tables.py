"""Export files: made, sent, brought back."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from b24app.store.tables import TENANT, metadata, moment, portal_id

exports = Table(
    "exports",
    metadata,
    Column("id", Uuid, primary_key=True),
    portal_id(),
    Column("kind", Text, nullable=False),  # asked (an administrator downloads it) | weekly (sent where they chose)
    Column("state", Text, nullable=False),  # making | ready
    Column("section", Text, nullable=False, server_default=""),  # the one being read …
    Column("after", Text, nullable=False, server_default=""),  # … and how far
    Column("counts", JSONB, nullable=False, server_default="{}"),  # section → rows
    Column("parts", Integer, nullable=False, server_default="0"),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    moment("created_at", required=True),
    moment("finished_at"),
    info=TENANT,
)
Index("ix_exports_portal", exports.c.portal_id, exports.c.kind)

export_targets = Table(
    "export_targets",
    metadata,
    portal_id(),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # encrypted
    Column("tries", Integer, nullable=False, server_default="0"),  # of the export that is due
    Column("error", Text, nullable=False, server_default=""),  # of the last try, empty where it succeeded
    moment("created_at", required=True),
    moment("next_at", required=True),
    moment("tried_at"),
    moment("sent_at"),
    PrimaryKeyConstraint("portal_id"),
    info=TENANT,
)

restores = Table(
    "restores",
    metadata,
    Column("id", Uuid, primary_key=True),
    portal_id(),
    Column("user_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # domain.export.restoring.RestoreState
    Column("error", Text, nullable=False, server_default=""),  # why the file was refused
    Column("parts", Integer, nullable=False, server_default="0"),  # as uploaded
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    Column("position", Integer, nullable=False, server_default="0"),  # the next part to judge or to apply
    Column("counts", JSONB, nullable=False, server_default="{}"),  # section → RestoreVerdict → rows
    moment("made_at"),  # the file says when
    moment("created_at", required=True),
    moment("finished_at"),
    info=TENANT,
)
Index("ix_restores_portal", restores.c.portal_id)

file_parts = Table(
    "file_parts",
    metadata,
    portal_id(),
    Column("file_id", Uuid, nullable=False),  # an export's or a restore's
    Column("ours", Boolean, nullable=False),  # made or verified by us; else raw bytes as they were uploaded
    Column("number", Integer, nullable=False),
    Column("section", Text, nullable=False, server_default=""),
    Column("body", LargeBinary, nullable=False),  # gzip
    PrimaryKeyConstraint("portal_id", "file_id", "ours", "number"),
    info=TENANT,
)

TABLES = (exports, export_targets, restores, file_parts)
