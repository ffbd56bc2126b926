"""What a feature hands to the pages: rows without logic, put into one list in `placements/__init__.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from placements.frame import FrameCall
from placements.opened import OpenedPage
from placements.render import SettingsPage


@dataclass(frozen=True, slots=True)
class Part:
    """`name`: the feature's, by which templates find its words; among these a `REFUSED` is said wherever pages refuse,
    a `FILED` where pages list sections of export files, `STANDING` and `STEPS` name what the feature's `standing` says.

    `settings`: its pages there. `desk`: a template of a row of the work list; it prints `row`. `card`: a template of
    its lines in the card tab; it prints `line`, what the feature's `card_view` made. `pages`: opened inside the portal;
    `calls`: of our script; `templates`: a folder beside ours, of a room that is not ours.
    """

    name: str
    words: ModuleType | None = None
    settings: tuple[SettingsPage, ...] = ()
    desk: str = ""
    card: str = ""
    templates: Path | None = None
    pages: Mapping[str, OpenedPage] = field(default_factory=dict)
    calls: Mapping[str, FrameCall] = field(default_factory=dict)
