"""Every process starts: its first import may be any of these, and none of them may need another to come before."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from b24app.cli.processes import worker
from b24app.settings import ROOT, WrongSettings, read_settings


@pytest.mark.parametrize("module", ["b24app.asgi", "b24app.cli", "workers.chores", "workers.inbox", "workers.outbox"])
def test_it_can_be_imported_first(module: str) -> None:
    command = [sys.executable, "-c", f"import {module}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]


def test_each_command_of_the_readme_is_there_once() -> None:
    """Make takes the last of two rules of one name and only warns."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(targets) == len(set(targets))
    assert {"demo", "demo-check", "test", "bench", "soak", "foreign", "check", "fmt", "emulator"} <= set(targets)


def test_a_worker_that_erases_wants_to_be_the_owner() -> None:
    """As the app's own role it would erase nothing, since row-level security shows it no portal's rows."""
    environ = {
        "B24APP_CLIENT_ID": "app.1",
        "B24APP_CLIENT_SECRET": "secret",
        "B24APP_PUBLIC_URL": "https://app.example.com",
        "B24APP_SECRET_KEYS": Fernet.generate_key().decode(),
        "B24APP_DATABASE_URL": "postgresql+asyncpg://b24app@localhost/b24app",
        "B24APP_REDIS_URL": "redis://localhost",
    }
    with pytest.raises(WrongSettings, match="B24APP_DATABASE_OWNER_URL is missing"):
        worker(read_settings(environ), ["erasing"])
