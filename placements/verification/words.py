"""What memberships, decisions and modes are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from b24app.domain.policy import Section
from b24app.domain.portal.portal import Mode
from b24app.domain.verification.launch import Choice
from b24app.domain.verification.membership import Reason, State
from b24app.i18n import Words
from b24app.plug import Health
from placements.words import N_, Noted, Saying

STATE: Mapping[State, str] = {
    State.CONFIRMED: N_("Confirmed"),
    State.PENDING: N_("Pending review"),
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

DECIDED: Mapping[Reason, Saying] = {
    Reason.KNOWN: Saying(N_("Taken from the CRM"), ""),
    Reason.LINKED: Saying(N_("Linked in the CRM"), ""),
    Reason.UNLINKED: Saying(N_("Unlinked in the CRM"), ""),
    Reason.BOX_TICKED: Saying(N_("Sent for review"), N_("by the checkbox in the card")),
    Reason.BOX_UNTICKED: Saying(N_("Access confirmed"), N_("the checkbox in the card was cleared")),
    Reason.BUTTON_CONFIRM: Saying(N_("Access confirmed"), ""),
    Reason.BUTTON_RECHECK: Saying(N_("Sent back for review"), ""),
    Reason.BUTTON_REFUSE: Saying(N_("Access refused"), ""),
    Reason.PROOF_REQUESTED: Saying(N_("Documents requested"), ""),
    Reason.BUTTON_UNDO: Saying(N_("Decision undone"), ""),
    Reason.CARD_DELETED: Saying(N_("Card deleted"), ""),
    Reason.MERGED: Saying(N_("Cards merged"), N_("the stricter decision applies")),
    Reason.RESTORED: Saying(N_("Card restored"), ""),
    Reason.EXPIRED: Saying(N_("Card deleted 30 days ago"), ""),
    Reason.LAUNCH: Saying(N_("Sent for review at launch"), ""),
    Reason.LAUNCH_UNDONE: Saying(N_("Open by default"), N_("the review requested at launch was undone")),
}
"""What was decided, and by what."""

BY_SOMEBODY = frozenset({Reason.LINKED, Reason.UNLINKED, Reason.BOX_TICKED, Reason.BOX_UNTICKED, Reason.CARD_DELETED})
"""Of these it is said when nobody knows who it was."""

CHOICE: Mapping[Choice, Saying] = {
    Choice.RECENT: Saying(
        N_("Clients with a deal in the last 12 months"), N_("They keep access. Everybody else is reviewed first.")
    ),
    Choice.EVERYONE: Saying(N_("Everybody"), N_("Nothing changes: everybody in the CRM has access.")),
    Choice.NOBODY: Saying(
        N_("Nobody yet: review everybody first"), N_("Access opens one by one, as you confirm people.")
    ),
}

NEEDS_STATE = frozenset({Reason.LINKED, Reason.BUTTON_UNDO, Reason.MERGED, Reason.RESTORED})
"""They do not say where the person stands now."""

MODE: Mapping[Mode, Saying] = {
    Mode.OFF: Saying(N_("Off"), N_("The “Verification needed” checkbox has no effect.")),
    Mode.WATCH: Saying(N_("Watch"), N_("Trial mode: only employees see the decisions, clients notice nothing.")),
    Mode.ON: Saying(N_("On"), N_("Cards are kept up to date and client apps hear of every change.")),
}

STANDING: Mapping[str, str] = {
    "off": N_("Verification is switched off: the box “Verification needed” has no effect."),
    "watch": N_("Trial mode: only employees see decisions, clients notice nothing."),
}

STEPS: Mapping[str, Saying] = {
    "launch": Saying(N_("Chosen who keeps access"), N_("choose which of your clients keep access.")),
}

DESK = Saying(N_("Waiting to be checked"), N_("Access will be opened to"))
DESK_EMPTY = Saying(N_("Everybody is checked"), N_("Whoever has to be checked next will stand here."))
BULK = N_("Confirm selected")
CONFIRMED_MANY = N_("Confirmed: %(num)s.")
NOT_CONFIRMED = N_("Not confirmed: %(num)s.")


def health(text: Words, one: Health) -> str:
    return text.text(STANDING[one.code])


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
    "launch_otherwise": Saying(N_("Somebody has changed this meanwhile"), N_("The page shows how it stands now.")),
    "launch_not_ready": Saying(N_("The CRM is still being loaded"), N_("Try again when the numbers are there.")),
    "note_needed": Saying(N_("A few words are needed"), N_("Write why: it stays in the history.")),
    "note_too_long": Saying(N_("The text is too long"), N_("Shorten it to 500 characters.")),
    "decided_since": Saying(
        N_("This cannot be undone any more"), N_("Somebody has decided since. The tab shows how it stands now.")
    ),
    "undo_over": Saying(
        N_("This cannot be undone any more"), N_("A press can be undone for one minute. Decide anew with the buttons.")
    ),
    "already_so": Saying(N_("That has been decided already"), N_("The tab shows how it stands now.")),
    "module_off": Saying(
        N_("Verification is switched off"), N_("An administrator can switch it on in the settings of the app.")
    ),
}
