"""The `Host` header is the caller's word: nothing follows it, and a foreign one is refused."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from starlette.applications import Starlette

from b24app.hosts import KnownHosts
from b24app.settings import read_settings
from tests.doors.test_limits import exchange, scope
from tests.world import World

WITH_SLASH = [
    "/app/",
    "/install/",
    "/bitrix/events/",
    "/placements/contact-tab/",
    "/frame/token/",
    "/api/v1",
    "/static",
]


async def test_a_slash_too_many_is_not_found_and_no_redirect(world: World) -> None:
    """A browser would send the body after it, with the tokens in it; behind TLS it would even go to http."""
    for path in WITH_SLASH:
        async with world.http.post(f"{world.app_url}{path}", data={"AUTH_ID": "x"}, allow_redirects=False) as answer:
            assert (path, answer.status, answer.headers.get("Location")) == (path, 404, None)


async def test_a_foreign_host_is_refused_wherever_people_and_portals_come(world: World) -> None:
    for path in ("/", "/app", "/app/", "/bitrix/events", "/frame/token", "/api/v1/memberships", "/static/x"):
        async with world.http.post(f"{world.app_url}{path}", headers={"Host": "evil.example"}) as answer:
            assert (path, answer.status, await answer.json()) == (path, 400, {"code": "unknown_host"})


async def test_a_balancer_may_ask_by_any_name(world: World) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        async with world.http.get(f"{world.app_url}{path}", headers={"Host": "10.1.2.3:8080"}) as answer:
            assert (path, answer.status) == (path, 200)


async def status(url: str, host: str, dev_mode: str) -> int:
    """What a door that is not there answers to this host: 404 where the host is ours."""
    told = {"CLIENT_ID": "x", "CLIENT_SECRET": "x", "PUBLIC_URL": url, "SECRET_KEYS": Fernet.generate_key().decode()}
    told |= {"DATABASE_URL": "postgresql+asyncpg://", "REDIS_URL": "redis://", "DEV_MODE": dev_mode}
    app = KnownHosts(Starlette(), read_settings({f"B24APP_{name}": value for name, value in told.items()}))
    start, *_ = await exchange(app, {**scope("/nothing"), "headers": [(b"host", host.encode("latin-1"))]}, [])
    return int(start["status"])


@pytest.mark.parametrize("host", ["app.example.com", "APP.example.com.:443", "app.example.com:80"])
async def test_the_public_urls_host_is_ours_at_any_port(host: str) -> None:
    assert await status("https://app.example.com:8443", host, "0") == 404


@pytest.mark.parametrize(
    "host",
    [
        "app.example.com.evil.example",
        "app.example.com@evil.example",
        "evil.example:app.example.com",
        "127.0.0.1",
        "localhost",
        "[::1]:8080",
        "[",
        "\xff",
        "",
    ],
)
async def test_no_other_host_is(host: str) -> None:
    assert await status("https://app.example.com", host, "0") == 400


@pytest.mark.parametrize("host", ["127.0.0.9:1", "localhost", "[::1]:8080"])
async def test_a_developer_is_at_home_on_every_loopback(host: str) -> None:
    assert await status("http://127.0.0.1:8080", host, "1") == 404
    assert await status("http://127.0.0.1:8080", "evil.example", "1") == 400
