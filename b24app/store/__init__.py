"""Tables and queries. Plain functions taking a connection inside somebody's unit of work; nobody commits in here.

Every function of a tenant's rows takes the portal id first and has it as the first condition of its query; row-level
security says the same a second time (docs/architecture.md, "Tenants").
"""
