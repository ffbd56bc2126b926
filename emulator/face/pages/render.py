"""Templates, and how people, dates and sums are written in them."""

import json
import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from emulator.crm.dates import ZONE
from emulator.face.pages.pulse import stamp
from emulator.face.pages.visit import LANGS, Visit
from emulator.face.pages.widgets import menu
from emulator.face.pages.words import SCRIPT_WORDS, word
from emulator.model.people import User

HERE = Path(__file__).parent
NBSP = "\u00a0"
_COLOURS = ("#6b8fd6", "#58a98b", "#c7845c", "#9a7bc8", "#c56f8f", "#5e9fb5", "#8a9a4f", "#b07a4a")
_MONTHS_RU = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
_MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_TAGS = {"b": "b", "i": "i", "u": "u", "s": "s"}


@cache
def templates() -> Environment:
    """The template environment; built on first use."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["initials"] = initials
    made.globals["colour"] = colour
    made.filters["bb"] = bb
    return made


def page(visit: Visit, template: str, status: int = 200, **view: Any) -> HTMLResponse:
    """A page for a signed-in employee; every template knows who looks (`me`) and the phrases (`t`)."""
    unread = sum(1 for note in visit.portal.notifications if note.user_id == visit.user.id and not note.read)
    mine = {"v": visit, "me": visit.user, "portal": visit.portal, "unread": unread}
    mine |= {"menu": menu(visit), "stamp": stamp(visit, visit.request.url.path)}
    return _html(visit.lang, template, status, **mine, **view)


def door(lang: str, template: str, **view: Any) -> HTMLResponse:
    """A page for somebody who has not said who they are."""
    return _html(lang, template, 200, **view)


def message(
    visit: Visit, title: str, note: str, *, status: int = 200, icon: str = "info", back: str = "/"
) -> HTMLResponse:
    """A page that only says something."""
    return page(visit, "message.html", status, title=title, note=note, mark=icon, back=back)


def fragment(visit: Visit, template: str, **view: Any) -> str:
    """A piece of a page for a script."""
    return templates().get_template(template).render(t=visit.t, lang=visit.lang, v=visit, **view)


def _html(lang: str, template: str, status: int, **view: Any) -> HTMLResponse:
    words = json.dumps({key: word(lang, key, "{}") for key in SCRIPT_WORDS}, ensure_ascii=False).replace("<", "\\u003c")

    def t(key: str, value: object = "") -> str:
        return word(lang, key, value)

    text = templates().get_template(template).render(t=t, lang=lang, langs=LANGS, words=Markup(words), **view)  # noqa: S704 - JSON of our own phrases
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def initials(name: str) -> str:
    """«Анна Петрова» → АП; «ООО „Вектор“» → ОВ."""
    letters = [part[0] for part in re.findall(r"\w+", name)]
    return "".join(letters[:2]).upper() or "?"


def colour(key: object) -> str:
    """The same avatar colour for the same person."""
    return _COLOURS[crc32(str(key).encode()) % len(_COLOURS)]


def person(user: User | None) -> str:
    return user.full_name if user else ""


def when(moment: datetime, now: datetime, lang: str) -> str:
    """«сегодня, 20:14», “today, 8:14 pm”; other days with their date."""
    local = moment.astimezone(ZONE)
    return f"{day(local.date(), now, lang)}, {clock(local, lang)}"


def clock(moment: datetime, lang: str) -> str:
    local = moment.astimezone(ZONE)
    if lang == "ru":
        return f"{local:%H:%M}"
    return f"{local.hour % 12 or 12}:{local:%M}{NBSP}{'pm' if local.hour >= 12 else 'am'}"


def day(value: date, now: datetime, lang: str) -> str:
    """«сегодня», «вчера», «3 марта», «3 марта 2025»; in English “March 3, 2025”."""
    today = now.astimezone(ZONE).date()
    if value == today or (today - value).days == 1:
        return word(lang, "today" if value == today else "yesterday").lower()
    same_year = value.year == today.year
    if lang == "ru":
        return f"{value.day}{NBSP}{_MONTHS_RU[value.month - 1]}" + ("" if same_year else f" {value.year}")
    return f"{_MONTHS_EN[value.month - 1]}{NBSP}{value.day}" + ("" if same_year else f", {value.year}")


def number(value: float, lang: str, digits: int | None = None) -> str:
    """1 234,5 in Russian, 1,234.5 in English; whole numbers without a fraction unless `digits` says so."""
    text = f"{value:,.{digits}f}" if digits is not None else f"{value:,.2f}".rstrip("0").rstrip(".")
    return text.replace(",", NBSP).replace(".", ",") if lang == "ru" else text


def money(value: float, currency: str, lang: str) -> str:
    """48 000 ₽, $1,200, 300 USD-like codes stand as they are."""
    amount = number(value, lang)
    signs = {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£"}
    sign = signs.get(currency, currency)
    if currency in ("USD", "GBP") and lang != "ru":
        return f"{sign}{amount}"
    return f"{amount}{NBSP}{sign}"


def bb(text: str) -> Markup:
    """BB code of comments and notices to HTML: bold, italic, underline, strike, links, breaks. All else is text."""
    html = str(escape(text))
    for tag, element in _TAGS.items():
        html = re.sub(rf"\[{tag}\](.*?)\[/{tag}\]", rf"<{element}>\1</{element}>", html, flags=re.I | re.S)
    html = re.sub(r"\[user=\d+\](.*?)\[/user\]", r"<b>\1</b>", html, flags=re.I | re.S)
    html = re.sub(r"\[url=((?:https?://|/)[^\]\s]+)\](.*?)\[/url\]", _link, html, flags=re.I | re.S)
    html = re.sub(r"\[url\]((?:https?://|/)[^\[\s]+)\[/url\]", _link, html, flags=re.I)
    return Markup(re.sub(r"\[br\]|#BR#", "<br>", html, flags=re.I))  # noqa: S704 - escaped above, only our own tags added


def _link(match: re.Match[str]) -> str:
    address = match[1]
    label = match[2] if match.re.groups > 1 else address
    own = re.fullmatch(r"/(?:crm/\w+/details/\d+|marketplace/(?:view|app))/.*", address)
    more = " data-slider" if own else ' target="_blank" rel="noopener"' if address.startswith("http") else ""
    return f'<a href="{address}"{more}>{label}</a>'
