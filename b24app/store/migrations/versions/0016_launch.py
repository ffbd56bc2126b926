"""Launches: who keeps the access that nobody has decided about, and the clients it was counted by"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("launches", "launch_people", "deal_clients")


def upgrade() -> None:
    op.create_table(
        "launches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.Text(), server_default="", nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacts_total", sa.BigInteger(), nullable=True),
        sa.Column("deals_total", sa.BigInteger(), nullable=True),
        sa.Column("deals_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("after_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("by_date", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pace", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launches")),
    )
    op.create_index("ix_launches_newest", "launches", ["portal_id", "begun_at"])
    under_way = sa.text("phase NOT IN ('done', 'undone')")
    op.create_index("uq_launches_under_way", "launches", ["portal_id"], unique=True, postgresql_where=under_way)
    op.create_table(
        "launch_people",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("launch_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "launch_id", "membership_id", name=op.f("pk_launch_people")),
    )
    op.create_index("ix_launch_people_step", "launch_people", ["portal_id", "launch_id", "step", "contact_id"])
    due = sa.text("step IN ('due', 'return_due')")
    op.create_index("ix_launch_people_due", "launch_people", ["portal_id", "membership_id"], postgresql_where=due)
    op.create_table(
        "deal_clients",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("crm_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "kind", "crm_id", name=op.f("pk_deal_clients")),
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY portal ON {table}"
            " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
            " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
