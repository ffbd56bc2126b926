"""Places where a portal shows an app."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PlacementBinding:
    """One `placement.bind`. `lang_all`: {lang: {TITLE, DESCRIPTION, GROUP_NAME}}; `user_id` 0 = for everybody."""

    id: int
    placement: str
    handler: str
    title: str = ""
    description: str = ""
    group_name: str = ""
    lang_all: dict[str, dict[str, str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    user_id: int = 0
