"""Looks at a portal's records and the drift they find; cards that go on for gone ones"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

POLICY = "portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint)"


def upgrade() -> None:
    op.add_column("portals", sa.Column("links_read_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("portals", sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("portals", sa.Column("sweep_asked", sa.Text(), nullable=True))
    op.create_table(
        "drift_totals",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("drift", sa.Text(), nullable=False),
        sa.Column("cards", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "drift", name=op.f("pk_drift_totals")),
    )
    op.create_table(
        "looks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("after_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("drift", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
    )
    op.create_index("ix_looks_newest", "looks", ["portal_id", "reach", "id"], unique=False)
    op.create_index(
        "ix_memberships_decided",
        "memberships",
        ["portal_id", "decided_at"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NOT NULL"),
    )
    op.add_column("memberships", sa.Column("held", sa.Text(), nullable=True))
    op.create_index(
        "ix_records_gone",
        "records",
        ["portal_id", "kind", "gone_at"],
        unique=False,
        postgresql_where=sa.text("gone_at IS NOT NULL"),
    )
    op.create_table(
        "aliases",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("old_id", sa.BigInteger(), nullable=False),
        sa.Column("new_id", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "kind", "old_id", name=op.f("pk_aliases")),
    )
    op.create_index("ix_aliases_new", "aliases", ["portal_id", "kind", "new_id"], unique=False)
    for table in ("aliases", "looks"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY portal ON {table} USING ({POLICY}) WITH CHECK ({POLICY})")


def downgrade() -> None:
    op.drop_index("ix_aliases_new", table_name="aliases")
    op.drop_table("aliases")
    op.drop_index("ix_records_gone", table_name="records", postgresql_where=sa.text("gone_at IS NOT NULL"))
    op.drop_column("memberships", "held")
    op.drop_index(
        "ix_memberships_decided", table_name="memberships", postgresql_where=sa.text("decided_at IS NOT NULL")
    )
    op.drop_index("ix_looks_newest", table_name="looks")
    op.drop_table("looks")
    op.drop_table("drift_totals")
    op.drop_column("portals", "sweep_asked")
    op.drop_column("portals", "swept_at")
    op.drop_column("portals", "links_read_at")
