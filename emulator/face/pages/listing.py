"""An app's card in the Market: its texts in the reader's language, its pictures, its permissions in words."""

import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from starlette.responses import FileResponse, Response

from emulator.face.pages.visit import Visit
from emulator.face.pages.words import has_word
from emulator.model.installs import MarketApp, Texts

ICON = "icon"
SCREENSHOT = re.compile(r"([a-z]{2})-[0-9]+\.png")
LINE = re.compile(r"(## |- |\d+\. |)(.*)")
KINDS = {"## ": "heading", "- ": "points", "": "paragraph"}


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a description. `kind`: heading, paragraph, points, or steps."""

    kind: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Card:
    """What the Market shows of an app; empty where its vendor has entered nothing."""

    short: str
    description: list[Block]
    installation: list[Block]
    support: str
    price: str
    vendor: str
    licence: str
    privacy: str
    icon: str
    screenshots: list[str]


def card(app: MarketApp, lang: str) -> Card | None:
    """None for an app without a card."""
    entered = app.listing
    if entered is None:
        return None
    at = f"/marketplace/detail/{app.code}/picture/"
    return Card(
        short=text(entered.short, lang),
        description=blocks(text(entered.description, lang)),
        installation=blocks(text(entered.installation, lang)),
        support=text(entered.support, lang),
        price=text(entered.price, lang),
        vendor=text(entered.vendor, lang),
        licence=entered.licence,
        privacy=entered.privacy,
        icon=at + ICON if entered.icon else "",
        screenshots=[at + name for name in sorted(_screenshots(app)) if name.startswith(f"{lang}-")],
    )


def text(texts: Texts, lang: str) -> str:
    """In the reader's language, else in English, else in any."""
    return texts.get(lang) or texts.get("en") or next(iter(texts.values()), "")


def blocks(entered: str) -> list[Block]:
    """Headings, lists and paragraphs in their order."""
    lines = [(mark, words) for line in entered.splitlines() if line for mark, words in LINE.findall(line)[:1]]
    grouped = groupby(lines, key=lambda line: KINDS.get(line[0], "steps"))
    return [Block(kind, [words for _, words in rows]) for kind, rows in grouped]


def permissions(visit: Visit, app: MarketApp) -> list[tuple[str, str]]:
    """Each permission by its name in the portal (api-reference/scopes/permissions.md), and what it is for."""
    reasons = app.listing.scopes if app.listing else {}
    return [
        (visit.t(f"scope_{one}") if has_word(f"scope_{one}") else one, text(reasons.get(one, {}), visit.lang))
        for one in app.scope
    ]


def picture(app: MarketApp, name: str) -> Response | None:
    """The icon or a screenshot, by its bare name."""
    file = Path(app.listing.icon) if app.listing and app.listing.icon and name == ICON else _screenshots(app).get(name)
    return FileResponse(file, headers={"Cache-Control": "no-cache"}) if file else None


def _screenshots(app: MarketApp) -> dict[str, Path]:
    """What is there at the moment, by name."""
    folder = Path(app.listing.screenshots) if app.listing and app.listing.screenshots else None
    files = folder.iterdir() if folder and folder.is_dir() else ()
    return {one.name: one for one in files if SCREENSHOT.fullmatch(one.name)}
