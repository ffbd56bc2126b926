"""The journal of the settings; when keys were used; disconnected client apps for a week; the test receiver"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", _moment("last_used_at"))
    op.add_column("client_apps", sa.Column("built_in", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("client_apps", sa.Column("disabled_by", sa.Text(), server_default="", nullable=False))
    op.add_column("endpoints", _moment("failing_since"))
    op.add_column("endpoints", sa.Column("former_state", sa.Text(), nullable=True))
    op.add_column("endpoints", sa.Column("last_test", sa.Uuid(), nullable=True))
    op.create_table(
        "test_receivers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("client_app_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        _moment("created_at", nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_receivers")),
        sa.UniqueConstraint("portal_id", name=op.f("uq_test_receivers_portal_id")),
    )
    op.create_table(
        "test_webhooks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _moment("received_at", nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_webhooks")),
        sa.UniqueConstraint("portal_id", "webhook_id", name=op.f("uq_test_webhooks_portal_id_webhook_id")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        _moment("at", nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("user_name", sa.Text(), server_default="", nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("was", sa.Text(), server_default="", nullable=False),
        sa.Column("became", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_portal", "journal", ["portal_id", "id"])
    for table in ("test_webhooks", "journal"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY portal ON {table}"
            " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
            " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        )


def _moment(name: str, *, nullable: bool = True) -> "sa.Column[datetime]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def downgrade() -> None:
    for table in ("journal", "test_webhooks", "test_receivers"):
        op.drop_table(table)
    for table, column in (
        ("endpoints", "last_test"),
        ("endpoints", "former_state"),
        ("endpoints", "failing_since"),
        ("client_apps", "disabled_by"),
        ("client_apps", "built_in"),
        ("api_keys", "last_used_at"),
    ):
        op.drop_column(table, column)
