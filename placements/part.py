"""What people see and press of one feature: one `Part` each, listed in `placements/__init__.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from placements.frame import FrameCall
from placements.opened import OpenedPage


class Area(StrEnum):
    """Where a section stands on the settings page: two columns, one across, two columns."""

    TOP = "top"
    LEFT = "left"
    RIGHT = "right"
    WIDE = "wide"
    LOWER_LEFT = "lower_left"
    LOWER_RIGHT = "lower_right"


@dataclass(frozen=True, slots=True)
class Part:
    """`name`: the feature's, by which templates find its words; a `REFUSED` among them is said wherever pages refuse,
    a `FILED` where pages list sections of export files.

    `settings`: templates of its sections, from top to bottom; each prints `view`, what the feature's `settings_view`
    made, and `once`, what the call just made shows this one time. `headline`: a template that says in a sentence why an
    active portal does less than people expect, or nothing. `card`: a template of its lines in the card tab; it prints
    `line`, what the feature's `card_view` made. `pages`: opened inside the portal; `calls`: of our script;
    `templates`: a folder beside ours, of a room that is not ours.
    """

    name: str
    words: ModuleType | None = None
    settings: tuple[tuple[Area, str], ...] = ()
    headline: str = ""
    card: str = ""
    templates: Path | None = None
    pages: Mapping[str, OpenedPage] = field(default_factory=dict)
    calls: Mapping[str, FrameCall] = field(default_factory=dict)
