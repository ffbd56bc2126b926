"""Decisions about memberships are kept; buttons remember who pressed them and what stood there"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

DECIDED = """
    INSERT INTO decisions (portal_id, membership_id, version, at, state, reason, note, decided_by, source)
    SELECT portal_id, id, version, decided_at, state, reason, note, decided_by, decided_by_source
    FROM memberships WHERE decided_at IS NOT NULL
"""


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "membership_id", "version", name=op.f("pk_decisions")),
    )
    op.execute(DECIDED)
    op.execute("ALTER TABLE decisions ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY portal ON decisions"
        " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
    )
    op.add_column("intents", sa.Column("author_name", sa.Text(), server_default="", nullable=False))
    op.add_column("intents", sa.Column("seen", sa.Text(), nullable=True))
    op.add_column("intents", sa.Column("back_to", sa.Text(), nullable=True))


def downgrade() -> None:
    for column in ("back_to", "seen", "author_name"):
        op.drop_column("intents", column)
    op.drop_table("decisions")
