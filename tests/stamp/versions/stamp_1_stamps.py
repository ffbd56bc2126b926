"""Numbers of cards: the tests' own table, after whatever is the newest of the app"""

import sqlalchemy as sa
from alembic import op
from alembic.script import ScriptDirectory

from b24app.store.schema import MIGRATIONS

revision = "stamp_1"
down_revision = ScriptDirectory(str(MIGRATIONS)).get_current_head()
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stamps",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("crm_id", sa.BigInteger(), nullable=False),
        sa.Column("shadow", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told", sa.Integer(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "kind", "crm_id", "shadow", name=op.f("pk_stamps")),
        sa.UniqueConstraint("portal_id", "shadow", "number", name=op.f("uq_stamps_portal_id_shadow_number")),
    )
    op.create_table(
        "stamp_refusals",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("crm_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "kind", "crm_id", name=op.f("pk_stamp_refusals")),
    )
    op.create_table(
        "lead_turns",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("taken_back", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "lead_id", name=op.f("pk_lead_turns")),
        sa.UniqueConstraint("portal_id", "turn", name=op.f("uq_lead_turns_portal_id_turn")),
    )
    for table in ("stamps", "stamp_refusals", "lead_turns"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY portal ON {table}"
            " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
            " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        )


def downgrade() -> None:
    op.drop_table("lead_turns")
    op.drop_table("stamp_refusals")
    op.drop_table("stamps")
