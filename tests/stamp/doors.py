"""What the sample feature adds to the doors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from b24app.asgi import OURS
from placements import mode
from placements.part import Part
from placements.render import SettingsPage
from tests.stamp import api, words

PART = Part(
    "stamp",
    words,
    settings=(SettingsPage("stamp", "Stamp", "A sample feature.", "verified", ("stamp/settings.html",)),),
    card="stamp/card.html",
    calls={"/frame/stamp-mode": mode.switch("stamp")},
    templates=Path(__file__).parent / "templates",
)
DOORS = replace(OURS, routers=(*OURS.routers, api.router), parts=(*OURS.parts, PART))
