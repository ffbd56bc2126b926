"""A rule that gave up what came for a card is not asked again while another one is still tried"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rule_failures", sa.Column("given_up", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("rule_failures", "given_up")
