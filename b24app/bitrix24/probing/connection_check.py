"""What a portal says of itself, the app and our access, for the check of the connection; and its test event.

Pages: api-reference/common/users/profile.md, api-reference/common/system/scope.md, app-info.md, feature-get.md,
method-get.md, api-reference/events/event-get.md; api-reference/events/test-handler.md. All of it needs no scope.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from b24app.bitrix24.cards import Person
from b24app.bitrix24.client import Command, Outcome, PortalClient
from b24app.bitrix24.payloads import PortalEvent
from b24app.bitrix24.people import person_of
from b24app.domain.connection_check.rules import PlanFeature

TEST_EVENT = "ONAPPTEST"
NONCE = "b24app"  # our parameter of event.test, which comes back in data[QUERY]
ON_PREMISE = "_selfhosted"  # feature.get of a box without a list of plans: everything is there


@dataclass(frozen=True, slots=True)
class Basics:
    """`person`: whose token was used; `expired`: the app's paid period is over; `missing`: what the plan lacks, as far
    as the portal can be asked; `listens`: test events go to our handler. `installed`: while the portal does not call it
    so, bindings are taken and listed, and no event comes (bitrix24/b24jssdk#336)."""

    person: Person
    scopes: frozenset[str]
    license: str
    expired: bool
    missing: tuple[PlanFeature, ...]
    listens: bool
    installed: bool


async def basics(client: PortalClient, handler: str) -> Basics:
    """One request. Raises the PortalErrors; an old portal that cannot be asked about its plan is no reason to fail."""
    sure = [Command(method) for method in ("profile", "scope", "app.info", "event.get")]
    features = [
        Command("feature.get", {"CODE": "rest_offline_extended"}),
        Command("method.get", {"name": "bizproc.robot.add"}),
    ]
    outcomes = await client.batch([*sure, *features])
    profile, scope, app, events = (outcome.value() for outcome in outcomes[: len(sure)])
    return Basics(
        person=person_of(profile),
        scopes=frozenset(scope),
        license=str(app.get("LICENSE", "")),
        expired=app.get("PAYMENT_EXPIRED") == "Y",
        missing=tuple(_missing(*outcomes[len(sure) :])),
        listens=any((row["event"].upper(), row.get("handler")) == (TEST_EVENT, handler) for row in events),
        installed=bool(app.get("INSTALLED", True)),
    )


async def raise_test_event(client: PortalClient, nonce: str) -> None:
    """The portal sends ONAPPTEST with our nonce to every handler bound to it. Repeating it does no harm."""
    await client.call("event.test", {NONCE: nonce})


def nonce_of(event: PortalEvent) -> str:
    """What a test event brings back; empty where it was not us who asked for it."""
    query = event.data.get("QUERY") if isinstance(event.data, dict) else None
    nonce = query.get(NONCE) if isinstance(query, dict) else None
    return nonce if isinstance(nonce, str) else ""


def _missing(offline: Outcome, robots: Outcome) -> Iterator[PlanFeature]:
    if isinstance(offline.result, Mapping):
        value = str(offline.result.get("value", ""))
        if value != "Y" and not value.endswith(ON_PREMISE):
            yield PlanFeature.OFFLINE
    if isinstance(robots.result, Mapping) and robots.result.get("isExisting") is False:
        yield PlanFeature.ROBOTS
