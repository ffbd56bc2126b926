"""`b24app calls`: what was asked of a portal lately, and what became of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from b24app.assembly import open_resources
from b24app.bitrix24.pace import PaceGauge
from b24app.bitrix24.setup import budget_of
from b24app.cli.portal import portal_named
from b24app.domain.portal.portal import Portal
from b24app.manifest import read_manifest
from b24app.portal.store import portal_calls
from b24app.portal.store.portal_calls import PortalCall
from b24app.resources import Resources
from b24app.settings import Settings

MOST = 1_000
SPANS = {"m": "minutes", "h": "hours", "d": "days"}


def span(text: str) -> timedelta:
    """`90m`, `6h`, `2d`."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in SPANS or len(number) > 5:
        raise argparse.ArgumentTypeError("say 90m, 6h or 2d")
    return timedelta(**{SPANS[unit]: int(number)})


async def show_calls(settings: Settings, portal: str, since: timedelta, *, errors: bool) -> int:
    """One line per request, oldest first; then methods short of operating time. Exit code 1: no such portal."""
    async with open_resources(settings, read_manifest(settings.manifest)) as resources:
        found = await portal_named(resources, portal)
        if found is None:
            return 1
        for line in await told(resources, found, since, errors=errors):
            print(line)
    return 0


async def told(resources: Resources, portal: Portal, since: timedelta, *, errors: bool) -> list[str]:
    """The lines to print."""
    from_ = resources.now() - since
    async with resources.tenant(portal.id) as db:
        calls, more = await portal_calls.listing(db, portal.id, from_, errors=errors, limit=MOST)
    try:
        gauges = await resources.pace.gauges(portal.id)
    except (RedisError, OSError):
        gauges = {}
    return [
        *([f"… only the last {MOST}"] if more else []),
        *map(_line, calls),
        *_operating(gauges, budget_of(portal.license).operating),
    ]


def _line(call: PortalCall) -> str:
    at: datetime = call.at
    said = f"{at:%Y-%m-%d %H:%M:%S}  {call.lane:<11}  {call.status or '—':>3}  {call.ms:>6} ms  {call.outcome:<9}"
    return f"{said}  {call.method}  {call.code}".rstrip()


def _operating(gauges: dict[str, PaceGauge], limit: float) -> Iterator[str]:
    """Methods that have used a tenth of what they may, the busiest first."""
    for method, gauge in sorted(gauges.items(), key=lambda one: -one[1].operating):
        if gauge.reset_in > 0 and gauge.operating >= limit / 10:
            yield f"operating time  {gauge.operating:.0f} of {limit:.0f} s  {method}"
