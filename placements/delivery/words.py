"""What deliveries and endpoints are called on pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from markupsafe import Markup

from b24app.domain.delivery.health import EndpointHealth
from b24app.domain.delivery.schedule import DeliveryState, Failure
from b24app.i18n import Words
from b24app.plug import Health
from placements.words import N_, Noted, Saying

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

FAILED = FAILURE[Failure.STATUS]
TO_MEND = frozenset(Failure) - {Failure.STATUS, Failure.TIMEOUT, Failure.CONNECTION}
"""What does not go away by itself: somebody has to know what it is."""

HEALTH: Mapping[EndpointHealth, Saying] = {
    EndpointHealth.WORKING: Saying(N_("working"), N_("Notifications arrive, the last one %(at)s.")),
    EndpointHealth.QUIET: Saying(N_("working"), N_("The address answers. No notification was sent yet.")),
    EndpointHealth.FAILING: Saying(
        N_("not answering"),
        N_("“%(name)s” does not answer for the moment, next try %(at)s. First failure: %(since)s."),
    ),
    EndpointHealth.CHECKING: Saying(
        N_("being checked"), N_("The address has to answer once, then notifications go there.")
    ),
    EndpointHealth.UNANSWERED: Saying(
        N_("not answering"), N_("The address has not answered its check yet, next try %(at)s.")
    ),
    EndpointHealth.GONE: Saying(
        N_("address switched off"),
        N_("No notifications are sent: the server said that there is no such address any more (%(since)s)."),
    ),
    EndpointHealth.NEVER_ANSWERED: Saying(
        N_("address switched off"),
        N_("No notifications are sent: the address did not answer its check for three days."),
    ),
    EndpointHealth.SWITCHED_OFF: Saying(
        N_("address switched off"),
        N_("No notifications are sent: the developer of the client app switched the address off."),
    ),
    EndpointHealth.RESTORED: Saying(
        N_("address switched off"),
        N_("It came back from an export. The developer of the client app has to take a new secret and switch it on."),
    ),
}
GIVEN_UP = N_("“%(name)s” has not answered since %(since)s; no more tries are planned.")

RECEIVER = N_("Test receiver")

JOURNAL: Mapping[str, Noted] = {
    "client_app_made": Noted(N_("Client app “%(about)s” connected")),
    "key_renewed": Noted(N_("New key issued for “%(about)s”")),
    "client_app_disconnected": Noted(N_("Client app “%(about)s” disconnected")),
    "client_app_reconnected": Noted(N_("Client app “%(about)s” connected again")),
    "endpoint_on": Noted(N_("Address switched on: %(about)s")),
    "receiver_on": Noted(N_("Test receiver switched on")),
    "receiver_off": Noted(N_("Test receiver removed")),
}

STANDING: Mapping[str, str] = {
    "gone": N_("“%(name)s” has received no notifications since %(since)s: its server says the address is gone."),
    "never_answered": N_("“%(name)s” receives no notifications: its address has never answered."),
    "restored": N_("“%(name)s” receives no notifications: after the restore its address waits for a new secret."),
    "failing": N_("“%(name)s” has not answered since %(since)s. Notifications are sent again and again."),
    "unanswered": N_("“%(name)s”: the address has not answered its check yet."),
    "switched_off": N_("“%(name)s” receives no notifications: its developer switched the address off."),
}

STEPS: Mapping[str, Saying] = {
    "connected": Saying(N_("Client app connected"), N_("connect your client app.")),
    "told": Saying(N_("First notification delivered"), N_("send the first notification to your client app.")),
}


def health(text: Words, one: Health) -> str:
    since = one.values["since"]
    assert isinstance(since, datetime)
    at = Markup('<time datetime="{}">{}</time>').format(since.isoformat(), text.moment(since))
    return Markup(text.text(STANDING[one.code])) % {"name": one.values["name"], "since": at}  # noqa: S704 - our own text


REFUSED: Mapping[str, Saying] = {
    "endpoint_disabled": Saying(N_("The address is switched off"), N_("Switch it on first.")),
    "endpoint_not_answered": Saying(
        N_("The address has not answered its check yet"), N_("Send the test when it has answered.")
    ),
    "name_wrong": Saying(N_("A name is needed"), N_("Write a name of 1 to 100 characters.")),
    "origin_wrong": Saying(N_("The address is wrong"), N_("Write it like https://my.example.com")),
}
