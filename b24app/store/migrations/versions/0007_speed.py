"""Deliveries are numbered when they are published; what a delivery's way changes stands in no index"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = """
    WITH numbered AS (UPDATE outbox o SET sequence = n.number FROM (
        SELECT x.id, p.last_sequence + row_number() OVER (PARTITION BY x.endpoint_id ORDER BY x.row_no) AS number
        FROM outbox x JOIN endpoints p ON p.id = x.endpoint_id AND p.portal_id = x.portal_id
        WHERE x.sequence IS NULL AND x.type <> 'endpoint.ping') AS n
        WHERE o.id = n.id RETURNING o.endpoint_id, o.sequence)
    UPDATE endpoints p SET last_sequence = d.last
    FROM (SELECT endpoint_id, max(sequence) AS last FROM numbered GROUP BY endpoint_id) AS d WHERE p.id = d.endpoint_id
"""


def upgrade() -> None:
    op.execute(NUMBER)
    op.drop_index("ix_outbox_waiting", table_name="outbox")
    op.drop_index("ix_outbox_unnumbered", table_name="outbox")
    op.create_index("ix_outbox_object", "outbox", ["portal_id", "object_id"])


def downgrade() -> None:
    op.drop_index("ix_outbox_object", table_name="outbox")
    op.create_index(
        "ix_outbox_unnumbered",
        "outbox",
        ["portal_id", "endpoint_id", "row_no"],
        postgresql_where=sa.text("sequence IS NULL"),
    )
    op.create_index(
        "ix_outbox_waiting", "outbox", ["portal_id", "object_id"], postgresql_where=sa.text("state = 'waiting'")
    )
