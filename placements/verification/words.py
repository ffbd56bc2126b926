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
    Reason.LAUNCH: N_("Review was requested at launch · %(who)s"),
    Reason.LAUNCH_UNDONE: N_("Open by default; the review requested at launch was undone"),
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
    Reason.LAUNCH: N_("Review was requested at launch"),
    Reason.LAUNCH_UNDONE: N_("Open by default; the review requested at launch was undone"),
}

CHOICE: Mapping[Choice, Saying] = {
    Choice.RECENT: Saying(
        N_("Clients with a deal in the last 12 months"), N_("They keep access. Everybody else is reviewed first.")
    ),
    Choice.EVERYONE: Saying(N_("Everybody"), N_("Nothing changes: everybody in the CRM has access.")),
    Choice.NOBODY: Saying(
        N_("Nobody yet: review everybody first"), N_("Access opens one by one, as you confirm people.")
    ),
}

MOVED = N_("Card merged or restored")

MODE: Mapping[Mode, Saying] = {
    Mode.OFF: Saying(N_("Off"), N_("The app does not look at the verification box.")),
    Mode.WATCH: Saying(
        N_("Watch"), N_("Decisions are shown in tabs; nothing is written to cards or told to client apps.")
    ),
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
    "already_so": Saying(N_("That has been decided already"), N_("The tab shows how it stands now.")),
    "module_off": Saying(
        N_("Verification is switched off"), N_("An administrator can switch it on in the settings of the app.")
    ),
}
