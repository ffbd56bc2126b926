"""Malformed on purpose: every door answers with its own stable code, nobody gets a 500, and logs stay short."""

from __future__ import annotations

import asyncio
import socket
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from json import dumps
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from b24app.demo import servers
from b24app.manifest import Manifest
from b24app.net import guard
from tests.doors.frames import main, members, tab
from tests.outside import Desk, open_desk
from tests.world import World

YEAR_ONE = "0001-01-01T00:00:00+23:59"
DEEP = b"[" * 200_000


@pytest.fixture
async def desk(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Desk]:
    async with open_desk(clean_database, redis_url, manifest) as opened:
        yield opened


async def drip(parts: int) -> AsyncIterator[bytes]:
    """A body of so many 64 KiB that never says how long it is."""
    for _ in range(parts):
        yield b" " * 65536


async def raw(desk: Desk, path: str, body: Any, key: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Connection": "close"}
    async with desk.http.post(desk.api_url.removesuffix("/api/v1") + path, data=body, headers=headers) as answer:
        return answer.status, (await answer.json(content_type=None)).get("code", "")


@pytest.mark.parametrize("path", ["/api/v1/endpoints", "/bitrix/events", "/frame/token"])
async def test_a_body_too_large_is_413_where_no_length_was_told(desk: Desk, path: str) -> None:
    shop = await desk.shop()
    assert await raw(desk, path, drip(40), shop.key) == (413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    [DEEP, b'{"url": ' + b"9" * 5000 + b"}", b'{"url": "\xff"}', b"{"],
    ids=["deep", "huge number", "not UTF-8", "cut short"],
)
async def test_a_body_that_is_no_json_says_so(desk: Desk, body: bytes) -> None:
    shop = await desk.shop()
    assert await raw(desk, "/api/v1/endpoints", body, shop.key) == (422, "body_not_json")


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["NUL", "half a pair"])
@pytest.mark.parametrize("field", ["url", "description", "event_types", "colour"])
async def test_text_that_no_column_takes_is_a_wrong_field(desk: Desk, field: str, text: str) -> None:
    shop = await desk.shop()
    body: dict[str, Any] = {"url": desk.receiver.url, field: [text] if field == "event_types" else text}
    answer = await desk.api("POST", "/endpoints", shop.key, body)
    assert answer.status == 422
    assert answer.json()["errors"][0]["field"].startswith(field)


async def test_a_field_name_that_is_no_text_is_refused(desk: Desk) -> None:
    shop = await desk.shop()
    assert (await raw(desk, "/api/v1/endpoints", b'{"\\ud800": 1}', shop.key))[0] == 422


@pytest.mark.parametrize("moment", [YEAR_ONE, "9999-12-31T23:59:59-23:59"])
async def test_moments_at_the_ends_of_the_calendar(desk: Desk, moment: str) -> None:
    shop = await desk.shop()
    since = await desk.api("GET", f"/memberships?updated_since={moment.replace('+', '%2B')}", shop.key)
    assert (since.status, since.json()["errors"][0]["field"]) == (422, "updated_since")

    cursor = urlsafe_b64encode(f"{moment} {UUID(int=0)}".encode()).decode().rstrip("=")
    page = await desk.api("GET", f"/memberships?cursor={cursor}", shop.key)
    assert (page.status, page.json()["code"]) == (422, "cursor_wrong")


async def test_names_that_no_server_answers_for_hold_up_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile, other, let_go, known = await desk.shop("one"), await desk.shop("other"), Event(), socket.getaddrinfo

    def asked(host: str, *more: Any, **named: Any) -> Any:
        if "tarpit" in host:
            let_go.wait()
            raise socket.gaierror
        return known(host, *more, **named)

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    monkeypatch.setattr(guard, "DNS_PATIENCE", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", asked)
    try:
        async with asyncio.timeout(30):  # only ends a test that would hang
            names = [f"http://tarpit{number}.example/" for number in range(40)]
            asking = [desk.api("POST", "/endpoints", hostile.key, {"url": one}) for one in names]
            assert {one.json()["code"] for one in await asyncio.gather(*asking)} == {"url_unknown_host"}
            await desk.resources.wake.outbox()
            found = desk.receiver.url.replace("127.0.0.5", "localhost")
            assert (await desk.api("POST", "/endpoints", other.key, {"url": found})).status == 201
    finally:
        let_go.set()


async def test_a_name_that_no_server_could_know_is_not_asked_for(desk: Desk) -> None:
    shop = await desk.shop()
    assert await raw(desk, "/api/v1/endpoints", dumps({"url": f"http://{'a' * 64}.example/"}), shop.key) == (
        422,
        "url_host_name_wrong",
    )


async def test_the_documentation_page_is_framed_by_nobody(desk: Desk) -> None:
    page = await desk.api("GET", "/docs")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


async def test_deep_json_without_any_proof(world: World) -> None:
    async with world.http.post(f"{world.app_url}/frame/token", data=DEEP) as answer:
        assert answer.status == 400


async def test_notes_and_names_that_no_column_takes(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    card, settings = await tab(world, "contact", contact), await main(world, world.admin(), "delivery")
    for text in ("a\0b", "a\ud800b"):
        pressed = await card.press("recheck", members(card.html)[0], text)
        made = await settings.call("/frame/client-apps", name=text)
        assert [(one.status, one.json()["error"]["code"]) for one in (pressed, made)] == [(422, "bad_parameter")] * 2


@pytest.mark.parametrize("subject", ["contact:" + "9" * 23, "contact:٧", "contact:-7", "deal:7", "contact", ":", "", 7])
async def test_subjects_that_are_none(world: World, subject: Any) -> None:
    contact = world.add_contact()
    await world.install()
    card = await tab(world, "contact", contact)
    answer = await card.call("/frame/card", subject=subject)
    assert (answer.status, answer.json()["error"]["code"]) == (422, "bad_parameter")


async def test_unproven_words_are_short_in_logs(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    installation = await world.install()
    member, long = installation.portal.member_id, "A" * 900_000
    capfd.readouterr()
    for form in (
        {"event": long, "auth[member_id]": member},
        {"event": "ONCRMCONTACTUPDATE", "auth[member_id]": long},
        {"event": "A" * 64, "auth[member_id]": "B" * 64},
    ):
        async with world.http.post(f"{world.app_url}/bitrix/events", data=form) as answer:
            assert answer.status in (400, 403)
    opened = {"AUTH_ID": "x", "AUTH_EXPIRES": "3600", "DOMAIN": "a.example", "member_id": member, "PLACEMENT": long}
    for form in (opened, {**opened, "member_id": long, "PLACEMENT": ""}):
        async with world.http.post(f"{world.app_url}/app", data=form) as answer:
            assert answer.status in (400, 403)
    said = capfd.readouterr().err
    assert "event_refused" in said
    assert max(map(len, said.splitlines())) < 1000


async def test_a_form_of_too_many_keys_is_not_read_to_its_end(world: World) -> None:
    async with world.http.post(f"{world.app_url}/install", data=b"event" + b"&a=1" * 250_000) as answer:
        assert answer.status == 400


async def test_the_secret_part_of_an_endpoints_url_is_not_shown(world: World) -> None:
    contact = world.add_contact()
    await world.install()
    key = await world.client_app()
    await world.api("POST", "/endpoints", key, {"url": f"{world.receiver.url}?token=hush-hush"})
    await world.settle()
    card = await tab(world, "contact", contact)
    await card.press("recheck", members(card.html)[0])
    await world.settle()
    shown = (await main(world, world.admin(), "delivery")).html + await card.content()
    assert shown.count(world.receiver.url) == 2
    assert "hush-hush" not in shown
