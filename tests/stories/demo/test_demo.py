"""The demo, started as a newcomer starts it: with processes, ports and a folder of its own."""

from __future__ import annotations

import asyncio
import sys

from b24app.settings import ROOT


async def test_its_story_holds_when_it_was_stopped_and_when_the_app_was_removed_with_its_data() -> None:
    command = [sys.executable, "-m", "b24app", "demo", "--check"]
    told = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await told.communicate()
    assert told.returncode == 0, said.decode()
