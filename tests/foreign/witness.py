"""A pytest plugin inside the foreign suite: leads its hosts to the emulator and notes which methods each test called.

Loaded by its file's name (`-p witness`), so it imports nothing of this project. In the environment: `FOREIGN_HOSTS` =
{name: [address, port]}, `FOREIGN_CONSTANTS` = what the suite's `tests/constants_local.py` would say, `FOREIGN_REPORT` =
the file that gets one JSON line per phase of a test.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

HOSTS: dict[str, list[Any]] = json.loads(os.environ["FOREIGN_HOSTS"])
REPORT = Path(os.environ["FOREIGN_REPORT"])
REST = re.compile(r"^/rest/+(?:\d+/[^/]+/+)?(.+?)(?:\.json)?/*$")
called: list[str] = []
passed: dict[tuple[str, str], bool] = {}  # the last result of a named test, by file


def _environs() -> ModuleType:
    """The few words of `environs` that the suite uses to read its own settings."""

    def text(_: object, name: str, default: Any = None) -> Any:
        return os.environ.get(name, default)

    def number(_: object, name: str, default: Any = None) -> Any:
        return int(os.environ[name]) if name in os.environ else default

    module = ModuleType("environs")
    vars(module).update(Env=type("Env", (), {"read_env": lambda *_: None, "str": text, "int": number}))
    return module


def _psygnal() -> ModuleType:
    """The signals by which the suite hears of renewed tokens; without them none of its OAuth tests begins."""

    class SignalInstance:
        def __init__(self) -> None:
            self.listeners: list[Callable[[Any], object]] = []

        def connect(self, listener: Callable[[Any], object]) -> None:
            self.listeners.append(listener)

        def emit(self, event: Any) -> None:
            for listener in self.listeners:
                listener(event)

    def signal(_: type, signal_instance_class: type[SignalInstance]) -> SignalInstance:
        return signal_instance_class()

    module = ModuleType("psygnal")
    vars(module).update(Signal=signal, SignalInstance=SignalInstance)
    return module


def _constants() -> ModuleType:
    module = ModuleType("tests.constants_local")
    vars(module).update(json.loads(os.environ["FOREIGN_CONSTANTS"]))
    return module


def _resolve(host: Any, port: Any, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
    """`getaddrinfo` of a world in which only the emulator exists."""
    if host not in HOSTS:
        raise socket.gaierror(socket.EAI_NONAME, f"{host}: only the emulator can be reached from here")
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", tuple(HOSTS[host]))]


def _methods(request: requests.PreparedRequest) -> list[str]:
    """REST methods of a request; a batch counts as itself and its commands."""
    matched = REST.match(urlsplit(request.url or "").path)
    if matched is None:
        return []
    name = matched[1].lower()
    if name != "batch":
        return [name]
    body = json.loads(request.body or "{}")
    commands = body.get("cmd", {}) if isinstance(body, dict) else {}
    rows = commands.values() if isinstance(commands, dict) else commands
    return [name, *(str(row).partition("?")[0].lower() for row in rows)]


def _arrange() -> None:
    """Before the suite's conftest is read, so at import."""
    sys.modules |= {"environs": _environs(), "psygnal": _psygnal()}
    sys.modules["tests.constants_local"] = _constants()
    socket.getaddrinfo = _resolve
    send = requests.Session.send

    def noted(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        called.extend(_methods(request))
        return send(self, request, **options)

    requests.Session.send = noted  # type: ignore[method-assign]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What `pytest-dependency` does: a test is skipped whose named forerunner in the same file did not pass."""
    mark, file = item.get_closest_marker("dependency"), item.nodeid.partition("::")[0]
    for name in mark.kwargs.get("depends", ()) if mark else ():
        if not passed.get((file, name)):
            item.user_properties.append(("after", name))
            pytest.skip(f"depends on {name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if mark := item.get_closest_marker("dependency"):
        name = str(mark.kwargs.get("name") or item.name)
        key = (item.nodeid.partition("::")[0], name)
        passed[key] = report.passed and (report.when == "setup" or passed[key])
        report.user_properties.append(("name", name))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else crash.message if crash else report.longrepr
    known = dict(report.user_properties)
    line = {
        "test": report.nodeid.removeprefix("tests/integration/"),
        "outcome": report.outcome,
        "text": str(text or ""),
        "methods": list(called),
        "name": known.get("name", ""),
        "after": known.get("after", ""),
    }
    called.clear()
    with REPORT.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


_arrange()
