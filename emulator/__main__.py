"""Run the emulator as a program: `python -m emulator [--config emulator.json] [--state FILE]`."""

import argparse
import asyncio
import signal
from dataclasses import replace
from pathlib import Path

from emulator.config import EmulatorConfig, PortalConfig, from_json
from emulator.run import Emulator, serve

DEMO = EmulatorConfig(
    portals=(
        PortalConfig("rental", "127.0.0.2:8082", "ru", "ТехноПарк Аренда", seed="rental"),
        PortalConfig("acme", "127.0.0.3:8082", "en", "Acme Rentals", old=True, seed="acme"),
    ),
    pump=True,
)


def _asked() -> EmulatorConfig:
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A Bitrix24 portal on this machine.")
    parser.add_argument("--config", type=Path, help="emulator.json; without it two portals with sample data")
    parser.add_argument("--tls", type=Path, metavar="FOLDER", help="serve https; CA and certificates go there")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the portals there between two runs")
    parser.add_argument("--no-pump", action="store_true", help="deliver events only when /_control/deliver asks")
    given = parser.parse_args()
    config = from_json(given.config) if given.config else DEMO
    if given.tls:
        config = replace(config, tls=True, tls_dir=given.tls)
    if given.state:
        config = replace(config, state=given.state)
    return replace(config, pump=False) if given.no_pump else config


def _told(emulator: Emulator) -> None:
    for portal in emulator.world.portals.values():
        print(f"portal {portal.name:12} {portal.url}/")
    print(f"auth server         {emulator.world.auth.url}/")
    if emulator.papers:
        print(f"trust this CA       {emulator.papers.ca}")


async def _run(config: EmulatorConfig) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with serve(config) as emulator:
        _told(emulator)
        await stop.wait()
    print("stopped")


def main() -> None:
    """Serve until told to stop."""
    asyncio.run(_run(_asked()))


if __name__ == "__main__":
    main()
