"""A removal waits for its proof, an event's token for its decision, an open page for its next question"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENTS = (
    ("portals", "removal_said_at"),
    ("portals", "removal_due_at"),
    ("portals", "removal_asked_at"),
    ("tokens", "refused_at"),
    ("viewer_sessions", "asks_from"),
)


def upgrade() -> None:
    for table, column in MOMENTS:
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.add_column("inbox", sa.Column("token", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("inbox", "token")
    for table, column in MOMENTS:
        op.drop_column(table, column)
