"""Requisites that went are remembered for a while: their card may come back from the recycle bin"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requisites", sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_requisites_gone",
        "requisites",
        ["portal_id", "gone_at"],
        postgresql_where=sa.text("gone_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM requisites WHERE gone_at IS NOT NULL")
    op.drop_index("ix_requisites_gone", "requisites")
    op.drop_column("requisites", "gone_at")
