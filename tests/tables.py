"""The tables of tenants: those behind row-level security."""

from b24app.features import TABLES

TENANT_TABLES = tuple(table for table in TABLES if table.info["kind"] == "tenant")
