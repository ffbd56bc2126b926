"""A database error says what kind it is and where; never a title, a note, or anything else of a person."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from b24app.cards.store.tables import records
from b24app.demo import servers
from b24app.store import engine
from tests.world import World

SECRET = "ООО Тайное общество"
CARD: dict[str, Any] = {"kind": "company", "crm_id": 1, "title": SECRET, "settled": {}, "gone_at": None}
UNLIKE = text("INSERT INTO records (portal_id, kind, crm_id) SELECT 1, 'company', CAST(:title AS text)::bigint")


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (insert(records), CARD),  # the server quotes the row: seen_at is missing
        (insert(records), {**CARD, "title": [SECRET]}),  # the driver quotes the value: no text
        (UNLIKE, {"title": SECRET}),  # the server quotes the value in the message itself
    ],
    ids=["detail", "driver", "message"],
)
async def test_an_error_quotes_no_values(world: World, statement: Any, values: dict[str, Any]) -> None:
    await world.install()
    portal = (await world.row()).id
    with pytest.raises(DBAPIError) as caught:
        async with world.resources.tenant(portal) as db:
            await db.execute(statement, values if statement is UNLIKE else {"portal_id": portal, **values})
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.orig)
    assert SECRET not in printed
    assert "Тайное" not in printed
    assert "Error" in str(caught.value)


async def test_an_error_still_says_what_was_wrong(world: World) -> None:
    await world.install()
    portal = (await world.row()).id
    with pytest.raises(DBAPIError, match="NotNullViolationError 23502 records") as caught:
        async with world.resources.tenant(portal) as db:
            await db.execute(insert(records), {"portal_id": portal, **CARD})
    assert getattr(caught.value.orig, "sqlstate", "") == "23502"


async def test_a_connection_that_died_while_it_rested_is_not_handed_out(
    world: World, postgres: servers.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was restarted, or a proxy closed what was idle: nobody meets the dead connection."""
    monkeypatch.setattr(engine, "RESTED", -1.0)
    async with world.resources.transaction() as db:
        backend = (await db.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    other = engine.open_engine(postgres.url())
    async with other.begin() as db:
        await db.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
    await other.dispose()

    async with world.resources.transaction() as db:
        assert (await db.execute(text("SELECT pg_backend_pid()"))).scalar_one() != backend
