"""Environment → frozen `Settings`. The only reader of `os.environ`; names every wrong key at once and stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from redis.connection import parse_url

PREFIX = "B24APP_"
ROOT = Path(__file__).resolve().parent.parent
AUTH_SERVERS = ("https://oauth.bitrix24.tech", "https://oauth.bitrix.info")


class WrongSettings(Exception):
    """The environment cannot be used; `problems` has one line per key, each naming the key and what to do."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who runs this deployment and answers for it, as its pages say; "" for what nobody has said. `hours`: of support,
    with their time zone. `english`: name, address and hours for readers of English, where these differ."""

    name: str = ""
    address: str = ""
    mail: str = ""
    hours: str = ""
    english: tuple[str, str, str] = ("", "", "")

    def told(self, lang: str) -> Vendor:
        """In one language."""
        if lang != "en":
            return self
        name, address, hours = self.english
        return replace(self, name=name or self.name, address=address or self.address, hours=hours or self.hours)


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses and secrets of one deployment. URLs carry no trailing slash; keys are Fernet keys, newest first."""

    client_id: str
    client_secret: str
    public_url: str
    secret_keys: tuple[str, ...]
    auth_servers: tuple[str, ...]
    database_url: str
    database_owner_url: str
    redis_url: str
    data_dir: Path
    manifest: Path
    dev_mode: bool
    vendor: Vendor = Vendor()

    def __repr__(self) -> str:
        return f"Settings(public_url={self.public_url!r}, dev_mode={self.dev_mode})"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Raise `WrongSettings` with every problem found, not only the first."""
    problems: list[str] = []

    def value(name: str, default: str | None = None) -> str:
        found = environ.get(PREFIX + name, "").strip() or default
        if found is None:
            problems.append(f"{PREFIX}{name} is missing.")
        return found or ""

    settings = Settings(
        client_id=value("CLIENT_ID"),
        client_secret=value("CLIENT_SECRET"),
        public_url=value("PUBLIC_URL").rstrip("/"),
        secret_keys=_list(value("SECRET_KEYS")),
        auth_servers=_list(value("AUTH_SERVERS", ",".join(AUTH_SERVERS))),
        database_url=value("DATABASE_URL"),
        database_owner_url=value("DATABASE_OWNER_URL", value("DATABASE_URL", "-")),
        redis_url=value("REDIS_URL"),
        data_dir=Path(value("DATA_DIR", str(ROOT / ".data"))),
        manifest=Path(value("MANIFEST", str(ROOT / "app.yaml"))),
        dev_mode=value("DEV_MODE", "0") == "1",
        vendor=Vendor(
            name=value("VENDOR_NAME", ""),
            address=value("VENDOR_ADDRESS", ""),
            mail=value("VENDOR_MAIL", ""),
            hours=value("VENDOR_HOURS", ""),
            english=(value("VENDOR_NAME_EN", ""), value("VENDOR_ADDRESS_EN", ""), value("VENDOR_HOURS_EN", "")),
        ),
    )
    problems += _wrong_values(settings)
    if problems:
        raise WrongSettings(problems)
    return settings


def as_environment(settings: Settings) -> dict[str, str]:
    """What `read_settings` reads these settings from: for processes that are started with them."""
    vendor = settings.vendor
    named = {
        "CLIENT_ID": settings.client_id,
        "CLIENT_SECRET": settings.client_secret,
        "PUBLIC_URL": settings.public_url,
        "SECRET_KEYS": ",".join(settings.secret_keys),
        "AUTH_SERVERS": ",".join(settings.auth_servers),
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": settings.database_owner_url,
        "REDIS_URL": settings.redis_url,
        "DATA_DIR": str(settings.data_dir),
        "MANIFEST": str(settings.manifest),
        "DEV_MODE": "1" if settings.dev_mode else "0",
        "VENDOR_NAME": vendor.name,
        "VENDOR_ADDRESS": vendor.address,
        "VENDOR_MAIL": vendor.mail,
        "VENDOR_HOURS": vendor.hours,
        **dict(zip(("VENDOR_NAME_EN", "VENDOR_ADDRESS_EN", "VENDOR_HOURS_EN"), vendor.english, strict=True)),
    }
    return {PREFIX + name: value for name, value in named.items()}


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())


def _wrong_values(settings: Settings) -> list[str]:
    problems = [
        f"{PREFIX}SECRET_KEYS holds a value that is no key: make one with `b24app keys`."
        for key in settings.secret_keys
        if not _is_key(key)
    ]
    url = urlsplit(settings.public_url)
    if settings.public_url and (url.scheme not in ("http", "https") or not url.hostname or url.path or url.query):
        problems.append(f"{PREFIX}PUBLIC_URL must be an origin like https://app.example.com.")
    elif settings.public_url and settings.dev_mode and not is_loopback(url.hostname or ""):
        problems.append(f"{PREFIX}DEV_MODE opens private addresses and is refused with a public {PREFIX}PUBLIC_URL.")
    elif settings.public_url and not settings.dev_mode and url.scheme != "https":
        problems.append(f"{PREFIX}PUBLIC_URL must be https outside {PREFIX}DEV_MODE.")
    if not settings.dev_mode and any(not server.startswith("https://") for server in settings.auth_servers):
        problems.append(f"{PREFIX}AUTH_SERVERS must be https origins outside {PREFIX}DEV_MODE.")
    if settings.database_url and not settings.database_url.startswith("postgresql+asyncpg://"):
        problems.append(f"{PREFIX}DATABASE_URL must start with postgresql+asyncpg://.")
    if settings.vendor.mail and "@" not in settings.vendor.mail:
        problems.append(f"{PREFIX}VENDOR_MAIL must be an address like support@example.com.")
    if settings.redis_url and not _is_redis(settings.redis_url):
        problems.append(
            f"{PREFIX}REDIS_URL must be like redis://:password@host:6379/0, rediss://… or unix://…; in a password"
            " /, @, : and % are written as %2F, %40, %3A and %25."
        )
    return problems


def _is_redis(url: str) -> bool:
    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:
        return False
    return True


def _is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host, without its port and brackets, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
