"""What memberships, decisions and modes are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from b24app.domain.policy import Section
from b24app.domain.portal.portal import Mode
from b24app.domain.verification.membership import Reason, State
from placements.words import N_, Noted, Saying

STATE: Mapping[State, str] = {
    State.CONFIRMED: N_("Confirmed"),
    State.PENDING: N_("Being checked"),
    State.CHECKING: N_("Not judged yet"),
    State.REFUSED: N_("Refused"),
    State.LEFT: N_("No longer here"),
    State.SUSPENDED: N_("Card deleted"),
}

SECTION: Mapping[Section, str] = {
    Section.CATALOGUE: N_("Catalogue"),
    Section.CHAT: N_("Chat"),
    Section.ORDERS: N_("Orders"),
    Section.DOCUMENTS: N_("Documents"),
    Section.LOYALTY: N_("Loyalty"),
}

DECIDED: Mapping[Reason, str] = {
    Reason.KNOWN: N_("Taken from the CRM; nobody has decided anything yet"),
    Reason.LINKED: N_("Linked in the CRM by %(who)s"),
    Reason.UNLINKED: N_("Unlinked in the CRM by %(who)s"),
    Reason.BOX_TICKED: N_("Sent to checking by %(who)s: the box was ticked"),
    Reason.BOX_UNTICKED: N_("Confirmed by %(who)s: the box was unticked"),
    Reason.BUTTON_CONFIRM: N_("Confirmed by %(who)s"),
    Reason.BUTTON_RECHECK: N_("Sent to checking by %(who)s"),
    Reason.CARD_DELETED: N_("The card was deleted by %(who)s"),
    Reason.MERGED: N_("Cards were merged by %(who)s: what opens less counts"),
    Reason.RESTORED: N_("The card was restored by %(who)s"),
    Reason.EXPIRED: N_("The card was deleted 30 days ago"),
}

DECIDED_BY_NOBODY: Mapping[Reason, str] = {
    Reason.KNOWN: N_("Taken from the CRM; nobody has decided anything yet"),
    Reason.LINKED: N_("Linked in the CRM by a robot or somebody unknown"),
    Reason.UNLINKED: N_("Unlinked in the CRM by a robot or somebody unknown"),
    Reason.BOX_TICKED: N_("Sent to checking by a robot or somebody unknown: the box was ticked"),
    Reason.BOX_UNTICKED: N_("Confirmed by a robot or somebody unknown: the box was unticked"),
    Reason.BUTTON_CONFIRM: N_("Confirmed"),
    Reason.BUTTON_RECHECK: N_("Sent to checking"),
    Reason.CARD_DELETED: N_("The card was deleted by a robot or somebody unknown"),
    Reason.MERGED: N_("Cards were merged: what opens less counts"),
    Reason.RESTORED: N_("The card was restored"),
    Reason.EXPIRED: N_("The card was deleted 30 days ago"),
}

MOVED = N_("Card merged or restored")

MODE: Mapping[Mode, Saying] = {
    Mode.OFF: Saying(N_("Off"), N_("The app does not look at the verification box.")),
    Mode.WATCH: Saying(
        N_("Watch"), N_("Decisions are shown in tabs; nothing is written to cards or told to client apps.")
    ),
    Mode.ON: Saying(N_("On"), N_("Cards are kept up to date and client apps hear of every change.")),
}

JOURNAL: Mapping[str, Noted] = {
    "mode_changed": Noted(
        N_("Verification of clients: %(was)s → %(became)s"), {mode.value: said.title for mode, said in MODE.items()}
    ),
}

REFUSED: Mapping[str, Saying] = {
    "no_right": Saying(
        N_("You may not change this card"), N_("Ask the responsible person or an administrator to do it.")
    ),
    "no_card": Saying(N_("There is nothing to show here"), N_("Open this tab in the card of a contact or company.")),
    "not_of_this_card": Saying(N_("This person is not connected with the card any more"), N_("Refresh the page.")),
    "already_so": Saying(N_("That has been decided already"), N_("The tab shows how it stands now.")),
    "module_off": Saying(
        N_("Verification is switched off"), N_("An administrator can switch it on in the settings of the app.")
    ),
}
