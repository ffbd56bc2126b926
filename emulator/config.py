"""What to run: portals, auth server, market catalogue."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.model.installs import MarketApp


@dataclass(frozen=True, slots=True)
class PortalConfig:
    """One portal. `host` may name port 0: the real port is known before the world is built.

    `old`: a box that was not updated for years: it sends none of the three newer keys of an open, and its methods pass
    over what came later (`releases`). `plan`: `free | pro | enterprise`.
    `seed`: its data set, empty = the one of the whole configuration.
    """

    name: str
    host: str = "127.0.0.2:8082"
    lang: str = "ru"
    title: str = ""
    old: bool = False
    plan: str = "pro"
    seed: str = ""


@dataclass(frozen=True, slots=True)
class EmulatorConfig:
    """`tls`: https everywhere with a throw-away CA kept in `tls_dir`; `seed`: name of the data set, empty = bare.

    `pump`: deliver events by itself in the background; False = whoever runs the world calls `deliver()`.
    `webhooks_over_http`: incoming webhooks without https, as a box with REST_APAUTH_ALLOW_HTTP allows.
    `state`: the file that keeps the world between two runs (`keeping`); it needs fixed ports. None: every run is new.
    """

    portals: tuple[PortalConfig, ...] = (PortalConfig("first"),)
    auth_host: str = "127.0.0.4:8084"
    tls: bool = False
    tls_dir: Path | None = None
    seed: str = ""
    apps: tuple[MarketApp, ...] = ()
    pump: bool = False
    webhooks_over_http: bool = False
    state: Path | None = None


def from_json(path: Path) -> EmulatorConfig:
    """Read `emulator.json`: the same words as the dataclasses. Raises ValueError naming a wrong key."""
    raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
    try:
        portals = tuple(PortalConfig(**row) for row in raw.pop("portals", [{"name": "first"}]))
        apps = tuple(map(MarketApp.entered, raw.pop("apps", [])))
        paths: dict[str, Any] = {name: Path(raw.pop(name)) for name in ("tls_dir", "state") if raw.get(name)}
        return EmulatorConfig(portals=portals, apps=apps, **paths, **raw)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from error
