"""What a room says of its queries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from tests.store.rich import Owned

Query = Callable[[AsyncConnection, int, Owned], Awaitable[Any]]
"""One that touches a tenant's rows, asked for one portal's things: `(db, portal id, what it owns)`."""

LONG = timedelta(days=400)
DIRECTORY, INDEX = "directory of portals and keys", "work index"


@dataclass(frozen=True, slots=True)
class Recipes:
    """The public functions of a room's `store/` that are handed a connection, as "room.module.function".

    `elsewhere`: why no tenant's rows are in it. `as_owner`: why no wall binds it. `all_of_it`: names no ids, so a
    portal's own rows come back, or go. `new_rows`: a portal may write rows of its own; of others' ids it learns nothing
    by it.
    """

    queries: Mapping[str, Query]
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    as_owner: Mapping[str, str] = field(default_factory=dict)
    all_of_it: Set[str] = frozenset()
    new_rows: Set[str] = frozenset()
