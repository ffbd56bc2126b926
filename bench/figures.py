"""What a bench is and what it brings: figures beside a reference, a bar, and where they are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from b24app.demo import servers
from b24app.manifest import Manifest
from b24app.settings import Settings

RESULTS = Path(__file__).parent / "results.json"


class Better(StrEnum):
    """Which side of the bar is good."""

    HIGHER = ">="
    LOWER = "<="


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` and `reference` in `unit`; the bar is about their ratio."""

    name: str
    ours: float
    reference: float
    unit: str
    bar: float
    better: Better

    @property
    def ratio(self) -> float:
        return self.ours / self.reference if self.reference else 0.0

    @property
    def met(self) -> bool:
        return self.ratio >= self.bar if self.better is Better.HIGHER else self.ratio <= self.bar


@dataclass(frozen=True, slots=True)
class Ground:
    """What every bench stands on: servers of its own, migrated, durable as in production."""

    settings: Settings
    manifest: Manifest
    postgres: servers.Postgres


Bench = Callable[[Ground], Coroutine[Any, Any, list[Figure]]]


def table(figures: Iterable[Figure]) -> str:
    lines = [f"{'name':<16}{'ours':>12}{'reference':>12}  {'unit':<16}{'ratio':>8}  {'bar':>8}"]
    for one in figures:
        bar = f"{one.better} {one.bar:g}"
        lines.append(
            f"{one.name:<16}{one.ours:>12.1f}{one.reference:>12.1f}  {one.unit:<16}{one.ratio:>8.2f}  {bar:>8}"
            f"  {'met' if one.met else 'NOT MET'}"
        )
    return "\n".join(lines)


def keep(figures: Iterable[Figure], path: Path = RESULTS) -> None:
    """Add to what was measured before; a figure of the same name is replaced."""
    known = {row["name"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    for one in figures:
        row = {name: value for name, value in asdict(one).items() if name != "better"}
        known[one.name] = row | {"ratio": round(one.ratio, 3), "bar": f"{one.better} {one.bar:g}", "met": one.met}
    path.write_text(json.dumps(list(known.values()), indent=1, ensure_ascii=False) + "\n")
