"""The work list reads those who wait, newest first"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_memberships_waiting",
        "memberships",
        ["portal_id", sa.text("coalesce(decided_at, updated_at)"), "id"],
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    op.drop_index("ix_memberships_waiting", "memberships")
