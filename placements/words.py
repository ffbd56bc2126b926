"""What every page says: why there is no other, and what stands in the way of a button. English here, translated by the
catalogues; the words of a feature stand in its own folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from b24app.i18n import N_ as N_


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person is told instead of a page or under a button."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A line of the settings' journal. `text` may say %(about)s, %(was)s and %(became)s; `values`: words for codes
    among them."""

    text: str
    values: Mapping[str, str] = field(default_factory=dict)


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
    "plan_without_rest": Saying(
        N_("The plan of this Bitrix24 includes no apps"),
        N_("Apps work on commercial plans only. An administrator can change the plan."),
    ),
    "not_installed": Saying(N_("The app is not installed"), N_("Install it from the Market of Bitrix24.")),
    "portal_deleted": Saying(
        N_("This Bitrix24 is closed"), N_("It answers that it was deleted. Ask the support of Bitrix24.")
    ),
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
    "card_closed": Saying(N_("You have no access to this card"), N_("Ask an administrator of Bitrix24 for it.")),
    "card_gone": Saying(N_("There is no such card any more"), N_("It was probably deleted.")),
    "not_found": Saying(N_("There is no such thing any more"), N_("Refresh the page.")),
    "url_not_a_url": Saying(N_("The address is wrong"), N_("Write it like https://my.example.com")),
    "url_https_required": Saying(N_("The address is wrong"), N_("Only https addresses are called.")),
    "url_user_info": Saying(N_("The address is wrong"), N_("It may hold no name and password.")),
    "url_fragment": Saying(N_("The address is wrong"), N_("It may hold no #.")),
    "url_port_not_allowed": Saying(N_("The address is wrong"), N_("Only port 443 is called.")),
    "url_host_name_wrong": Saying(N_("The address is wrong"), N_("The name in it is no domain name.")),
    "url_ip_address": Saying(N_("The address is wrong"), N_("Write a name, not a number.")),
    "url_private_address": Saying(N_("The address is wrong"), N_("Addresses inside private networks are not called.")),
    "url_unknown_host": Saying(N_("The address is wrong"), N_("There is no such name.")),
    "nothing_here": Saying(N_("There is no such page"), N_("Check the address, or open the app in your Bitrix24.")),
    "crm_refused": Saying(
        N_("Bitrix24 refused the change"),
        N_("Press “Check and repair” in the settings of the app; if that does not help, install it again."),
    ),
}

OPENED: Mapping[str, Saying] = {
    "auth_server_down": Saying(
        N_("Bitrix24 does not answer right now"),
        N_("It did not confirm who you are. This page tries again by itself every 15 seconds."),
    ),
    "portal_down": Saying(
        N_("Bitrix24 does not answer right now"), N_("This page tries again by itself every 15 seconds.")
    ),
    "portal_busy": Saying(N_("Bitrix24 is busy right now"), N_("This page tries again by itself every 15 seconds.")),
    "internal": Saying(
        N_("Something went wrong on our side"), N_("It is logged. This page tries again by itself every 15 seconds.")
    ),
}
"""Said instead of the above where somebody only opened a page: there was nothing to change."""

BY_ITSELF = 15  # seconds until a page that was refused tries again
AGAIN: Mapping[str, int] = {
    **dict.fromkeys(OPENED, BY_ITSELF),
    **dict.fromkeys(("unpaid", "plan_without_rest", "not_installed", "portal_unknown", "not_set_up", "needs_admin"), 0),
}
"""Pages that may be there another time, and the seconds until they try by themselves; 0: when somebody presses."""
TOO_OLD = frozenset({"token_expired", "session_expired", "fresh_token_needed", "bad_page_token"})
"""Only the portal can open the page again: what it sent is used up."""

ABOUT: Mapping[str, str] = {
    "privacy": N_("Privacy policy"),
    "licence": N_("Licence agreement"),
    "support": N_("Support"),
}

REGAINED = N_(
    "The app had lost its access to Bitrix24. You have just given it back: it works again, what waited is done."
)

NOT_GENUINE = Saying(
    N_("This page opens only inside Bitrix24"), N_("Open the app from the Market or from a card of your Bitrix24.")
)
INTERNAL = Saying(N_("Something went wrong on our side"), N_("It is logged. Nothing was changed."))
