"""Pages and parts of pages: templates, texts, names of built files, and the headers every page carries."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol

import structlog
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup
from starlette.responses import HTMLResponse

from b24app.i18n import Words, language, read_words
from b24app.manifest import Manifest
from b24app.net.addresses import without_query
from b24app.settings import ROOT
from placements.words import INTERNAL, NOT_GENUINE, REFUSED, Saying

STATIC = ROOT / "build" / "static"

log = structlog.get_logger()


class _Compiled(BytecodeCache):
    """What templates were compiled to, kept for all languages: the texts come at the time of printing."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = _Compiled()


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """A page of the settings, opened as `settings/<slug>`. `title`, `purpose`: English, translated when printed;
    `icon`: of static/icons.json.

    `sections`: templates, from top to bottom; `folded`: technical ones, behind «More». Each prints `view`, what the
    feature's `settings_view` made, and `once`, what the call just made shows this one time.
    """

    slug: str
    title: str
    purpose: str
    icon: str
    sections: tuple[str, ...]
    folded: tuple[str, ...] = ()


class Worded(Protocol):
    """A part of pages: its words and its pages of the settings."""

    @property
    def name(self) -> str: ...

    @property
    def words(self) -> ModuleType | None: ...

    @property
    def settings(self) -> tuple[SettingsPage, ...]: ...

    @property
    def templates(self) -> Path | None: ...


@dataclass(frozen=True, slots=True)
class Render:
    """Everything a page is printed with; read once at start. One Jinja environment per language."""

    languages: tuple[str, ...]
    texts: Mapping[str, Words]
    environments: Mapping[str, Environment]
    refused: Mapping[str, Saying]
    parts: Sequence[Worded]

    @classmethod
    def read(cls, manifest: Manifest, parts: Sequence[Worded]) -> Render:
        """Templates know all `parts`, and the words of each by its name: `words.portal.PORTAL`."""
        texts, refused, filed = read_words(manifest.languages), dict(REFUSED), dict[str, str]()
        for part in parts:
            refused |= getattr(part.words, "REFUSED", {})
            filed |= getattr(part.words, "FILED", {})
        words = SimpleNamespace(REFUSED=refused, FILED=filed, **{part.name: part.words for part in parts if part.words})
        folders = [ROOT / "templates", *(part.templates for part in parts if part.templates)]
        pages = {page.slug: (part, page) for part in parts for page in part.settings}
        known = {"manifest": manifest, "parts": parts, "pages": pages, "words": words}
        known |= {"assets": _assets(STATIC), "icons": _icons(STATIC)}
        environments = {lang: _environment(one, known, folders) for lang, one in texts.items()}
        return cls(manifest.languages, texts, environments, refused, parts)

    def words(self, lang: str) -> Words:
        return self.texts[language(lang, self.languages)]

    def part(self, template: str, lang: str, **view: Any) -> str:
        """A part of a page, for our script to put in."""
        return self.environments[language(lang, self.languages)].get_template(template).render(view)

    def page(
        self,
        template: str,
        lang: str,
        *,
        frame: str | None,
        status: int = 200,
        page: Mapping[str, Any],
        notice: str = "",
        **view: Any,
    ) -> HTMLResponse:
        """A whole page. `frame`: the origin that may show it; `page`: what our script is told; `notice`: said above."""
        said = self.words(lang).text(notice) if notice else ""
        body = self.part(template, lang, page=page, notice=said, **view)
        return HTMLResponse(body, status, headers=_headers(frame))

    def saying(self, code: str, lang: str, *, frame: str | None, status: int) -> HTMLResponse:
        """A short page that says in words why there is no other."""
        said = self.refused.get(code, NOT_GENUINE if status < 500 else INTERNAL)
        return self.page("saying.html", lang, frame=frame, status=status, page={}, said=said)

    def error(self, code: str, lang: str, status: int) -> dict[str, Any]:
        """What our script shows under a button."""
        said = self.refused.get(code, NOT_GENUINE if status < 500 else INTERNAL)
        text = self.words(lang)
        return {"error": {"code": code, "text": f"{text.text(said.title)}. {text.text(said.text)}"}}


def _environment(text: Words, known: Mapping[str, Any], folders: Sequence[Path]) -> Environment:
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=COMPILED,
    )
    made.install_gettext_translations(text.catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {**known, "lang": text.lang, "text": text, "moment": text.moment}
    made.filters |= {"initials": initials, "address": without_query, "amount": text.amount}
    return made


def initials(name: str) -> str:
    """`Анна Кузнецова` → `АК`; for a company `ООО «Вектор»` → `В`."""
    parts = [part for part in (word.strip("«»\"'()") for word in name.split()) if part and not part.isupper()]
    found = "".join(part[0] for part in parts[:2]) or name[:1]
    return found.upper()


def _assets(folder: Path) -> Mapping[str, str]:
    """`frame.js` → its address. Pages work without it, poorly, so a missing build is said and not fatal."""
    try:
        built = json.loads((folder / "manifest.json").read_text())
    except OSError:
        log.warning("front_end_not_built", folder=str(folder), do="npm ci --ignore-scripts && npm run build")
        return {}
    return {name: f"/static/{file}" for name, file in built.items()}


def _icons(folder: Path) -> Mapping[str, Markup]:
    """Our word for it → what to draw, from the set that the build takes them from."""
    try:
        return {name: Markup(drawing) for name, drawing in json.loads((folder / "icons.json").read_text()).items()}  # noqa: S704
    except OSError:
        return defaultdict(Markup)


def _headers(frame: str | None) -> dict[str, str]:
    """Pages may be framed by the portal they were opened in and by nobody else; they load nothing but our own files."""
    portal = f" {frame}" if frame else ""
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'{portal}; "
        f"img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'{portal}"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
