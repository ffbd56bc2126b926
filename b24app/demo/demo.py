"""`b24app demo`: the whole product on loopback, each party on an address of its own, with embedded servers.

    portals 127.0.0.2 and .3 · their auth server 127.0.0.4 · the app 127.0.0.1 · the sample client app 127.0.0.5

Everything started here dies with this process. Portals, app and sample client app keep their data together, in
`.data/demo`, until `--fresh` or `make clean`; where the portals cannot be kept, all of them begin afresh.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import IO

import aiohttp

from b24app.assembly import open_resources
from b24app.delivery.journeys import client_apps
from b24app.demo.parties import (
    POLL,
    STANDARD,
    WAIT,
    NoParty,
    Places,
    child,
    commands,
    environment,
    forget,
    free_places,
    running,
)
from b24app.demo.servers import NoServer
from b24app.demo.story import LIVES, Story, StoryStep
from b24app.domain.portal.portal import Portal
from b24app.manifest import Manifest, read_manifest
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.settings import ROOT, Settings
from b24app.store.schema import migrate

HOME = ROOT / ".data" / "demo"
LOOK = 1.0  # seconds between two looks whether the sample client app has to be connected
SAMPLE_APP_NAMES = {"ru": "Личный кабинет (пример)", "en": "Sample account"}


def demo(*, check: bool, fresh: bool = False, logs: bool = False) -> int:
    """Run until Ctrl-C, or, with `check`, until its own story is told; then 0 only if all of it held.

    `fresh`: forget what an earlier demo has kept. `logs`: on the terminal, not in a file.
    """
    try:
        return _check(logs=logs) if check else _show(fresh=fresh, logs=logs)
    except (NoParty, NoServer, TimeoutError) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1


def _show(*, fresh: bool, logs: bool) -> int:
    if taken := STANDARD.taken():
        print(f"Something listens on {', '.join(taken)} already. Is another demo running?", file=sys.stderr)
        return 1
    HOME.mkdir(parents=True, exist_ok=True)
    if fresh:
        forget(HOME)
    earlier = (HOME / "secrets.json").exists()
    log = HOME / "demo.log"
    with ExitStack() as stack:
        said = None if logs else stack.enter_context(log.open("wb"))
        manifest, settings, afresh = _stand_up(stack, HOME, STANDARD, said)
        if afresh and earlier:
            print("The portals of the last demo were not kept: they were killed, or the code or app.yaml has changed.")
            print("All begin afresh.")
        return asyncio.run(_shown(settings, manifest, STANDARD, HOME, None if logs else log))


def _check(*, logs: bool) -> int:
    """The story in three lives of one demo: newly installed, gone on with, installed again after its removal."""
    places = free_places()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if os.geteuid() == 0:
            home.chmod(0o755)  # a folder of ours: PostgreSQL's own user has to pass through it
        for life in LIVES:
            with ExitStack() as stack:
                said = None if logs else stack.enter_context(Path(os.devnull).open("wb"))
                manifest, settings, afresh = _stand_up(stack, home, places, said)
                if afresh != (life is LIVES[0]):
                    print("✗ a demo that was stopped begins afresh", file=sys.stderr)
                    return 1
                if not asyncio.run(_told(settings, manifest, places, home, life)):
                    return 1
    print("All of it held.")
    return 0


def _stand_up(stack: ExitStack, home: Path, places: Places, log: IO[bytes] | None) -> tuple[Manifest, Settings, bool]:
    manifest = read_manifest(ROOT / "app.yaml")
    settings, afresh = stack.enter_context(running(home, places, manifest, log))
    migrate(settings.database_owner_url, settings.database_url)
    for command in commands(places):
        stack.enter_context(child(command, environment(settings, places), log))
    return manifest, settings, afresh


@asynccontextmanager
async def _standing(
    settings: Settings, manifest: Manifest, places: Places, home: Path
) -> AsyncIterator[tuple[Resources, aiohttp.ClientSession]]:
    """Our own view of the running demo, once every party answers; the sample client app is let in meanwhile."""
    async with (
        open_resources(settings, manifest) as resources,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        for place in (f"{places.app}/readyz", places.first_portal, f"{places.client_app}/heard.json"):
            await _until_answers(http, f"http://{place}")
        connecting = asyncio.create_task(_keep_sample_app_connected(resources, http, places, home))
        try:
            yield resources, http
        finally:
            connecting.cancel()


async def _told(settings: Settings, manifest: Manifest, places: Places, home: Path, life: str) -> bool:
    async with _standing(settings, manifest, places, home) as (resources, http):
        story = Story(resources, http, f"http://{places.first_portal}", f"http://{places.client_app}")
        try:
            await story.tell(life)
        except StoryStep as broken:
            print(f"✗ {broken}")
            return False
    return True


async def _shown(settings: Settings, manifest: Manifest, places: Places, home: Path, log: Path | None) -> int:
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with _standing(settings, manifest, places, home):
        print(_tour(places, log), flush=True)
        await stop.wait()
    print("Stopping …", flush=True)
    return 0


async def _keep_sample_app_connected(
    resources: Resources, http: aiohttp.ClientSession, places: Places, home: Path
) -> None:
    """Let the sample client app in with a key of the first portal, whenever that portal has installed the app anew."""
    connected = False
    while True:
        async with resources.autocommit() as db:
            portal = await portals.by_domain(db, places.first_portal)
        if portal is None or portal.state != "active" or not portal.imported:
            connected = False
        elif not connected:
            connected = await _connect(resources, http, places, home / "client_app_key", portal)
        await asyncio.sleep(LOOK if connected else POLL)


async def _connect(
    resources: Resources, http: aiohttp.ClientSession, places: Places, kept: Path, portal: Portal
) -> bool:
    """With the key of an earlier run, else with a new one: its client app may have gone with its portal's data."""
    if (key := _read(kept)) and await _takes(http, places, key):
        return True
    made = await client_apps.create(resources, portal.id, SAMPLE_APP_NAMES[portal.lang])
    _write(kept, made.key)
    return await _takes(http, places, made.key)


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


async def _takes(http: aiohttp.ClientSession, places: Places, key: str) -> bool:
    async with http.post(f"http://{places.client_app}/connect", data={"key": key}, allow_redirects=False) as answer:
        return answer.status < 400


async def _until_answers(http: aiohttp.ClientSession, url: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT
    while True:
        try:
            async with http.get(url) as answer:
                if answer.status < 500:
                    return
        except aiohttp.ClientError:
            pass
        if loop.time() > deadline:
            raise TimeoutError(f"{url} does not answer: `make demo LOGS=1` shows why")
        await asyncio.sleep(POLL)


def _tour(places: Places, log: Path | None) -> str:
    logs = f"\n  Logs                  {log.relative_to(ROOT)} (make demo LOGS=1 shows them here)" if log else ""
    return f"""
  Portal (Russian)      http://{places.first_portal}/
  Portal (English)      http://{places.second_portal}/
  Sample client app     http://{places.client_app}/
  API reference         http://{places.app}/api/v1/docs{logs}

  A tour of two minutes; words in « » are the Russian portal's own
  1. Open the Russian portal and enter as its administrator.
  2. «Маркетплейс» (Market) → «Клиентский кабинет» → «Установить» (Install). The installer does its work and opens
     the app. The sample client app is connected by itself.
  3. «CRM» → «Контакты» (Contacts) → open a contact. At the bottom of the card, under «Дополнительно» (More), change
     «Нужна проверка» (Verification needed) with its pencil, tick it, save.
  4. The sample client app hears it within two seconds and closes the sections.
  5. Back in the card: the tab «Клиентский кабинет» shows the delivery. Press «Подтвердить» (Confirm).

  Ctrl-C stops everything. Next time it goes on from here; `make demo FRESH=1` begins anew.
"""
