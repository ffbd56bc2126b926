"""What differences between the CRM and what we know are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from b24app.domain.cards.drift import Drift
from b24app.i18n import Words
from b24app.plug import Health
from placements.words import N_, Noted, Saying

DRIFT: Mapping[Drift, str] = {
    Drift.FIELDS: N_("box or status"),
    Drift.LINK: N_("links between contacts and companies"),
    Drift.DELETED: N_("deleted cards"),
    Drift.NEW: N_("new cards"),
    Drift.RESTORED: N_("restored cards"),
    Drift.REQUISITE: N_("requisites"),
}


STANDING: Mapping[str, str] = {
    "stalled": N_("Loading the CRM has stopped: Bitrix24 has sent nothing for a while. It goes on by itself."),
}

STEPS: Mapping[str, Saying] = {
    "loaded": Saying(N_("CRM data loaded"), N_("wait until the CRM is loaded; it goes by itself.")),
}


def health(text: Words, one: Health) -> str:
    return text.text(STANDING[one.code])


JOURNAL: Mapping[str, Noted] = {"comparison_asked": Noted(N_("Comparison with the CRM started"))}
