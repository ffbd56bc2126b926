"""Configurable activities as the timeline draws them: an app's own card with its title, blocks, buttons and menu.

Pages: api-reference/crm/timeline/activities/configurable/structure/*; drawn when: crm/lib/Service/Timeline/Item/
Activity/ConfigurableRestApp.php and Layout/Factory/RestAppConfigurable/*.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from emulator.crm.dates import ZONE
from emulator.crm.timeline import Activity, Owner
from emulator.face.pages.render import when
from emulator.face.pages.visit import Visit
from emulator.face.pages.widgets import app_title

_PANEL = re.compile(r"/(crm/\w+/details/\d+|marketplace/(view|app)/[^/]+|company/personal/user/\d+)/")
_YES = (True, 1, "1", "Y", "y", "true")
Layout = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """What a click does. `kind`: press (the app is told; `where` = path of the action in the layout), open (a side
    panel with `href`, `title`, `width` or `left`), link (another page; `href`)."""

    kind: str
    where: str = ""
    animation: str = ""
    href: str = ""
    title: str = ""
    width: str = ""
    left: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A content block. `kind`: text, largeText, link, withTitle, lineOfBlocks, deadline; `parts` = blocks inside."""

    kind: str
    text: str = ""
    title: str = ""
    look: str = ""
    inline: bool = False
    act: Act | None = None
    parts: tuple["Block", ...] = ()
    editable: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """A tag, a button or a menu item."""

    title: str
    type: str = ""
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class AppCard:
    """`revision` grows with every change of the activity; `deadline` is the value of its input."""

    id: int
    revision: int
    completed: bool
    icon: str
    title: Pressed
    tags: tuple[Pressed, ...]
    logo: Pressed
    blocks: tuple[Block, ...]
    buttons: tuple[Pressed, ...]
    menu: tuple[Pressed, ...]
    deadline: str
    can_pin: bool
    can_postpone: bool
    can_delete: bool
    pinned: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose card is drawn where: the page, the activity, the record whose timeline it stands in, the right to edit."""

    visit: Visit
    row: Activity
    owner: Owner
    writable: bool

    def text(self, value: Any) -> str:
        return translated(value, self.visit.lang)

    def seen(self, given: Layout) -> bool:
        """Not meant for phones only, and not hidden from those who only read."""
        return given.get("scope") != "mobile" and (self.writable or given.get("hideIfReadonly") not in _YES)


def translated(value: Any, lang: str) -> str:
    """A text with translations in a language, else English, else the first (structure/field-types.md)."""
    if isinstance(value, dict):
        value = value.get(lang) or value.get("en") or next(iter(value.values()), "")
    return "" if value is None else str(value)


def app_card(visit: Visit, row: Activity, owner: Owner, writable: bool) -> AppCard:
    """The view of one configurable activity."""
    sight, layout = Sight(visit, row, owner, writable), row.extra["layout"]
    header, body, footer = (layout.get(part) or {} for part in ("header", "body", "footer"))
    menu, logo = footer.get("menu") or {}, body.get("logo") or {}
    return AppCard(
        id=row.id,
        revision=row.revision,
        completed=row.completed,
        icon=str((layout.get("icon") or {}).get("code", "")),
        title=Pressed(sight.text(header.get("title")), act=_act(sight, header, "header", "titleAction")),
        tags=_pressed(sight, header.get("tags"), "header/tags"),
        logo=Pressed(str(logo.get("code", "")), act=_act(sight, logo, "body/logo")),
        blocks=_blocks(sight, body.get("blocks"), "body/blocks"),
        buttons=_pressed(sight, footer.get("buttons"), "footer/buttons"),
        menu=(*_pressed(sight, menu.get("items"), "footer/menu/items"), _about(sight)),
        deadline=row.deadline.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M") if row.deadline else "",
        can_pin=writable and row.completed and menu.get("showPinItem", True) in _YES,
        can_postpone=_may_postpone(sight, menu),
        can_delete=writable and menu.get("showDeleteItem", True) in _YES,
        pinned=bool(row.extra.get("pinned")),
    )


def _may_postpone(sight: Sight, menu: Layout) -> bool:
    waits = sight.row.deadline is not None and not sight.row.completed
    return sight.writable and waits and menu.get("showPostponeItem", True) in _YES


def _rows(given: Any) -> list[tuple[str, Layout]]:
    """Objects under the app's own keys, or a plain list of them."""
    rows = given.items() if isinstance(given, dict) else enumerate(given or ())
    return [(str(key), row) for key, row in rows]


def _pressed(sight: Sight, given: Any, where: str) -> tuple[Pressed, ...]:
    return tuple(
        Pressed(sight.text(row.get("title")), str(row.get("type", "")), _act(sight, row, f"{where}/{key}"))
        for key, row in _rows(given)
        if sight.seen(row)
    )


def _blocks(sight: Sight, given: Any, where: str) -> tuple[Block, ...]:
    made = (_block(sight, row, f"{where}/{key}") for key, row in _rows(given))
    return tuple(one for one in made if one is not None)


def _block(sight: Sight, given: Layout, where: str) -> Block | None:
    kind, has = str(given.get("type")), given.get("properties") or {}
    where = f"{where}/properties"
    match kind:
        case "text":
            return Block(kind, sight.text(has.get("value")), sight.text(has.get("title")), _look(has))
        case "largeText":
            return Block(kind, sight.text(has.get("value")))
        case "link":
            return Block(kind, sight.text(has.get("text")), look=_look(has), act=_act(sight, has, where))
        case "deadline":
            return _deadline(sight, has)
        case "withTitle":
            inner = _block(sight, has["block"], f"{where}/block")
            if inner is None:
                return None
            inline = has.get("inline") in _YES
            return Block(kind, title=sight.text(has.get("title")), inline=inline, parts=(inner,))
    parts = _blocks(sight, has.get("blocks"), f"{where}/blocks")
    return Block(kind, parts=parts) if parts else None


def _look(has: Layout) -> str:
    """Classes of a text: size, colour, bold, kept line breaks."""
    words = [f"ac_{has[name]}" for name in ("size", "color") if has.get(name)]
    words += [f"ac_{name}" for name in ("bold", "multiline") if has.get(name) in _YES]
    return " ".join(words)


def _deadline(sight: Sight, has: Layout) -> Block | None:
    """Nothing without a deadline; of no use to those who only read or once it is done."""
    row = sight.row
    if row.deadline is None:
        return None
    free = sight.writable and not row.completed and has.get("readonly") not in _YES
    return Block("deadline", when(row.deadline, sight.visit.world.now(), sight.visit.lang), editable=free)


def _act(sight: Sight, holder: Layout, where: str, key: str = "action") -> Act | None:
    given = holder.get(key)
    if not isinstance(given, dict):
        return None
    match given.get("type"):
        case "restEvent":
            return Act("press", f"{where}/{key}", str(given.get("animationType") or ""))
        case "openRestApp":
            return _opens(sight, given.get("actionParams") or {}, given.get("sliderParams") or {})
    address = str(given.get("uri", ""))
    if not urlsplit(address).netloc and _PANEL.match(address):
        return Act("open", href=address)
    return Act("link", href=address) if address.startswith(("http://", "https://", "/")) else None


def _opens(sight: Sight, params: Layout, panel: Layout) -> Act | None:
    """The app's own page in a panel; its context first, so that the app's parameters win (ActionFactory.php)."""
    app = sight.visit.portal.installations.get(sight.row.client_id)
    if app is None:
        return None
    entity, number = sight.owner
    options = {"entityTypeId": entity.type_id, "entityId": number, "activityId": sight.row.id} | params
    query = urlencode({"PLACEMENT_OPTIONS": json.dumps({key: str(value) for key, value in options.items()})})
    width, left = (str(panel.get(key) or "") for key in ("width", "leftBoundary"))
    title = sight.text(panel.get("title")) or app_title(app, sight.visit.lang)
    return Act("open", href=f"/marketplace/app/{app.id}/?{query}", title=title, width=width, left=left)


def _about(sight: Sight) -> Pressed:
    """The portal's own last menu item."""
    return Pressed(sight.visit.t("ac_about"), act=_opens(sight, {"context": "aboutMenuItem"}, {}))


def action_at(row: Activity, where: str) -> Layout | None:
    """The restEvent action at a path of an activity's layout."""
    found: Any = row.extra.get("layout")
    for key in where.split("/"):
        if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) and found.get("type") == "restEvent" else None
