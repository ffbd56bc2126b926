"""Requisites; portals that were read before them are read on"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "requisites",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("crm_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("former_id", sa.BigInteger(), nullable=True),
        sa.Column("inn", sa.Text(), server_default="", nullable=False),
        sa.Column("kpp", sa.Text(), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "crm_id", name=op.f("pk_requisites")),
    )
    op.create_index("ix_requisites_owner", "requisites", ["portal_id", "owner_kind", "owner_id"])
    op.create_index("ix_requisites_inn", "requisites", ["portal_id", "inn"], postgresql_where=sa.text("inn <> ''"))
    op.create_index(
        "ix_requisites_former",
        "requisites",
        ["portal_id", "owner_kind", "former_id"],
        postgresql_where=sa.text("former_id IS NOT NULL"),
    )
    op.execute("ALTER TABLE requisites ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY portal ON requisites"
        " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
    )
    op.execute("UPDATE portals SET imported_at = NULL")  # cards are not read again: their read stands as finished


def downgrade() -> None:
    op.drop_table("requisites")
    op.execute("DELETE FROM imports WHERE kind = 'requisite'")
    op.execute("DELETE FROM work WHERE kind = 'requisite'")
    op.execute("DELETE FROM looks WHERE kind = 'requisite' OR drift ? 'requisite'")
