"""What our codes are called on pages: English here, translated by the catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.domain.cards.drift import Drift
from b24app.domain.delivery.schedule import DeliveryState, EndpointState, Failure
from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.policy import Section
from b24app.domain.portal.card_layout import FieldsShown, Undone
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Mode
from b24app.domain.verification.membership import Reason, State


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for a text that is translated later
    return message


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person is told instead of a page or under a button."""

    title: str
    text: str


STATE: Mapping[State, str] = {
    State.CONFIRMED: N_("Confirmed"),
    State.PENDING: N_("Being checked"),
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

DELIVERY: Mapping[DeliveryState, str] = {
    DeliveryState.WAITING: N_("on its way"),
    DeliveryState.DELIVERED: N_("delivered"),
    DeliveryState.EXHAUSTED: N_("not delivered, attempts are over"),
    DeliveryState.SKIPPED: N_("not sent: the endpoint was switched off"),
    DeliveryState.CLOSED: N_("not sent: the endpoint was removed"),
}

FAILURE: Mapping[Failure, str] = {
    Failure.STATUS: N_("the client app answered with an error"),
    Failure.REDIRECT: N_("the client app answered with a redirect"),
    Failure.TIMEOUT: N_("the client app did not answer in time"),
    Failure.CONNECTION: N_("no connection to the client app"),
    Failure.DNS: N_("the address was not found"),
    Failure.TLS: N_("the certificate of the client app was not accepted"),
    Failure.PROTOCOL: N_("the client app gave an answer that is no HTTP"),
    Failure.REFUSED_ADDRESS: N_("the address is not allowed"),
    Failure.UNSIGNED: N_("its secret cannot be opened: the client app has to ask for a new one"),
}

SENDING: Mapping[Failure, str] = {
    Failure.STATUS: N_("the address answered with an error"),
    Failure.REDIRECT: N_("the address answered with a redirect"),
    Failure.TIMEOUT: N_("the address did not answer in time"),
    Failure.CONNECTION: N_("no connection to the address"),
    Failure.DNS: N_("the address was not found"),
    Failure.TLS: N_("the certificate of the address was not accepted"),
    Failure.PROTOCOL: N_("the address gave an answer that is no HTTP"),
    Failure.REFUSED_ADDRESS: N_("the address is not allowed"),
    Failure.UNSIGNED: N_("its secret cannot be opened: set the address up again"),
}

MOVED = N_("Card merged or restored")

ENDPOINT: Mapping[EndpointState, str] = {
    EndpointState.CHECKING: N_("waiting for the first answer"),
    EndpointState.ACTIVE: N_("working"),
    EndpointState.DISABLED: N_("switched off"),
    EndpointState.DELETED: N_("removed"),
}

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

MODE: Mapping[Mode, Saying] = {
    Mode.OFF: Saying(N_("Off"), N_("The app does not look at the verification box.")),
    Mode.WATCH: Saying(
        N_("Watch"), N_("Decisions are shown in tabs; nothing is written to cards or told to client apps.")
    ),
    Mode.ON: Saying(N_("On"), N_("Cards are kept up to date and client apps hear of every change.")),
}

DRIFT: Mapping[Drift, str] = {
    Drift.FIELDS: N_("box or status"),
    Drift.LINK: N_("links between contacts and companies"),
    Drift.DELETED: N_("deleted cards"),
    Drift.NEW: N_("new cards"),
    Drift.RESTORED: N_("restored cards"),
    Drift.REQUISITE: N_("requisites"),
}

REFUSED: Mapping[str, Saying] = {
    "no_access": Saying(
        N_("You have no access to this app"), N_("Ask an administrator of Bitrix24 to give you access to it.")
    ),
    "token_expired": Saying(N_("The page was open for too long"), N_("Refresh the page of Bitrix24.")),
    "session_expired": Saying(N_("The page was open for too long"), N_("Refresh the page of Bitrix24.")),
    "fresh_token_needed": Saying(N_("The page was open for too long"), N_("Refresh the page of Bitrix24.")),
    "bad_page_token": Saying(N_("The page was open for too long"), N_("Refresh the page of Bitrix24.")),
    "auth_server_down": Saying(
        N_("Bitrix24 does not answer right now"), N_("Your request was not proven. Try again in a minute.")
    ),
    "portal_down": Saying(N_("Bitrix24 does not answer right now"), N_("Nothing was changed. Try again in a minute.")),
    "portal_busy": Saying(N_("Bitrix24 is busy right now"), N_("Nothing was changed. Try again in a minute.")),
    "outcome_unknown": Saying(
        N_("Bitrix24 did not confirm the change"), N_("Look whether the card shows it before you press again.")
    ),
    "unpaid": Saying(N_("The paid period is over"), N_("Renew the subscription in the Market of Bitrix24.")),
    "not_installed": Saying(N_("The app is not installed"), N_("Install it from the Market of Bitrix24.")),
    "portal_unknown": Saying(
        N_("The app is not set up in this Bitrix24 yet"),
        N_("An administrator has to open it once from the Market; if that does not help, install it again."),
    ),
    "not_set_up": Saying(
        N_("The app is not set up in this Bitrix24 yet"),
        N_("An administrator has to open it once from the Market; if that does not help, install it again."),
    ),
    "needs_admin": Saying(
        N_("The app has lost its access"), N_("An administrator has to open it once from the Market.")
    ),
    "admins_only": Saying(N_("Only for administrators"), N_("Ask an administrator of Bitrix24 to do it.")),
    "install_admins_only": Saying(
        N_("An administrator has to install the app"), N_("Ask an administrator of Bitrix24 to do it.")
    ),
    "no_right": Saying(
        N_("You may not change this card"), N_("Ask the responsible person or an administrator to do it.")
    ),
    "card_closed": Saying(N_("You have no access to this card"), N_("Ask an administrator of Bitrix24 for it.")),
    "card_gone": Saying(N_("There is no such card any more"), N_("It was probably deleted.")),
    "no_card": Saying(N_("There is nothing to show here"), N_("Open this tab in the card of a contact or company.")),
    "not_of_this_card": Saying(N_("This person is not connected with the card any more"), N_("Refresh the page.")),
    "already_so": Saying(N_("That has been decided already"), N_("The tab shows how it stands now.")),
    "module_off": Saying(
        N_("Verification is switched off"), N_("An administrator can switch it on in the settings of the app.")
    ),
    "name_wrong": Saying(N_("A name is needed"), N_("Write a name of 1 to 100 characters.")),
    "origin_wrong": Saying(N_("The address is wrong"), N_("Write it like https://my.example.com")),
    "not_found": Saying(N_("There is no such thing any more"), N_("Refresh the page.")),
    "layout_changed": Saying(
        N_("Somebody has just changed this view"), N_("Nothing was written. Look once more at what would change.")
    ),
    "layout_no_right": Saying(
        N_("You may not change the common view of cards"), N_("Ask an administrator of the CRM to do it.")
    ),
    "export_not_ready": Saying(N_("There is no finished export"), N_("Press “Export the data” and wait a little.")),
    "export_not_ours": Saying(
        N_("This is no export of the app"), N_("Choose a file whose name ends in .jsonl.gz, as it was downloaded.")
    ),
    "export_damaged": Saying(N_("The file is damaged"), N_("A part of it is missing. Take another copy.")),
    "export_changed": Saying(
        N_("The file was changed"), N_("Its signature does not fit. Only an untouched export can be restored.")
    ),
    "export_key_unknown": Saying(
        N_("The file was signed with a key that is gone"), N_("Ask whoever runs the app to put the old key back.")
    ),
    "export_too_large": Saying(N_("The file is too large"), N_("Exports of the app are smaller than 128 MB.")),
    "export_too_new": Saying(
        N_("The file comes from a newer version of the app"), N_("Update the app and choose the file again.")
    ),
    "export_other_portal": Saying(
        N_("The file belongs to another Bitrix24"), N_("Each Bitrix24 takes back its own export only.")
    ),
    "restore_at_work": Saying(N_("A restore is under way"), N_("Wait until it is finished.")),
    "restore_out_of_order": Saying(N_("The upload was interrupted"), N_("Choose the file once more.")),
    "url_not_a_url": Saying(N_("The address is wrong"), N_("Write it like https://my.example.com")),
    "url_https_required": Saying(N_("The address is wrong"), N_("Only https addresses are called.")),
    "url_user_info": Saying(N_("The address is wrong"), N_("It may hold no name and password.")),
    "url_fragment": Saying(N_("The address is wrong"), N_("It may hold no #.")),
    "url_port_not_allowed": Saying(N_("The address is wrong"), N_("Only port 443 is called.")),
    "url_host_name_wrong": Saying(N_("The address is wrong"), N_("The name in it is no domain name.")),
    "url_ip_address": Saying(N_("The address is wrong"), N_("Write a name, not a number.")),
    "url_private_address": Saying(N_("The address is wrong"), N_("Addresses inside private networks are not called.")),
    "url_unknown_host": Saying(N_("The address is wrong"), N_("There is no such name.")),
    "crm_refused": Saying(
        N_("Bitrix24 refused the change"),
        N_("Press “Check and repair” in the settings of the app; if that does not help, install it again."),
    ),
}

FILED: Mapping[str, str] = {
    "settings": N_("Modes"),
    "client_apps": N_("Client apps"),
    "endpoints": N_("Addresses of client apps"),
    "memberships": N_("People and companies"),
}

RESTORE_VERDICT: Mapping[RestoreVerdict, str] = {
    RestoreVerdict.NEW: N_("missing here: taken from the file"),
    RestoreVerdict.CHANGED: N_("stand otherwise here: the decision is taken from the file"),
    RestoreVerdict.RENAMED: N_("stand as in the file; the id client apps know is taken back"),
    RestoreVerdict.SAME: N_("are here already, as in the file"),
    RestoreVerdict.KEPT: N_("left alone: changed by people since"),
    RestoreVerdict.GONE: N_("left out: the card or the link is gone"),
}

REGAINED = N_(
    "The app had lost its access to Bitrix24. You have just given it back: it works again, what waited is done."
)

NOT_GENUINE = Saying(
    N_("This page opens only inside Bitrix24"), N_("Open the app from the Market or from a card of your Bitrix24.")
)
INTERNAL = Saying(N_("Something went wrong on our side"), N_("We have been told. Nothing was changed."))
