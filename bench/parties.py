"""The parties of a deployment as processes of their own, for benches: how they are started, found and waited for."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import aiohttp

from b24app.domain.portal.portal import Portal
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.settings import ROOT
from bench.figures import Ground
from emulator.model.installs import MarketApp

WAIT, POLL = 60.0, 0.05


@contextmanager
def child(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m <command>`, killed at the end. With B24APP_BENCH_LOGS set it may speak."""
    quiet = None if os.environ.get("B24APP_BENCH_LOGS") else subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=dict(environment), stdout=subprocess.DEVNULL, stderr=quiet
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def apart(target: Callable[..., None], *arguments: object) -> Iterator[None]:
    """A function of ours in a process of its own, killed at the end."""
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def free(*hosts: str) -> list[str]:
    """host:port of a free port on each."""
    sockets = [socket.socket() for _ in hosts]
    try:
        for one, host in zip(sockets, hosts, strict=True):
            one.bind((host, 0))
        return [f"{host}:{one.getsockname()[1]}" for one, host in zip(sockets, hosts, strict=True)]
    finally:
        for one in sockets:
            one.close()


def market(ground: Ground) -> MarketApp:
    """The app as the emulated marketplace has it."""
    return MarketApp(
        code=ground.manifest.code,
        client_id=ground.settings.client_id,
        client_secret=ground.settings.client_secret,
        title=dict(ground.manifest.title),
        app_url=f"{ground.settings.public_url}/app",
        install_url=f"{ground.settings.public_url}/install",
        scope=ground.manifest.scopes,
    )


def emulator_config(
    ground: Ground, app: str, auth: str, hosts: Mapping[str, str], plan: str = "pro"
) -> dict[str, object]:
    """What `python -m emulator --config` reads: portals by name on their hosts, the app in the catalogue."""
    market = {
        "code": ground.manifest.code,
        "client_id": ground.settings.client_id,
        "client_secret": ground.settings.client_secret,
        "title": dict(ground.manifest.title),
        "app_url": f"http://{app}/app",
        "install_url": f"http://{app}/install",
        "scope": list(ground.manifest.scopes),
    }
    rows = [{"name": name, "host": host, "plan": plan} for name, host in hosts.items()]
    return {"portals": rows, "auth_host": auth, "apps": [market], "webhooks_over_http": True}


async def install(http: aiohttp.ClientSession, control: str, portal: str, code: str) -> str:
    """What an administrator's browser does; the application token."""
    which = {"portal": portal, "app": code}
    await post(http, f"{control}/install", which)
    form = await post(http, f"{control}/open", which)
    async with http.post(form["action"], data=form["fields"]) as page:
        assert page.status == 200, await page.text()
    await post(http, f"{control}/finish", which)
    await post(http, f"{control}/deliver", {})
    return str(dict(form["fields"])["APPLICATION_TOKEN"])


async def known(resources: Resources, domain: str) -> Portal:
    """The app's own row of a portal."""
    async with resources.transaction() as db:
        found = await portals.by_domain(db, domain)
    assert found
    return found


async def imported(resources: Resources, domain: str) -> bool:
    return (await known(resources, domain)).imported


async def answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as answer:
            return answer.status < 500
    except aiohttp.ClientError:
        return False


async def until(true: Callable[[], Awaitable[bool]], within: float = WAIT) -> None:
    """Other processes are waited for: look again and again, so many seconds."""
    async with asyncio.timeout(within):
        while not await true():  # noqa: ASYNC110 - other processes are waited for
            await asyncio.sleep(POLL)


async def post(http: aiohttp.ClientSession, url: str, body: object) -> Any:
    async with http.post(url, json=body) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()
