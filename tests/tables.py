"""Every table there is in a test's database; the tables of tenants: those behind row-level security."""

from tests.stamp.product import PRODUCT

TABLES = PRODUCT.tables
TENANT_TABLES = tuple(table for table in TABLES if table.info["kind"] == "tenant")
