"""Every process starts: its first import may be any of these, and none of them may need another to come before."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from b24app.settings import ROOT


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
