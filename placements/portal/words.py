"""What a portal, its set-up and the views of its cards are called on pages.

What an installation has or lacks is named as people know it: fields by their caption, tabs by their place,
permissions by use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace

from b24app.domain.cards.facts import Kind
from b24app.domain.portal.card_layout import FieldsShown, LayoutKey, Undone
from b24app.domain.portal.installation import PortalState
from b24app.i18n import Words
from b24app.manifest import Manifest
from b24app.plug import Health
from b24app.portal.journeys.declared import event_names
from b24app.portal.store.journal import Changed
from placements.words import N_, Noted, Saying

PORTAL: Mapping[PortalState, Saying] = {
    PortalState.INSTALLING: Saying(
        N_("Installation is being finished"), N_("Bitrix24 has not told us yet that it is done.")
    ),
    PortalState.ACTIVE: Saying(N_("The app is working"), N_("Changes in cards reach client apps within seconds.")),
    PortalState.NEEDS_ADMIN: Saying(
        N_("The app has lost its access"),
        N_("An administrator has to open this page once. Nothing is lost: changes wait."),
    ),
    PortalState.UNPAID: Saying(
        N_("The paid period is over"), N_("Changes wait until the subscription is renewed in the Market.")
    ),
    PortalState.REMOVED: Saying(N_("The app was removed"), N_("Install it again from the Market.")),
}

PART: Mapping[str, str] = {
    "admin": N_("Administrator's rights"),
    "scopes": N_("Permissions of the app"),
    "fields": N_("Fields in cards"),
    "placements": N_("Tabs in cards"),
    "events": N_("Notices of changes"),
}

CARD_NAME: Mapping[str, str] = {
    "contact": N_("Contacts"),
    "company": N_("Companies"),
    "deal": N_("Deals"),
    "lead": N_("Leads"),
}

FIELDS_SHOWN: Mapping[FieldsShown, Saying] = {
    FieldsShown.BY_ITSELF: Saying(
        N_("shown"), N_("Nobody has arranged the common view of this card, so Bitrix24 shows every field by itself.")
    ),
    FieldsShown.PLACED: Saying(N_("shown"), N_("The fields stand where your administrators put them.")),
    FieldsShown.OURS: Saying(N_("shown"), N_("The fields stand in a section of the app.")),
    FieldsShown.HIDDEN: Saying(N_("hidden"), N_("The saved common view of this card lacks: %(names)s.")),
    FieldsShown.LOCKED: Saying(
        N_("hidden"),
        N_(
            "The saved common view of this card lacks: %(names)s. It holds something that apps may not write, so add "
            "them by hand: open a card and choose “Select field”."
        ),
    ),
}

SECTION_ADDED = N_("The section is added. Open a card anew to see it.")

UNDONE: Mapping[Undone, str] = {
    Undone.RESTORED: N_("The common view is as it was before the section was added."),
    Undone.REMOVED: N_("Somebody has changed the view since, so only the section of the app was removed."),
    Undone.RESET: N_("Nothing but the section was left in the view, so Bitrix24 shows its standard one again."),
    Undone.ABSENT: N_("The section was not there any more. Nothing was changed."),
}

EDITOR: Mapping[str, str] = {
    "ADDRESS": N_("Address"),
    "CLIENT": N_("Client"),
    "COMPANY": N_("Company"),
    "CONTACT": N_("Contact"),
    "EMAIL": N_("E-mail"),
    "IM": N_("Messenger"),
    "LOGO": N_("Logo"),
    "OBSERVER": N_("Observers"),
    "OPPORTUNITY_WITH_CURRENCY": N_("Amount and currency"),
    "PHONE": N_("Phone"),
    "PHOTO": N_("Photo"),
    "PRODUCT_ROW_SUMMARY": N_("Products"),
    "RECURRING": N_("Repetition"),
    "REQUISITES": N_("Company details"),
    "REVENUE_WITH_CURRENCY": N_("Annual revenue"),
    "UTM": N_("UTM marks"),
    "WEB": N_("Website"),
}
"""What cards call things that are no single field."""

STANDING: Mapping[str, str] = {
    "needs_admin": N_(
        "The app has lost its access to Bitrix24. Nothing is lost: changes wait until an administrator opens it."
    ),
    "unpaid": N_("The paid period is over. Changes wait until the subscription is renewed in the Market."),
    "not_whole": N_("Something the app needs is missing in your Bitrix24."),
    "failed": N_("Changes that could not be handled: %(num)s."),
    "hidden": N_("Employees do not see the fields of the app in cards: %(cards)s."),
}

STEPS: Mapping[str, Saying] = {
    "installed": Saying(N_("App installed"), N_("finish the installation.")),
}


def health(text: Words, one: Health) -> str:
    values = dict(one.values)
    if one.code == "hidden":
        values["cards"] = ", ".join(card_name(text, view) for view in one.values["cards"])  # type: ignore[attr-defined]
    return text.text(STANDING[one.code], **values)


JOURNAL: Mapping[str, Noted] = {
    "layout_added": Noted(N_("Section of the app added to cards: %(about)s"), CARD_NAME),
    "layout_taken_back": Noted(N_("Section of the app taken out of cards: %(about)s"), CARD_NAME),
    "repaired": Noted(N_("Installation checked and repaired")),
}
CHANGED = Noted(N_("Settings changed"))

REFUSED: Mapping[str, Saying] = {
    "install_admins_only": Saying(
        N_("An administrator has to install the app"), N_("Ask an administrator of Bitrix24 to do it.")
    ),
    "layout_changed": Saying(
        N_("Somebody has just changed this view"), N_("Nothing was written. Look once more at what would change.")
    ),
    "layout_no_right": Saying(
        N_("You may not change the common view of cards"), N_("Ask an administrator of the CRM to do it.")
    ),
}

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
LINKS = N_("links into the app")
NOTICE = {
    "lifecycle": N_("installation of the app"),
    "contact": N_("contacts"),
    "company": N_("companies"),
    "lead": N_("leads"),
    "deal": N_("deals"),
    "requisite": N_("requisites"),
}


def in_words(manifest: Manifest, text: Words, part: str, missing: Iterable[str]) -> str:
    """The names of what is missing, each once, in the order found."""
    named = (_named(manifest, text, part, one) for one in missing)
    return ", ".join(dict.fromkeys(named))


def journal_line(words: SimpleNamespace, text: Words, changed: Changed) -> str:
    """What was changed, in the words of the feature that it belongs to; `words`: of each by its name."""
    of_feature: Mapping[str, Noted] = getattr(getattr(words, changed.feature, None), "JOURNAL", {})
    noted = of_feature.get(changed.action, CHANGED)
    named = {"about": changed.about, "was": changed.was, "became": changed.became}
    said = {name: text.text(noted.values[code]) if code in noted.values else code for name, code in named.items()}
    return text.text(noted.text) % said


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
            cards = (text.text(CARD[card]) for card in CARD if f"_{card.upper()}_" in name)
            return next(cards, text.text(LINKS) if name == "REST_APP_URI" else name)
        case "events":
            about = event_names(manifest, Kind)
            return text.text(NOTICE[about[name]]) if name in about else name
    return name
