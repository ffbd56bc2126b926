"""`python -m tests.foreign CHECKOUT`: b24pysdk's own integration suite against the emulator. 0 = all is explained."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from b24app.settings import ROOT
from tests.foreign.explained import BY_CHANCE, EXPLAINED, WRITTEN_FOR
from tests.foreign.report import judged, read
from tests.foreign.stage import Stage, constants, environment, open_stage

SUITE, PARTS = "tests/integration", ("b24pysdk", "tests", "pytest.ini", "pyproject.toml")
LOG = ROOT / "build" / "foreign.log"  # what pytest had to say
HINT = (
    "The suite of b24pysdk is not kept here. Outside this folder: git clone --depth 1 --branch "
    f"{WRITTEN_FOR} https://github.com/bitrix24/b24pysdk, then here: make foreign CHECKOUT=path-of-the-clone"
)


def main(arguments: list[str]) -> int:
    """0 = each failure is explained, 1 = not, 2 = there is no checkout."""
    checkout = Path(arguments[0]).expanduser() if arguments and arguments[0] else None
    if checkout is None or not all((checkout / part).exists() for part in (*PARTS, SUITE)):
        print(HINT)
        return 2
    version = _version(checkout)
    print(f"b24pysdk {version}, its tests with its own SDK; a minute or two …", flush=True)
    with tempfile.TemporaryDirectory(prefix="b24-foreign-") as folder:
        lines, served, broken = asyncio.run(_played(checkout, Path(folder)))
    verdict = judged(read(lines), served, EXPLAINED, BY_CHANCE)
    print(verdict.words, *broken, f"What pytest said: {LOG}", sep="\n")
    if not verdict.good and version != WRITTEN_FOR:
        print(f"The explanations were written for b24pysdk {WRITTEN_FOR}.")
    return 0 if verdict.good and not broken else 1


def _version(checkout: Path) -> str:
    found = re.search(r'^version = "(.+)"', (checkout / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else "of an unknown version"


async def _played(checkout: Path, folder: Path) -> tuple[list[dict[str, Any]], frozenset[str], list[str]]:
    """The witness's lines, the methods served, and what broke in the emulator itself.

    The suite runs in a copy, since it writes tokens into its own folder.
    """
    copy, report = folder / "suite", folder / "report.jsonl"
    copy.mkdir()
    for part in PARTS:
        copied = shutil.copytree if (checkout / part).is_dir() else shutil.copy
        copied(checkout / part, copy / part)
    LOG.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-p", "witness", "-p", "no:asyncio", "--tb=short", SUITE]
    async with open_stage(folder) as stage:
        with LOG.open("wb") as log:
            around = _surroundings(stage, report)
            playing = await asyncio.create_subprocess_exec(*command, cwd=copy, env=around, stdout=log, stderr=log)
            await playing.wait()
        lines = report.read_text("utf-8").splitlines() if report.exists() else []
        broken = [f"THE EMULATOR BROKE: {crash}" for crash in stage.emulator.world.crashes]
        return [json.loads(line) for line in lines], frozenset(stage.emulator.world.methods), broken


def _surroundings(stage: Stage, report: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("B24_", "PYTEST_"))}
    return {
        **kept,
        **environment(stage),
        "FOREIGN_HOSTS": json.dumps(stage.hosts),
        "FOREIGN_CONSTANTS": json.dumps(constants(stage)),
        "FOREIGN_REPORT": str(report),
        "PYTHONPATH": str(Path(__file__).parent),
        "REQUESTS_CA_BUNDLE": str(stage.ca),
        "NO_PROXY": "*",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
