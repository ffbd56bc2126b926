"""A world on disk, so that a portal which is stopped and started again is as its people left it.

The file is there only while no emulator runs: who starts takes it, who stops in order leaves a new one. A file of
another configuration or of other code of the emulator is not taken. It is a pickle in a folder of the owner's: never
read one that somebody else could have written.
"""

import asyncio
import hashlib
import pickle
from pathlib import Path

from emulator.config import EmulatorConfig
from emulator.model.world import World
from emulator.rest.registry import load


def take(path: Path, config: EmulatorConfig) -> World | None:
    """The world that was kept under this configuration, and the file goes; None where there is none that fits."""
    try:
        stamp, _, kept = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    path.unlink()
    if stamp != _stamp(config):
        return None
    world: World = pickle.loads(kept)  # noqa: S301 - our own file, see above
    world.methods = load()
    return world


def keep(world: World, path: Path) -> None:
    """What a stopped world leaves behind, readable by its owner only. The world is of no use afterwards."""
    world.session = world.listen = None
    world.methods = {}
    world.events.woken, world.events.under_way = asyncio.Event(), 0
    for portal in world.portals.values():
        portal.pull.waiting.clear()
    for fault in world.faults.requests:
        fault.waiting = 0
    started = path.with_suffix(".part")
    started.unlink(missing_ok=True)
    started.touch(mode=0o600)
    started.write_bytes(_stamp(world.config) + b"\n" + pickle.dumps(world))
    started.replace(path)


def _stamp(config: EmulatorConfig) -> bytes:
    """Changes with the configuration and with the emulator's code: kept objects would lack what is new."""
    return hashlib.sha256(_OURS + repr(config).encode()).hexdigest().encode()


def _code() -> bytes:
    found = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        found.update(file.read_bytes())
    return found.digest()


_OURS = _code()
"""Of this process, whatever is written into the folder while it runs: it is this code that the objects are made of."""
