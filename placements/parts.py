"""What an installation lacks, in words: fields by their caption, tabs by where they stand, permissions by their use."""

from __future__ import annotations

from collections.abc import Iterable

from b24app.i18n import Words
from b24app.manifest import Manifest
from placements.words import N_

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
NOTICE = {"lifecycle": N_("installation of the app"), "contact": N_("contacts"), "company": N_("companies")}


def in_words(manifest: Manifest, text: Words, part: str, missing: Iterable[str]) -> str:
    """The names of what is missing, each once, in the order found."""
    named = (_named(manifest, text, part, one) for one in missing)
    return ", ".join(dict.fromkeys(named))


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
