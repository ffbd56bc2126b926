"""The work list: who looks at it, and for what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks at the work list, and for what. `mine`: only cards that they are responsible for; `before`: only what
    waits since then or longer; `text`: in a name, or the beginning of a tax number."""

    user_id: int
    mine: bool = False
    before: datetime | None = None
    text: str = ""
