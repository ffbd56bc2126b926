"""Genuine openings and events with one word in them made odd: taken, or refused with a code; never a 500."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from sqlalchemy import select
from yarl import URL

from b24app.portal.store.tables import tokens
from emulator.opening import open_form
from tests.doors.test_events import form
from tests.world import World

ODD = {
    "NUL": "%00",
    "half a pair": "%ED%A0%80",
    "huge": "9" * 400,
    "18 digits": "9" * 18,
    "other digits": quote("٣٦٠٠"),
    "long": "A" * 20_000,
}
ADMIN = {"auth[access_token]": "x", "auth[refresh_token]": "x", "auth[expires_in]": "3600", "auth[user_id]": "5"}
SERVERS = {"auth[server_endpoint]": "http://127.0.0.4/rest/", "auth[client_endpoint]": "http://127.0.0.2/rest/"}
ADDRESS = {"data[FIELDS][ANCHOR_TYPE_ID]": "3", "data[FIELDS][ANCHOR_ID]": "7"}
EVENTS = [
    "ONCRMCONTACTUPDATE",
    "ONCRMREQUISITEUPDATE",
    "ONCRMADDRESSREGISTER",
    "ONAPPINSTALL",
    "ONAPPPAYMENT",
    "ONAPPTEST",
]


def each_odd(text: str) -> Iterator[tuple[str, str]]:
    """The same form or query with one of its words made odd, and which."""
    pairs = parse_qsl(text, keep_blank_values=True)
    for name, _ in pairs:
        for odd, raw in ODD.items():
            yield (
                f"{name}: {odd}",
                "&".join(f"{quote(key)}={raw if key == name else quote(value)}" for key, value in pairs),
            )


async def post(world: World, url: str, body: str) -> int:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with world.http.post(URL(url, encoded=True), data=body, headers=headers) as answer:
        return answer.status


async def test_no_word_of_an_opening_breaks_it(world: World) -> None:
    opening = open_form(await world.install(), world.admin(), "DEFAULT", {"ID": "7"})
    address, _, query = opening.action.partition("?")
    body = urlencode(opening.fields)

    broken = [what for what, odd in each_odd(body) if await post(world, opening.action, odd) >= 500]
    broken += [what for what, odd in each_odd(query) if await post(world, f"{address}?{odd}", body) >= 500]

    assert broken == []
    world.leftovers_explained = "not what this is about"


async def test_no_word_of_an_event_breaks_it(world: World) -> None:
    installation = await world.install()
    address = f"{world.app_url}/bitrix/events"
    for event in EVENTS:
        body = form(installation, event=event, **ADMIN, **SERVERS, **ADDRESS)
        assert [what for what, odd in each_odd(body) if await post(world, address, odd) >= 500] == []
    world.leftovers_explained = "not what this is about"


@pytest.mark.parametrize("expires", ["99999999999", "9" * 18, "9" * 400, "0", "-5", ""])
async def test_no_opening_brings_a_token_that_lives_longer_than_the_portal_gives(world: World, expires: str) -> None:
    installation = await world.install()
    opening = open_form(installation, world.admin(), "DEFAULT")
    fields = [(name, expires if name == "AUTH_EXPIRES" else value) for name, value in opening.fields]
    assert await post(world, opening.action, urlencode(fields)) == 200

    async with world.resources.tenant((await world.row()).id) as db:
        until = (await db.execute(select(tokens.c.expires_at))).scalars().all()
    now = world.resources.now()
    assert all(now < one <= now + timedelta(hours=1) for one in until)
