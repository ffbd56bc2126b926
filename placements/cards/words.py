"""What differences between the CRM and what we know are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from b24app.domain.cards.drift import Drift
from placements.words import N_, Noted

DRIFT: Mapping[Drift, str] = {
    Drift.FIELDS: N_("box or status"),
    Drift.LINK: N_("links between contacts and companies"),
    Drift.DELETED: N_("deleted cards"),
    Drift.NEW: N_("new cards"),
    Drift.RESTORED: N_("restored cards"),
    Drift.REQUISITE: N_("requisites"),
}

JOURNAL: Mapping[str, Noted] = {"comparison_asked": Noted(N_("Comparison with the CRM started"))}
