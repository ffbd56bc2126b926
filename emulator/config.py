"""What to run: portals, auth server, market catalogue."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.installs import MarketApp


@dataclass(frozen=True, slots=True)
class PortalConfig:
    """One portal. `host` may name port 0: the real port is known before the world is built.

    `old`: an on-premise box that does not send the three newer keys of an open. `plan`: `free | pro | enterprise`.
    """

    name: str
    host: str = "127.0.0.2:8082"
    lang: str = "ru"
    title: str = ""
    old: bool = False
    plan: str = "pro"


@dataclass(frozen=True, slots=True)
class EmulatorConfig:
    """`tls`: https everywhere with a throw-away CA kept in `tls_dir`; `seed`: name of the data set, empty = bare portals.

    `pump`: deliver events by itself in the background; False = whoever runs the world calls `deliver()`.
    """

    portals: tuple[PortalConfig, ...] = (PortalConfig("first"),)
    auth_host: str = "127.0.0.4:8084"
    tls: bool = False
    tls_dir: Path | None = None
    seed: str = ""
    apps: tuple[MarketApp, ...] = ()
    pump: bool = False


def from_json(path: Path) -> EmulatorConfig:
    """Read `emulator.json`: the same words as the dataclasses. Raises ValueError naming a wrong key."""
    raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
    try:
        portals = tuple(PortalConfig(**row) for row in raw.pop("portals", [{"name": "first"}]))
        apps = tuple(MarketApp(**{**row, "scope": tuple(row.get("scope", ()))}) for row in raw.pop("apps", []))
        tls_dir = raw.pop("tls_dir", None)
        return EmulatorConfig(portals=portals, apps=apps, tls_dir=Path(tls_dir) if tls_dir else None, **raw)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from error
