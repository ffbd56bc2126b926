"""Many rules on one card: what each is behind with, owes and fails at, and what it would have done"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("aliases", sa.Column("owed", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("records", sa.Column("behind", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    facts = sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    op.add_column("records", facts)
    op.create_table(
        "rule_failures",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("crm_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "kind", "crm_id", "rule", name=op.f("pk_rule_failures")),
    )
    op.create_table(
        "rehearsed",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("crm_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("news", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "rule", "kind", "crm_id", "at", name=op.f("pk_rehearsed")),
    )
    for table in ("rule_failures", "rehearsed"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY portal ON {table}"
            " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
            " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        )


def downgrade() -> None:
    op.drop_table("rehearsed")
    op.drop_table("rule_failures")
    op.drop_column("records", "facts")
    op.drop_column("records", "behind")
    op.drop_column("aliases", "owed")
