"""The log of requests to portals"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "portal_calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_calls")),
    )
    op.create_index("ix_portal_calls_at", "portal_calls", ["portal_id", "at"], unique=False)
    op.execute("ALTER TABLE portal_calls ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY portal ON portal_calls"
        " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
    )


def downgrade() -> None:
    op.drop_table("portal_calls")
