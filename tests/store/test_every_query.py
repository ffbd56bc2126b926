"""Each query of the rooms, run as the app's role for rows of another portal: it finds nothing and changes nothing.

The same call, made by the portal itself, does find or change something: else the recipe would prove nothing.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Table, TextClause, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.visitors import iterate

import b24app
from b24app.demo import servers
from b24app.store.engine import open_engine
from b24app.verification.store.memberships import Overtaken
from tests.store.recipes import ALL_OF_IT, AS_OWNER, ELSEWHERE, NEW_ROWS, QUERIES
from tests.store.recipes.recipe import Query
from tests.store.rich import Owned, rich
from tests.tables import TABLES, TENANT_TABLES
from tests.world import World

REFUSED = "42501"  # insufficient_privilege: the row would not be ours
TENANTS = {table.name for table in TENANT_TABLES}
OTHERS = [table.name for table in TABLES if table.name not in TENANTS]


def _every_row(names: Iterable[str], of: str) -> TextClause:
    """Each row as text, with whether this transaction holds it."""
    held = "coalesce(xmax::text = pg_current_xact_id_if_assigned()::text, false)"
    each = (f"SELECT '{name}' AS place, concat({held}, t::text) AS row FROM {name} t WHERE {of}" for name in names)
    return text(" UNION ALL ".join(each))


ROWS, SHARED = _every_row(TENANTS, "portal_id = :portal"), _every_row(OTHERS, "true")


def modules() -> Iterator[ModuleType]:
    root = Path(b24app.__file__).parents[1]
    for file in [*root.glob("b24app/store/*.py"), *root.glob("b24app/*/store/*.py"), *root.glob("tests/*/store/*.py")]:
        if file.stem not in ("__init__", "tables"):
            yield import_module(".".join(file.relative_to(root).with_suffix("").parts))


MODULES = {module.__name__: module for module in modules()}


def queries() -> dict[str, Callable[..., Any]]:
    """Public functions of each `store/` that are handed a connection, as "room.module.function"."""
    return {
        f"{path.split('.')[1]}.{path.split('.')[-1]}.{name}": function
        for path, module in MODULES.items()
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == path
        and not name.startswith("_")
        and any("AsyncConnection" in str(one.annotation) for one in inspect.signature(function).parameters.values())
    }


def names_of(code: CodeType) -> set[str]:
    inner = [names_of(one) for one in code.co_consts if isinstance(one, CodeType)]
    return set(code.co_names).union(*inner)


def tables_of(function: Callable[..., Any], seen: set[Any] | None = None) -> set[str]:
    """Tables that a function of a `store/` names, itself, in its statements or by helpers it calls."""
    seen = set() if seen is None else seen
    seen.add(function)
    names, scope = names_of(function.__code__), function.__globals__
    used = [scope[name] for name in names if name in scope]
    used += [vars(one)[name] for one in used if isinstance(one, ModuleType) for name in names if name in vars(one)]
    used += [value for one in used if isinstance(one, dict) for value in one.values()]
    found: set[str] = set()
    for one in used:
        if isinstance(one, TextClause):
            found |= set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)", one.text))
        elif isinstance(one, ClauseElement):
            found |= {part.name for part in iterate(one) if isinstance(part, Table)}
        elif inspect.isfunction(one) and one.__module__ in MODULES and one not in seen:
            found |= tables_of(one, seen)
    return found & {table.name for table in TABLES}


@pytest.fixture
async def owned(world: World) -> Owned:
    return await rich(world)


async def portal(db: AsyncConnection, id: int | None) -> None:
    await db.execute(text("SELECT set_config('app.portal', :id, true)"), {"id": "" if id is None else str(id)})


async def look(db: AsyncConnection, *portals: int) -> dict[int | None, list[Any]]:
    """All rows there are, by portal; None: directory and work index."""
    found: dict[int | None, list[Any]] = {None: sorted(map(tuple, await db.execute(SHARED)))}
    for one in portals:
        await portal(db, one)
        found[one] = sorted(map(tuple, await db.execute(ROWS, {"portal": one})))
    return found


async def tried(
    db: AsyncConnection, queries: Mapping[str, Query], owned: Owned, acting: int | None, named: int
) -> AsyncIterator[tuple[str, Any, set[int | None]]]:
    """Each query's name, what it returned (or the code of the error) and whose rows it changed; all of it is undone."""
    before = await look(db, owned.id, owned.other)
    await db.rollback()
    for name, query in queries.items():
        if acting is not None:
            await portal(db, acting)
        try:
            result = await query(db, named, owned)
            after = await look(db, owned.id, owned.other)
        except DBAPIError as error:
            result, after = error if isinstance(error, IntegrityError) else getattr(error.orig, "sqlstate", ""), before
        except Overtaken:  # the row is another's: whoever hears that rolls back
            result, after = None, before
        await db.rollback()
        yield name, result, {whose for whose in before if before[whose] != after[whose]}


def empty(result: Any) -> bool:
    """Nothing, however it is wrapped: None, 0, `([], False)`, a key with nothing behind it."""
    if hasattr(result, "__slots__") and hasattr(result, "__dataclass_fields__"):
        return all(empty(getattr(result, name)) for name in result.__dataclass_fields__)
    if isinstance(result, dict):
        return all(map(empty, result.values()))
    return all(map(empty, result)) if isinstance(result, tuple) else not result


@pytest.fixture
async def db(world: World, owned: Owned) -> AsyncIterator[AsyncConnection]:
    async with world.resources.engine.connect() as connection:
        yield connection


def test_every_query_has_a_recipe_or_a_reason() -> None:
    assert sorted([*QUERIES, *ELSEWHERE, *AS_OWNER]) == sorted(queries())


def test_queries_that_are_said_to_touch_no_tenants_rows_name_no_tenants_table() -> None:
    touched = {name: tables_of(function) & TENANTS for name, function in queries().items()}
    assert {name for name, found in touched.items() if found} == {*QUERIES}


async def test_the_story_fills_every_table(db: AsyncConnection, owned: Owned) -> None:
    rows = (await look(db, owned.id, owned.other))[owned.id]
    assert {place for place, _ in rows} == TENANTS


async def test_each_recipe_finds_or_changes_something_for_the_portal_itself(db: AsyncConnection, owned: Owned) -> None:
    idle = {}
    async for name, result, changed in tried(db, QUERIES, owned, acting=owned.id, named=owned.id):
        if (empty(result) and not changed) or isinstance(result, Exception | str):
            idle[name] = result
    assert not idle, idle


@pytest.mark.parametrize("acting", ["another portal", "nobody"])
async def test_with_another_portal_set_or_none_nothing_is_found_or_changed(
    db: AsyncConnection, owned: Owned, acting: str
) -> None:
    leaks, who = {}, owned.other if acting == "another portal" else None
    async for name, result, changed in tried(db, QUERIES, owned, acting=who, named=owned.id):
        if changed or not (result == REFUSED or empty(result)):
            leaks[name] = (result, changed)
    assert not leaks, f"{sorted(leaks)}: {leaks}"


@pytest.mark.parametrize("role", [servers.APP, servers.OWNER], ids=["both walls", "the first wall alone"])
async def test_a_portal_that_names_anothers_ids_finds_and_changes_nothing(
    postgres: servers.Postgres, owned: Owned, role: str
) -> None:
    """Row-level security does not bind the owner of the tables: there the query's own condition has to do."""
    leaks, engine = {}, open_engine(postgres.url(role))
    async with engine.connect() as db:
        async for name, result, changed in tried(db, QUERIES, owned, acting=owned.other, named=owned.other):
            found = not (empty(result) or isinstance(result, IntegrityError))
            if owned.id in changed or (found and name not in ALL_OF_IT | NEW_ROWS):
                leaks[name] = (result, changed)
    await engine.dispose()
    assert not leaks, f"{sorted(leaks)}: {leaks}"
