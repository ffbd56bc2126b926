"""What deliveries and endpoints are called on pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from markupsafe import Markup

from b24app.domain.delivery.schedule import DeliveryState, EndpointState, Failure
from b24app.i18n import Words
from b24app.plug import Health
from placements.words import N_, Saying

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

ENDPOINT: Mapping[EndpointState, str] = {
    EndpointState.CHECKING: N_("waiting for the first answer"),
    EndpointState.ACTIVE: N_("working"),
    EndpointState.DISABLED: N_("switched off"),
    EndpointState.DELETED: N_("removed"),
}

HEALTH: Mapping[str, str] = {
    "address_off": N_("“%(name)s” has not received notifications since %(since)s: its address is switched off."),
}

STEPS: Mapping[str, Saying] = {
    "connected": Saying(N_("Client app connected"), N_("connect your client app.")),
    "told": Saying(N_("First notification delivered"), N_("send the first notification to your client app.")),
}


def health(text: Words, one: Health) -> str:
    since = one.values["since"]
    assert isinstance(since, datetime)
    at = Markup('<time datetime="{}">{}</time>').format(since.isoformat(), text.moment(since))
    return Markup(text.text(HEALTH[one.code])) % {"name": one.values["name"], "since": at}  # noqa: S704 - our own text


REFUSED: Mapping[str, Saying] = {
    "name_wrong": Saying(N_("A name is needed"), N_("Write a name of 1 to 100 characters.")),
    "origin_wrong": Saying(N_("The address is wrong"), N_("Write it like https://my.example.com")),
}
