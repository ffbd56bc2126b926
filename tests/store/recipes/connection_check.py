"""Queries of the connection check's room."""

from __future__ import annotations

from uuid import uuid4

from b24app.connection_check.store import connection_checks
from b24app.domain.connection_check.rules import Backlog, Found, Ping
from tests.store.recipes.recipe import Recipes

BACKLOG = Backlog(0, None, None, True, None)

RECIPES = Recipes(
    queries={
        "connection_check.connection_checks.begin": lambda db, p, o: connection_checks.begin(
            db, p, uuid4(), "another", 1, "Анна", o.now
        ),
        "connection_check.connection_checks.hear": lambda db, p, o: connection_checks.hear(db, p, "asked", o.now),
        "connection_check.connection_checks.keep_found": lambda db, p, o: connection_checks.keep_found(
            db, p, o.checked, Found(), o.now
        ),
        "connection_check.connection_checks.keep_own": lambda db, p, o: connection_checks.keep_own(
            db, p, o.checked, BACKLOG, [Ping("a", "b")]
        ),
        "connection_check.connection_checks.keep_pings": lambda db, p, o: connection_checks.keep_pings(
            db, p, o.checked, [Ping("a", "b")]
        ),
        "connection_check.connection_checks.last": lambda db, p, o: connection_checks.last(db, p),
        "connection_check.connection_checks.take": lambda db, p, o: connection_checks.take(db, p, o.now),
    },
    all_of_it={"connection_check.connection_checks.last"},
    new_rows={"connection_check.connection_checks.begin"},
)
