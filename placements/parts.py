"""What an installation has or lacks, in words: fields by their caption, tabs by their place, permissions by use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from b24app.domain.portal.card_layout import LayoutKey
from b24app.i18n import Words
from b24app.manifest import Manifest
from placements.words import CARD_NAME, EDITOR, N_

SCOPE = {
    "crm": N_("CRM"),
    "placement": N_("tabs and pages of apps"),
    "user_basic": N_("names of employees"),
    "department": N_("departments"),
    "im": N_("notices to employees"),
}
CARD = {
    "contact": N_("cards of contacts"),
    "company": N_("cards of companies"),
    "deal": N_("cards of deals"),
    "lead": N_("cards of leads"),
}
NOTICE = {
    "lifecycle": N_("installation of the app"),
    "contact": N_("contacts"),
    "company": N_("companies"),
    "requisite": N_("requisites"),
}


def in_words(manifest: Manifest, text: Words, part: str, missing: Iterable[str]) -> str:
    """The names of what is missing, each once, in the order found."""
    named = (_named(manifest, text, part, one) for one in missing)
    return ", ".join(dict.fromkeys(named))


def card_name(text: Words, view: LayoutKey) -> str:
    """`Contacts`; a deal's funnel by its number."""
    name = text.text(CARD_NAME[view.entity])
    return f"{name} ({view.variant})" if view.variant else name


def field_name(text: Words, captions: Mapping[str, str], name: str) -> str:
    """A field of a card's view as people read it there; its bare name where nobody told us another."""
    return captions.get(name) or (text.text(EDITOR[name]) if name in EDITOR else name)


def field_labels(manifest: Manifest, text: Words, names: Iterable[str]) -> str:
    """Our own fields, by their captions."""
    labels = {one.field: one.label[text.lang] for one in manifest.fields.values()}
    return ", ".join(labels[name] for name in names)


def _named(manifest: Manifest, text: Words, part: str, name: str) -> str:
    match part:
        case "scopes":
            return text.text(SCOPE[name]) if name in SCOPE else name
        case "fields":
            card, _, field = name.partition(".")
            label = next((one.label[text.lang] for one in manifest.fields.values() if one.field == field), field)
            return f"{label} ({text.text(CARD[card])})" if card in CARD else label
        case "placements":
            return next((text.text(CARD[card]) for card in CARD if f"_{card.upper()}_" in name), name)
        case "events":
            return text.text(NOTICE[manifest.events[name]]) if name in manifest.events else name
    return name
