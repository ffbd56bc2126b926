"""Who takes part in the demo: addresses, how each party is started, and the folder where they keep their things."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any

import yaml
from cryptography.fernet import Fernet

from b24app.demo import servers
from b24app.manifest import Manifest
from b24app.settings import ROOT, Settings, Vendor, as_environment, read_settings

WAIT, POLL = 60.0, 0.2
VENDOR = Vendor(
    "ООО «Пример»",
    "101000, Москва, Примерная ул., 1",
    "support@example.com",
    "пн–пт, 9:00–18:00 (Москва)",
    english=("Example LLC", "1 Example Street, Moscow", "Mon–Fri, 9:00–18:00 (Moscow time)"),
)
OUTLIVES = frozenset({"secrets.json", "demo.log"})  # of a home that begins afresh


class NoParty(RuntimeError):
    """A process of the demo did not start; the text says which."""


@dataclass(frozen=True, slots=True)
class Places:
    """host:port of every party."""

    app: str
    first_portal: str
    second_portal: str
    auth: str
    client_app: str

    def taken(self) -> list[str]:
        """Those where somebody listens already."""
        return [place for place in astuple(self) if _answers(place)]


STANDARD = Places("127.0.0.1:8080", "127.0.0.2:8082", "127.0.0.3:8082", "127.0.0.4:8084", "127.0.0.5:8085")


def free_places() -> Places:
    """Ports nobody uses now, so that a check never meets a running demo."""
    hosts = [place.split(":")[0] for place in astuple(STANDARD)]
    sockets = [socket.socket() for _ in hosts]
    try:
        for one, host in zip(sockets, hosts, strict=True):
            one.bind((host, 0))
        return Places(*(f"{host}:{one.getsockname()[1]}" for one, host in zip(sockets, hosts, strict=True)))
    finally:
        for one in sockets:
            one.close()


@contextmanager
def running(home: Path, places: Places, manifest: Manifest, log: IO[bytes] | None) -> Iterator[tuple[Settings, bool]]:
    """All parties but the app's own processes and the sample client app: portals, PostgreSQL, Redis.

    Yields the settings that name them, and whether all begin afresh. The portals start first, since they say whether
    they were kept: a CRM that has forgotten everything and an app that remembers it would tell false stories. They
    stop last, so that what they keep is what the app has seen.
    """
    secret = _kept_secrets(home / "secrets.json")
    config = home / "emulator.json"
    config.write_text(json.dumps(_emulator(places, secret, manifest), ensure_ascii=False), encoding="utf-8")
    portals = ["emulator", "--config", str(config), "--state", str(home / "portals")]
    with child(portals, os.environ, log):
        afresh = not _answer_of(f"http://{places.first_portal}/_control/state")["restored"]
        if afresh:
            forget(home, but=OUTLIVES | {config.name})
        with servers.postgres(home, durable=True) as server, servers.redis(home) as redis_url:
            yield _settings(home, places, secret, server, redis_url), afresh


def commands(places: Places) -> list[Sequence[str]]:
    """One worker serves interactive work only; the other does everything."""
    host, port = places.app.split(":")
    return [
        ["b24app", "serve", "--host", host, "--port", port],
        ["b24app", "worker", "interactive"],
        ["b24app", "worker", "outbox", "interactive", "chores", "bulk", "erasing"],
        ["b24app", "tick"],
        ["examples.client_app"],
    ]


def environment(settings: Settings, places: Places) -> dict[str, str]:
    return {
        **os.environ,
        **as_environment(settings),
        "CLIENT_APP_API": f"{settings.public_url}/api/v1",
        "CLIENT_APP_URL": f"http://{places.client_app}",
        "CLIENT_APP_DATA": str(settings.data_dir / "client_app"),
    }


def forget(home: Path, but: frozenset[str] = frozenset()) -> None:
    """Remove what the parties have kept, and the database wherever it stands."""
    servers.forget(home)
    for left in home.iterdir():
        if left.name not in but:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


@contextmanager
def child(command: Sequence[str], given: Mapping[str, str], log: IO[bytes] | None) -> Iterator[None]:
    """One process of the demo, with its words in `log` (None: on the terminal); it is told to stop at the end and dies
    with us whatever happens."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=dict(given),
        stdout=log or subprocess.DEVNULL,
        stderr=log,
        preexec_fn=_die_with_us,  # noqa: PLW1509 - one prctl, before anything else runs
        start_new_session=True,  # Ctrl-C is ours; children are stopped in order
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settings(
    home: Path, places: Places, secret: Mapping[str, str], server: servers.Postgres, redis_url: str
) -> Settings:
    settings = read_settings(
        {
            "B24APP_CLIENT_ID": secret["client_id"],
            "B24APP_CLIENT_SECRET": secret["client_secret"],
            "B24APP_SECRET_KEYS": secret["key"],
            "B24APP_PUBLIC_URL": f"http://{places.app}",
            "B24APP_AUTH_SERVERS": f"http://{places.auth}",
            "B24APP_DATABASE_URL": server.url(),
            "B24APP_DATABASE_OWNER_URL": server.url(servers.OWNER),
            "B24APP_REDIS_URL": redis_url,
            "B24APP_DATA_DIR": str(home),
            "B24APP_DEV_MODE": "1",
        }
    )
    return replace(settings, vendor=VENDOR)


def _kept_secrets(path: Path) -> Mapping[str, str]:
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


def _emulator(places: Places, secret: Mapping[str, str], manifest: Manifest) -> dict[str, object]:
    url = f"http://{places.app}"
    app = {
        "code": manifest.code,
        "client_id": secret["client_id"],
        "client_secret": secret["client_secret"],
        "title": manifest.title,
        "app_url": f"{url}/app",
        "install_url": f"{url}/install",
        "scope": list(manifest.scopes),
        "listing": listing(url, VENDOR),
    }
    first = {"name": "rental", "host": places.first_portal, "lang": "ru", "title": "ТехноПарк Аренда", "seed": "rental"}
    second = {"name": "acme", "host": places.second_portal, "lang": "en", "title": "Acme Rentals", "seed": "acme"}
    return {
        "portals": [first, second],
        "auth_host": places.auth,
        "apps": [app],
        "pump": True,
        "webhooks_over_http": True,
    }


def listing(app_url: str, vendor: Vendor) -> dict[str, object]:
    """The app's card in the Market: what its vendor enters, and where it lets the portal find the rest."""
    entered: dict[str, object] = yaml.safe_load((ROOT / "market" / "listing.yaml").read_text(encoding="utf-8"))
    told = {lang: vendor.told(lang) for lang in ("ru", "en")}
    return {
        **entered,
        "vendor": {lang: one.name for lang, one in told.items()},
        "support": {lang: f"{one.mail}, {one.hours}" for lang, one in told.items()},
        "licence": f"{app_url}/licence",
        "privacy": f"{app_url}/privacy",
        "icon": str(ROOT / "static" / "icon.svg"),
        "screenshots": str(ROOT / "build" / "listing"),
    }


def _answer_of(url: str) -> dict[str, Any]:
    deadline = monotonic() + WAIT
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of ours, on loopback
                found: dict[str, Any] = json.load(answer)
                return found
        except (urllib.error.URLError, OSError) as error:
            if monotonic() > deadline:
                raise NoParty(f"{url} does not answer") from error
        sleep(POLL / 4)


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(servers.PR_SET_PDEATHSIG, int(signal.SIGTERM))


def _answers(place: str) -> bool:
    host, port = place.split(":")
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((host, int(port))) == 0
