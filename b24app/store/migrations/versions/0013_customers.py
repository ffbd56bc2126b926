"""Customers and persons: public ids of cards that are known, that memberships name, or that go on for others"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = {"customers": ("kind", "crm_id"), "persons": ("crm_id",)}

MAKE_CUSTOMERS = """
    INSERT INTO customers (id, portal_id, kind, crm_id, made_at)
    SELECT gen_random_uuid(), cards.portal_id, cards.kind, cards.crm_id, now() FROM (
        SELECT portal_id, kind, crm_id FROM records
        UNION SELECT portal_id, 'contact', contact_id FROM memberships
        UNION SELECT portal_id, 'company', company_id FROM memberships WHERE company_id <> 0
        UNION SELECT portal_id, kind, new_id FROM aliases WHERE applied_at IS NOT NULL
    ) AS cards WHERE cards.kind IN ('contact', 'company')
"""
MAKE_PERSONS = """
    INSERT INTO persons (id, portal_id, crm_id, made_at)
    SELECT gen_random_uuid(), portal_id, crm_id, made_at FROM customers WHERE kind = 'contact'
"""
GO_ON = """
    UPDATE {table} old SET goes_on_as = new.id FROM aliases a, {table} new
    WHERE a.applied_at IS NOT NULL AND a.old_id <> a.new_id
    AND old.portal_id = a.portal_id AND {old_kind} = a.kind AND old.crm_id = a.old_id
    AND new.portal_id = a.portal_id AND {new_kind} = a.kind AND new.crm_id = a.new_id
    AND NOT EXISTS (SELECT FROM records r WHERE r.portal_id = a.portal_id AND r.kind = a.kind AND r.crm_id = a.old_id
                    AND r.gone_at IS NULL)
"""


def upgrade() -> None:
    for table, card in TABLES.items():
        kind = (sa.Column("kind", sa.Text(), nullable=False),) if "kind" in card else ()
        op.create_table(
            table,
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("portal_id", sa.BigInteger(), nullable=False),
            *kind,
            sa.Column("crm_id", sa.BigInteger(), nullable=False),
            sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("goes_on_as", sa.Uuid(), nullable=True),
            sa.ForeignKeyConstraint(["portal_id"], ["portals.id"], ondelete="CASCADE"),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(f"ix_{table}_card", table, ["portal_id", *card])
    op.execute(MAKE_CUSTOMERS)
    op.execute(MAKE_PERSONS)
    op.execute("ANALYZE customers, persons")
    op.execute(GO_ON.format(table="customers", old_kind="old.kind", new_kind="new.kind"))
    op.execute(GO_ON.format(table="persons", old_kind="'contact'", new_kind="'contact'"))
    for table, card in TABLES.items():
        living, alias = sa.text("goes_on_as IS NULL"), sa.text("goes_on_as IS NOT NULL")
        op.create_index(f"uq_{table}_living", table, ["portal_id", *card], unique=True, postgresql_where=living)
        op.create_index(f"ix_{table}_aliases", table, ["portal_id", "goes_on_as"], postgresql_where=alias)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY portal ON {table}"
            " USING (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
            " WITH CHECK (portal_id = (SELECT nullif(current_setting('app.portal', true), '')::bigint))"
        )


def downgrade() -> None:
    op.drop_table("persons")
    op.drop_table("customers")
