"""Texts of pages in the reader's language: gettext catalogues from translations/, English in the templates.

Catalogues are compiled when they are read, so nothing has to be built and no text can be older than its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

from b24app.settings import ROOT

TRANSLATIONS = ROOT / "translations"
SOURCE = "en"  # the language of the templates themselves
READS_RUSSIAN = frozenset({"ru", "be", "by", "kk", "kz", "ky", "kg", "uz", "tg", "tj", "hy", "am"})
"""Portal languages whose readers are better served in Russian than in English, by either spelling of the portal."""


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for a text that is translated later
    return message


@dataclass(frozen=True, slots=True)
class Words:
    """One language's texts."""

    lang: str
    catalogue: NullTranslations

    def text(self, message: str, **values: object) -> str:
        """The translated message with `%(name)s` filled in."""
        found = self.catalogue.gettext(message)
        return found % values if values else found

    def amount(self, number: int) -> str:
        """`84 200`, `84,200`: never broken at the end of a line."""
        return format_decimal(number, locale=self.lang)

    def moment(self, at: datetime) -> str:
        """A moment for readers without our script, which shows it in their own time zone: `22 ноября, 17:14 UTC`."""
        return f"{format_datetime(at, 'd MMMM, HH:mm', locale=self.lang)} UTC"


def read_words(languages: tuple[str, ...], folder: Path = TRANSLATIONS) -> Mapping[str, Words]:
    """Each language's texts. Raises FileNotFoundError for a language without a catalogue."""
    return {lang: Words(lang, _catalogue(folder, lang)) for lang in languages}


def language(asked: str, languages: tuple[str, ...]) -> str:
    """What to answer a portal (LANG) or a browser that asks for this language in."""
    if asked in languages:
        return asked
    wanted = "ru" if asked in READS_RUSSIAN else SOURCE
    return wanted if wanted in languages else languages[0]


def words_of(asked: str, languages: tuple[str, ...]) -> Words:
    """What is said in a portal of this language."""
    lang = language(asked, languages)
    return Words(lang, _catalogue(TRANSLATIONS, lang))


@cache
def _catalogue(folder: Path, lang: str) -> NullTranslations:
    if lang == SOURCE:
        return NullTranslations()
    with (folder / lang / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=lang)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
