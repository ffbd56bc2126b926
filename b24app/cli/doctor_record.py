"""`b24app doctor --portal … --record FILE`: what a portal answers, without values, and what is not as documented."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from b24app.assembly import open_resources
from b24app.cli.portal import portal_named
from b24app.connection_check.journeys import recording
from b24app.connection_check.journeys.trying_out import Tried
from b24app.errors import Refused
from b24app.manifest import read_manifest
from b24app.settings import Settings

STOPPED = 128 + signal.SIGTERM
"""Exit code."""


async def record_portal(settings: Settings, name: str, file: Path, *, with_test_card: bool = False) -> int:
    """Exit code 1: no such portal, it could not be asked to the end, or something in it is not as documented.

    `with_test_card`: a card is written too. A SIGTERM then ends this as a Ctrl-C does: the card is deleted first.
    """
    tried, stopped = Tried() if with_test_card else None, list[bool]()
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        stopped.append(True)
        assert task
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        code = await _record(settings, name, file, tried)
        return STOPPED if stopped else code  # a cancellation may get lost in Python 3.11 (wait_for)
    except asyncio.CancelledError:
        if not stopped:
            raise
        return STOPPED
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        if tried and tried.left:
            print(f"✗ record    the test card could not be deleted: contact {tried.left}; delete it in the CRM")


async def _record(settings: Settings, name: str, file: Path, tried: Tried | None) -> int:
    async with open_resources(settings, read_manifest(settings.manifest)) as resources:
        portal = await portal_named(resources, name)
        if portal is None:
            return 1
        try:
            said = await recording.record(resources, portal, tried)
        except Refused as error:
            print(f"✗ record    {error.code}: the installation of this portal was never finished")
            return 1
    write(said, file)
    return tell(said, file, print)


def write(said: Mapping[str, Any], file: Path) -> None:
    file.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")


def tell(said: Mapping[str, Any], file: Path, say: Callable[[str], None]) -> int:
    """One line per difference, then where the file is."""
    for one in recording.differences_of(said):
        where = f"{one.method} {one.field}".strip()
        shown = f"{one.what} {one.seen}".strip()
        expected = f", documented: {one.documented}" if one.documented else ""
        switch = one.switch or "no switch yet"
        say(f"! record    {where}: {shown}{expected} [{switch}]")
    for step, error in said.get("broken", {}).items():
        say(f"✗ record    {step}: the app cannot read the answer ({error})")
    if stopped := said.get("stopped"):
        say(f"✗ record    the portal was not asked to the end: {stopped}")
    mark = "!" if said["differences"] else "✓"
    say(f"{mark} record    {file} holds shapes only; docs/first-portal.md says what to do")
    return 1 if said["differences"] or said.get("broken") or stopped else 0
