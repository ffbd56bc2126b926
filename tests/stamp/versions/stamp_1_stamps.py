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
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "kind", "crm_id", "shadow", name=op.f("pk_stamps")),
        sa.UniqueConstraint("portal_id", "shadow", "number", name=op.f("uq_stamps_portal_id_shadow_number")),
    )
    op.execute("ALTER TABLE stamps ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY portal ON stamps"
        " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
    )


def downgrade() -> None:
    op.drop_table("stamps")
