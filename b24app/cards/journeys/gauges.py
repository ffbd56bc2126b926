"""What the metrics say of cards."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import scans
from b24app.plug import Gauge
from b24app.resources import Resources


async def _drift(resources: Resources, db: AsyncConnection) -> Mapping[tuple[str, ...], float]:
    return {(drift,): cards for drift, cards in (await scans.totals(db)).items()}


GAUGES = (Gauge("b24app_drift", "Cards that differed from what no event told", _drift, ("kind",), grows=True),)
