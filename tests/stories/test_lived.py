"""A database that has lived is migrated, and everything goes on: nobody hears a thing twice, no card is touched.

The rows, the portals and the file are those of `tests.lived`, made by the code of revision 0011. What this code does
with them on purpose, a later issue may add to here by name; the rows stay.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command

from b24app.demo import servers
from b24app.manifest import Manifest
from b24app.store.schema import alembic_config, migrate
from emulator.crm.entities import Entity
from tests.databases import close_engine
from tests.lived import database, portals
from tests.lived.database import Dump
from tests.lived.opened import At, Lived, opened, work_off
from tests.lived.portals import EXPORT
from tests.stories.export.files import goes_and_comes_back, lines, restored

STATES = {
    "portals.state": "installing active needs_admin unpaid removed",
    "memberships.state": "confirmed pending refused left suspended",
    "memberships.reason": "known linked unlinked box_ticked box_unticked button_confirm button_recheck card_deleted"
    " merged restored expired",
    "memberships.decided_by_source": "button event modified_by unknown",
    "intents.state": "stated proven applied dropped",
    "inbox.state": "waiting done failed closed",
    "inbox.source": "event offline button rescan import restore neighbour",
    "work.kind": "record requisite delivery file",
    "endpoints.state": "checking active disabled deleted",
    "outbox.state": "waiting delivered exhausted skipped closed",
    "attempts.trigger": "scheduled instant manual ping",
    "exports.kind": "asked weekly",
    "exports.state": "making ready",
    "restores.state": "receiving checking weighing ready applying done refused",
    "looks.reach": "recent people all",
    "looks.cause": "clock button outage",
    "drift_totals.drift": "fields link gone new requisite",  # no portal gives a deleted card its own id back
    "card_layouts.shown": "by_itself placed ours hidden",  # the emulator keeps no view that it would not take back
    "tokens.alive": "t f",
}
"""Whatever could stand in these columns at the dump's revision."""

LANES = {("record", "0"), ("record", "1"), ("requisite", "0"), ("requisite", "1"), ("delivery", "0"), ("file", "1")}
"""Deliveries are always in a hurry, files never."""

STAYS = {
    ("orphaned", "contact:2"),  # until an administrator comes
    ("unpaid", "contact:1"),  # a button, until it is paid
    ("unpaid", "contact:4"),
    ("removed", "contact:1"),  # until the app comes back
    ("removed", "contact:2"),
    ("removed", "company:1"),
    ("first", "weekly"),  # next week's
    ("idle", "weekly"),
}
"""Work that waits for something else than us."""

CHANGES = ("add", "update", "delete", "set", "reset", "bind", "unbind", "merge")
OWED = {("owed", "event.bind"), ("owed", "placement.bind")}
"""The portal dropped them when it updated the app, and could not be reached then."""

GONE, TICKED = {13, 15, 17}, {1, 3}
"""Contacts whose cards are no more, and companies whose box somebody ticked after the file was made: that stays."""
COLUMNS = ("id", "state", "reason")

WORK = "SELECT p.domain, w.kind, w.key FROM work w JOIN portals p ON p.id = w.portal_id"
DELIVERIES = "SELECT id::text, event_id FROM outbox"
RESTORES = "SELECT p.domain, r.state FROM restores r JOIN portals p ON p.id = r.portal_id"
NAMED = """
    SELECT portal_id, kind, crm_id FROM records UNION SELECT portal_id, 'contact', contact_id FROM memberships
    UNION SELECT portal_id, 'company', company_id FROM memberships WHERE company_id <> 0
"""
CUSTOMERS = "SELECT portal_id, kind, crm_id, id, goes_on_as FROM customers"
PERSONS = "SELECT portal_id, 'contact', crm_id, id, goes_on_as FROM persons"
PASSED_ON = "SELECT portal_id, kind, old_id, new_id FROM aliases WHERE applied_at IS NOT NULL"
READ = "SELECT i.kind, i.started_at, i.read, i.total FROM imports i JOIN portals p ON p.id = i.portal_id"


class Beside(servers.Postgres):
    """A database of its own on the same server."""

    def url(self, role: str = servers.APP, database: str = "lived") -> str:
        return super().url(role, database)


@pytest.fixture(scope="module")
def kept() -> Dump:
    return database.read({})


@pytest.fixture
async def lived(postgres: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Lived]:
    """Loaded at its own revision and migrated to the newest; it is a few minutes later, and nobody has worked yet."""
    server, db = Beside(postgres.sockets), await database.connected(postgres)
    await db.execute("CREATE DATABASE lived")
    try:
        async with opened(server, redis_url, manifest) as there:
            kept, owner = database.read(there.hosts()), server.url(servers.OWNER)
            there.world.emulator.world.offset = kept.made_at - datetime.now(UTC)
            there.world.pass_time(minutes=5)
            await asyncio.to_thread(command.upgrade, alembic_config(owner), kept.revision)
            await database.load(server, kept)
            await asyncio.to_thread(migrate, owner, server.url())
            yield there
    finally:
        await close_engine(server)
        await db.execute("DROP DATABASE lived WITH (FORCE)")
        await db.close()


def test_the_dump_holds_rows_of_every_kind(kept: Dump) -> None:
    assert [one.name for one in kept.tables.values() if not one.lines] == []
    for column, states in STATES.items():
        table, _, name = column.partition(".")
        assert set(kept.tables[table].values(name)) == set(states.split()), column
    assert set(kept.tables["work"].rows("kind", "lane")) == LANES
    modes = [json.loads(one)["verification"] for one in kept.tables["portals"].values("modes")]
    assert set(modes) == {"off", "watch", "on"}


async def test_everything_goes_on_where_it_stood(lived: Lived, kept: Dump) -> None:
    keys, cards = portals.plant(lived), {}
    for portal in lived.world.emulator.world.portals.values():
        cards[portal.name] = deepcopy({entity: table.rows for entity, table in portal.crm.tables.items()})
    await nothing_was_published(lived, kept)
    before = await everybody_has_public_ids(lived)
    began = await read_of(lived, "second")

    await work_off(lived.world)

    await nothing_was_published(lived, kept)
    assert heard(lived) == waiting(kept)
    assert written(lived) == OWED
    for portal in lived.world.emulator.world.portals.values():
        assert {entity: table.rows for entity, table in portal.crm.tables.items()} == cards[portal.name], portal.name
    assert await waits(lived) == STAYS
    await the_first_read_went_on(lived, keys["second"], began)
    await files_are_where_they_belong(lived)
    await portals_are_where_they_belong(lived, kept)
    after = await everybody_has_public_ids(lived)
    here = {portal for (portal,) in await database.rows(lived.server, "SELECT id FROM portals")}
    assert {card: ids for card, ids in before.items() if card[0] in here}.items() <= after.items()
    await the_old_file_comes_back(lived.at("first"))


async def nothing_was_published(lived: Lived, kept: Dump) -> None:
    """Every delivery is one of the dump's; only those of a portal that was erased are gone."""
    table = kept.tables["outbox"]
    domains = {domain: portal for portal, domain in kept.tables["portals"].rows("id", "domain")}
    leaving = domains["leaving.portal.test"]
    all_of_them = set(table.rows("id", "event_id"))
    erased = {tuple(one) for *one, portal in table.rows("id", "event_id", "portal_id") if portal == leaving}
    assert all_of_them - erased <= set(await database.rows(lived.server, DELIVERIES)) <= all_of_them
    events = {event for (event,) in await database.rows(lived.server, "SELECT id FROM events")}
    assert events <= set(kept.tables["events"].values("id"))


def waiting(kept: Dump) -> dict[str, list[str]]:
    """Shop → ids of the news that had not arrived there, or that somebody asked for again."""
    urls = {row[0]: row[1] for row in kept.tables["endpoints"].rows("id", "url")}
    found: dict[str, list[str]] = {}
    for endpoint, event, state, resend in kept.tables["outbox"].rows("endpoint_id", "event_id", "state", "resend"):
        if state == "waiting" or resend == "t":
            found.setdefault(urls[endpoint].removeprefix("http://").partition(".")[0], []).append(event)
    return found


def heard(lived: Lived) -> dict[str, list[str]]:
    return {name: [one.id for one in shop.heard] for name, shop in lived.shops.items() if shop.heard}


def written(lived: Lived) -> set[tuple[str, str]]:
    """(portal, method) of every call that changes something there."""
    return {one for one in lived.world.emulator.world.meters.commands if one[1].rpartition(".")[2] in CHANGES}


def names(lived: Lived, found: Iterable[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Rows whose first column is a portal's domain, with its name instead."""
    named = {one.host: one.name for one in lived.world.emulator.world.portals.values()}
    return {(named[domain], *rest) for domain, *rest in found}


async def waits(lived: Lived) -> set[tuple[str, str]]:
    """(portal, key) of the work that is left, of the kinds the dump knows; its files are chores now."""
    kinds, files = STATES["work.kind"].split(), ("export", "restore", "weekly")
    left = names(lived, await database.rows(lived.server, WORK))
    return {(name, key) for name, kind, key in left if kind in kinds or key.partition(":")[0] in files}


async def the_first_read_went_on(lived: Lived, key: str, began: list[tuple[Any, ...]]) -> None:
    """Nothing is read twice, and everybody is known."""
    at = lived.at("second")
    assert {kind: read for kind, _, read, _ in began} == {"company": 56, "contact": 50, "requisite": 0}
    ended = await read_of(lived, "second")
    assert ended == [(kind, started, total, total) for kind, started, _, total in began]
    assert (await at.row()).imported
    listed = (await at.api("GET", "/memberships?limit=200", key)).json()["data"]
    assert {one["contact"]["id"] for one in listed} == set(at.portal.crm.tables[Entity.CONTACT].ids)


async def read_of(lived: Lived, name: str) -> list[tuple[Any, ...]]:
    """(list, when its reading began, rows read, rows there)."""
    return await database.rows(lived.server, f"{READ} WHERE p.domain = '{lived.at(name).portal.host}' ORDER BY i.kind")


async def files_are_where_they_belong(lived: Lived) -> None:
    """Weekly ones were sent, one that was half made is whole; what was being put back is, the others wait for somebody
    to press."""
    assert {name: len(shop.files) for name, shop in lived.shops.items() if shop.files} == {"files": 1, "archive": 1}
    assert {state for (state,) in await database.rows(lived.server, "SELECT state FROM exports")} == {"ready"}
    assert names(lived, await database.rows(lived.server, RESTORES)) == {
        ("first", "ready"),
        ("idle", "ready"),
        ("unpaid", "ready"),
        ("watched", "receiving"),
        ("orphaned", "done"),
        ("doubted", "done"),
        ("owed", "refused"),
    }


async def portals_are_where_they_belong(lived: Lived, kept: Dump) -> None:
    """What was owed is there, what somebody said is refuted, what had to be erased is."""
    domains = await database.rows(lived.server, "SELECT domain, state FROM portals")
    assert names(lived, domains) == {
        ("installing", "installing"),
        ("orphaned", "needs_admin"),
        ("unpaid", "unpaid"),
        ("removed", "removed"),
        *((name, "active") for name in ("first", "second", "watched", "idle", "doubted", "owed")),
    }
    read = {row[0]: row[1] for row in kept.tables["portals"].rows("domain", "imported_at")}
    for name in ("first", "watched", "idle", "doubted", "owed"):
        imported_at = (await lived.at(name).row()).imported_at
        assert imported_at == datetime.fromisoformat(read[f"{name}.portal.test"]), "nobody is read anew"
    assert (await lived.at("owed").row()).report["ok"]
    assert (await lived.at("doubted").row()).removal_said_at is None
    assert (await lived.at("watched").row()).sweep_asked is None
    assert len(await database.rows(lived.server, "SELECT 1 FROM departures WHERE erased_at IS NOT NULL")) == 3


async def everybody_has_public_ids(lived: Lived) -> dict[tuple[Any, ...], set[Any]]:
    """(portal, kind, number) → ids of every card that is known or belongs to somebody; those of a deleted one answer as
    those of the one that goes on."""
    cards = set(await database.rows(lived.server, NAMED))
    found: dict[tuple[Any, ...], set[Any]] = {}
    for query, kinds in ((CUSTOMERS, {"contact", "company"}), (PERSONS, {"contact"})):
        rows = await database.rows(lived.server, query)
        assert {card for card in cards if card[1] in kinds} <= {row[:3] for row in rows}
        alive = {row[:3]: row[3] for row in rows if row[4] is None}
        gone = {row[:3]: row[4] for row in rows if row[4] is not None}
        assert not alive.keys() & gone.keys() and len(alive) + len(gone) == len(rows)
        passed_on = {
            (portal, kind, old): (portal, kind, new)
            for portal, kind, old, new in await database.rows(lived.server, PASSED_ON)
            if (portal, kind, old) in cards and kind in kinds
        }
        assert gone == {old: alive[new] for old, new in passed_on.items()}
        for row in rows:
            found.setdefault(row[:3], set()).add(row[3])
    return found


async def the_old_file_comes_back(at: At) -> None:
    """The app is removed with its data and installed anew."""
    file = EXPORT.read_bytes()
    filed = {pair(one["row"]): one["row"] for one in lines(file) if one.get("section") == "memberships"}
    assert len(filed) == 22 and {contact for contact, _ in filed} >= GONE
    await goes_and_comes_back(at, at.installation())
    await restored(at, file)
    key = await at.client_app()
    listed = (await at.api("GET", "/memberships?limit=200", key)).json()["data"]
    stand = {(one["contact"]["id"], (one["company"] or {"id": 0})["id"]): one for one in listed}
    back = {both: row for both, row in filed.items() if both[0] not in GONE}
    for both, row in back.items():
        if both[1] in TICKED:
            assert stand[both]["state"] == "pending", both
        else:
            assert {name: stand[both][name] for name in COLUMNS} == {name: row[name] for name in COLUMNS}, both
    assert set(stand) - set(back) == {(21, 0)}, "and who came since"


def pair(row: dict[str, Any]) -> tuple[int, int]:
    return row["contact_id"], row["company_id"]
