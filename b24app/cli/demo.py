"""`b24app demo`: the whole product on loopback, each party on an address of its own, with embedded servers.

    portals 127.0.0.2 and .3 · their auth server 127.0.0.4 · the app 127.0.0.1 · the sample client app 127.0.0.5

Everything started here dies with this process. Data stays in `DATA_DIR/demo` until `make clean`.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from cryptography.fernet import Fernet

from b24app import embedded
from b24app.assembly import open_resources
from b24app.cli.demo_story import Story, Told
from b24app.journeys import client_apps
from b24app.manifest import Manifest, read_manifest
from b24app.resources import Resources
from b24app.settings import ROOT, Settings, as_environment, read_settings
from b24app.store import portals
from b24app.store.schema import migrate

WAIT = 60.0
POLL = 0.2
SAMPLE_APP_NAMES = {"ru": "Личный кабинет (пример)", "en": "Sample account"}


@dataclass(frozen=True, slots=True)
class Places:
    """host:port of every party."""

    app: str
    first_portal: str
    second_portal: str
    auth: str
    client_app: str


STANDARD = Places("127.0.0.1:8080", "127.0.0.2:8082", "127.0.0.3:8082", "127.0.0.4:8084", "127.0.0.5:8085")


def demo(*, check: bool) -> int:
    """Run until Ctrl-C, or, with `check`, until its own story is told; then 0 only if all of it held."""
    places = _free_places() if check else STANDARD
    taken = [place for place in vars_of(places) if not check and _answers(place)]
    if taken:
        print(f"Something listens on {', '.join(taken)} already. Is another demo running?", file=sys.stderr)
        return 1
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory())) if check else ROOT / ".data" / "demo"
        if check and os.geteuid() == 0:
            home.chmod(0o755)  # a folder of ours: PostgreSQL's own user has to pass through it
        home.mkdir(parents=True, exist_ok=True)
        settings = stack.enter_context(_servers(home, places))
        manifest = read_manifest(settings.manifest)
        migrate(settings.database_owner_url, settings.database_url)
        for command in _commands(home, places, settings, manifest):
            stack.enter_context(_child(command, _environment(settings, places), quiet=check))
        return asyncio.run(
            _told(settings, manifest, places, home) if check else _shown(settings, manifest, places, home)
        )


def vars_of(places: Places) -> list[str]:
    return [places.app, places.first_portal, places.second_portal, places.auth, places.client_app]


class _servers:  # noqa: N801 - a context manager used like a function
    """PostgreSQL and Redis, and the settings that name them."""

    def __init__(self, home: Path, places: Places) -> None:
        self.home, self.places, self.stack = home, places, ExitStack()

    def __enter__(self) -> Settings:
        server = self.stack.enter_context(embedded.postgres(self.home, durable=True))
        redis_url = self.stack.enter_context(embedded.redis(self.home))
        secret = _kept(self.home / "secrets.json")
        return read_settings(
            {
                "B24APP_CLIENT_ID": secret["client_id"],
                "B24APP_CLIENT_SECRET": secret["client_secret"],
                "B24APP_SECRET_KEYS": secret["key"],
                "B24APP_PUBLIC_URL": f"http://{self.places.app}",
                "B24APP_AUTH_SERVERS": f"http://{self.places.auth}",
                "B24APP_DATABASE_URL": server.url(),
                "B24APP_DATABASE_OWNER_URL": server.url(embedded.OWNER),
                "B24APP_REDIS_URL": redis_url,
                "B24APP_DATA_DIR": str(self.home),
                "B24APP_DEV_MODE": "1",
            }
        )

    def __exit__(self, *error: object) -> None:
        self.stack.close()


def _kept(path: Path) -> Mapping[str, str]:
    """This demo's own secrets, made on first use."""
    if not path.exists():
        made = {
            "client_id": f"app.{secrets.token_hex(7)}.{secrets.randbelow(10**8):08}",
            "client_secret": secrets.token_urlsafe(32),
            "key": Fernet.generate_key().decode(),
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(made), encoding="utf-8")
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _environment(settings: Settings, places: Places) -> dict[str, str]:
    return {
        **os.environ,
        **as_environment(settings),
        "CLIENT_APP_API": f"{settings.public_url}/api/v1",
        "CLIENT_APP_URL": f"http://{places.client_app}",
        "CLIENT_APP_DATA": str(settings.data_dir / "client_app"),
    }


def _commands(home: Path, places: Places, settings: Settings, manifest: Manifest) -> list[Sequence[str]]:
    """One worker serves interactive work only; the other does everything."""
    config = home / "emulator.json"
    config.write_text(json.dumps(_emulator(places, settings, manifest), ensure_ascii=False), encoding="utf-8")
    host, port = places.app.split(":")
    return [
        ["emulator", "--config", str(config)],
        ["b24app", "serve", "--host", host, "--port", port],
        ["b24app", "worker", "interactive"],
        ["b24app", "worker", "outbox", "interactive", "chores", "bulk"],
        ["b24app", "tick"],
        ["examples.client_app"],
    ]


def _emulator(places: Places, settings: Settings, manifest: Manifest) -> dict[str, object]:
    url = settings.public_url
    app = {
        "code": manifest.code,
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "title": manifest.title,
        "app_url": f"{url}/app",
        "install_url": f"{url}/install",
        "scope": list(manifest.scopes),
    }
    first = {"name": "rental", "host": places.first_portal, "lang": "ru", "title": "ТехноПарк Аренда", "seed": "rental"}
    second = {"name": "acme", "host": places.second_portal, "lang": "en", "title": "Acme Rentals", "seed": "acme"}
    return {"portals": [first, second], "auth_host": places.auth, "apps": [app], "pump": True}


class _child:  # noqa: N801 - a context manager used like a function
    """One process of the demo; it is told to stop at the end and dies with us whatever happens."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], *, quiet: bool) -> None:
        self.command, self.environment, self.quiet = command, environment, quiet

    def __enter__(self) -> subprocess.Popen[bytes]:
        out = subprocess.DEVNULL if self.quiet and not os.environ.get("B24APP_DEMO_LOGS") else None
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", *self.command],
            cwd=ROOT,
            env=dict(self.environment),
            stdout=subprocess.DEVNULL,
            stderr=out,
            preexec_fn=_die_with_us,  # noqa: PLW1509 - one prctl, before anything else runs
            start_new_session=True,  # Ctrl-C is ours; children are stopped in order
        )
        return self.process

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(embedded.PR_SET_PDEATHSIG, int(signal.SIGTERM))


@asynccontextmanager
async def _standing(
    settings: Settings, manifest: Manifest, places: Places
) -> AsyncIterator[tuple[Resources, aiohttp.ClientSession]]:
    """Our own view of the running demo, once every party answers."""
    async with (
        open_resources(settings, manifest) as resources,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        for place in (f"{places.app}/readyz", places.first_portal, f"{places.client_app}/heard.json"):
            await _until_answers(http, f"http://{place}")
        yield resources, http


async def _told(settings: Settings, manifest: Manifest, places: Places, home: Path) -> int:
    async with _standing(settings, manifest, places) as (resources, http):
        connecting = asyncio.create_task(_connect_sample_app(resources, http, places, home))
        story = Story(resources, http, f"http://{places.first_portal}", f"http://{places.client_app}")
        try:
            await story.tell()
        except Told as broken:
            print(f"✗ {broken}")
            return 1
        finally:
            connecting.cancel()
    print("All of it held.")
    return 0


async def _shown(settings: Settings, manifest: Manifest, places: Places, home: Path) -> int:
    async with _standing(settings, manifest, places) as (resources, http):
        print(_tour(places), flush=True)
        await _connect_sample_app(resources, http, places, home)
        print("✓ The sample client app is connected: its webhooks arrive from now on.", flush=True)
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        await stop.wait()
    print("Stopping …")
    return 0


async def _connect_sample_app(resources: Resources, http: aiohttp.ClientSession, places: Places, home: Path) -> None:
    """As soon as the first portal has installed the app and was read, let the sample client app in with its key."""
    while True:
        async with resources.glance() as db:
            portal = await portals.by_domain(db, places.first_portal)
        if portal and portal.state == "active" and portal.imported:
            break
        await asyncio.sleep(POLL)
    kept = home / "client_app_key"
    if not kept.exists():
        made = await client_apps.create(resources, portal.id, SAMPLE_APP_NAMES[portal.lang])
        kept.touch(mode=0o600)
        kept.write_text(made.key, encoding="utf-8")
    async with http.post(f"http://{places.client_app}/connect", data={"key": kept.read_text()}) as answer:
        answer.raise_for_status()


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
            raise TimeoutError(f"{url} does not answer")
        await asyncio.sleep(POLL)


def _free_places() -> Places:
    """Ports nobody uses now, so that a check never meets a running demo."""
    hosts = [place.split(":")[0] for place in vars_of(STANDARD)]
    sockets = [socket.socket() for _ in hosts]
    try:
        for one, host in zip(sockets, hosts, strict=True):
            one.bind((host, 0))
        return Places(*(f"{host}:{one.getsockname()[1]}" for one, host in zip(sockets, hosts, strict=True)))
    finally:
        for one in sockets:
            one.close()


def _answers(place: str) -> bool:
    host, port = place.split(":")
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((host, int(port))) == 0


def _tour(places: Places) -> str:
    return f"""
  Portal (Russian)      http://{places.first_portal}/
  Portal (English)      http://{places.second_portal}/
  Sample client app     http://{places.client_app}/
  API reference         http://{places.app}/api/v1/docs

  A tour of two minutes
  1. Open the Russian portal and enter as its administrator.
  2. «Маркетплейс» → «Клиентский кабинет» → «Установить». The installer does its work and opens the app.
  3. CRM → Контакты → open a contact, tick «Нужна проверка», save.
  4. The sample client app hears it within two seconds and closes the sections.
  5. Back in the card: tab «Клиентский кабинет» shows the delivery. Press «Подтвердить».

  Ctrl-C stops everything.
"""
