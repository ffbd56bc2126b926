"""The database: engine, schema, migrations and what every room's queries share. No query of a feature.

Queries are plain functions that take a connection, in `<room>/store/`; nobody commits in there. Three kinds of table:

- directory (`portals`, `api_keys`, `test_receivers`, `departures`, `drift_totals`): finds the portal before anybody is
  known, knows again one whose data was erased, counts drift over all. No personal data, no row-level security;
- work index (`work`): portal, kind, key, lane, due time. No personal data, no row-level security, so that a worker can
  claim across portals. `resources.transaction()` is one transaction over these two kinds, `resources.autocommit()` lets
  each statement be one: most doors and workers ask one thing, and none waits for a BEGIN and a COMMIT;
- tenant (all others): `portal_id` in each row, each unique key, each query's first condition; and row-level security
  says the same a second time. `resources.tenant(portal_id)` opens a transaction with `app.portal` set; the policy
  compares. `serve` and `worker` refuse to start as a role that the policy does not bind.

A test runs each query of each room for another portal's rows: behind both walls, and behind each of them alone.

`engine.py` has one place for connections that a restart has closed: when one is handed out its socket is looked at, and
one that rested for a second is asked. `engine.away` tells an absent database from a fault of ours: workers wait without
counting a try, doors answer 503.
"""
