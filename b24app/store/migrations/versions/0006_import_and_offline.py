"""import and offline"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("portals", sa.Column("offline", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("portals", sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("imports", sa.Column("pace", sa.Float(), nullable=True))
    op.add_column("imports", sa.Column("advanced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("imports", sa.Column("reader", sa.Uuid(), nullable=True))
    op.add_column("imports", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("held_until", "reader", "advanced_at", "pace"):
        op.drop_column("imports", name)
    op.drop_column("portals", "fetched_at")
    op.drop_column("portals", "offline")
