"""All the news a client app can hear: one dataclass per event type, in this one file, with the bytes that are sent.

The body is `{"type", "timestamp", "portal", "object": {"kind", "id"}, "object_version", "previous_version", "data"}`:
Standard Webhooks asks for type, timestamp and data; the rest lets a receiver drop stale news. docs/webhooks.md shows
each type with an example.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from b24app.domain.verification.policy import sections

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class MembershipVerificationChanged:
    """A person's standing in one company (or on their own: `company_id` is None) became another."""

    TYPE: ClassVar[str] = "membership.verification_changed"

    membership_id: UUID
    contact_id: int
    company_id: int | None
    old_state: str
    new_state: str
    reason: str
    decided_by: int | None  # user of the portal, where known
    decided_by_source: str
    version: int
    previous_version: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipMoved:
    """A membership belongs to another card now, since the one it belonged to was merged or came back under a new id.

    Company ids are None for a person on their own.
    """

    TYPE: ClassVar[str] = "membership.moved"

    membership_id: UUID
    old_contact_id: int
    old_company_id: int | None
    contact_id: int
    company_id: int | None
    version: int
    previous_version: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class EndpointPing:
    """A signed question to an endpoint: are you there? Answer 2xx."""

    TYPE: ClassVar[str] = "endpoint.ping"

    endpoint_id: UUID
    ping_id: UUID
    occurred_at: datetime


News = MembershipVerificationChanged | MembershipMoved | EndpointPing
EVENT_TYPES: tuple[str, ...] = (MembershipVerificationChanged.TYPE, MembershipMoved.TYPE)
"""What an endpoint can ask for. A ping comes to every endpoint and needs no asking."""


@dataclass(frozen=True, slots=True)
class Event:
    """News ready to be published: `id` is the webhook-id, `body` the final bytes, `source_key` makes it happen once."""

    id: str
    type: str
    body: bytes
    subjects: tuple[str, ...]
    source_key: str
    object_id: str
    occurred_at: datetime


def event(news: News, *, portal: str, randomness: bytes) -> Event:
    """Fix the bytes of a piece of news. `portal` is the public id; `randomness` at least 16 bytes. Pure."""
    match news:
        case MembershipVerificationChanged():
            return _verification_changed(news, portal, randomness)
        case MembershipMoved():
            return _moved(news, portal, randomness)
        case EndpointPing():
            return _ping(news, portal, randomness)


def _verification_changed(news: MembershipVerificationChanged, portal: str, randomness: bytes) -> Event:
    data: dict[str, Json] = {
        "membership_id": str(news.membership_id),
        "contact_id": news.contact_id,
        "company_id": news.company_id,
        "old_state": news.old_state,
        "new_state": news.new_state,
        "reason": news.reason,
        "decided_by": {"user_id": news.decided_by, "source": news.decided_by_source},
        "sections": {name: access.value for name, access in sections(news.new_state).items()},
    }
    return _of_membership(news, portal, randomness, data, _cards(news.contact_id, news.company_id))


def _moved(news: MembershipMoved, portal: str, randomness: bytes) -> Event:
    data: dict[str, Json] = {
        "membership_id": str(news.membership_id),
        "old_contact_id": news.old_contact_id,
        "old_company_id": news.old_company_id,
        "contact_id": news.contact_id,
        "company_id": news.company_id,
    }
    cards = dict.fromkeys(
        (*_cards(news.contact_id, news.company_id), *_cards(news.old_contact_id, news.old_company_id))
    )
    return _of_membership(news, portal, randomness, data, tuple(cards))


def _of_membership(
    news: MembershipVerificationChanged | MembershipMoved,
    portal: str,
    randomness: bytes,
    data: Mapping[str, Json],
    cards: tuple[str, ...],
) -> Event:
    return Event(
        id=_id(randomness),
        type=news.TYPE,
        body=_body(news, portal, ("membership", str(news.membership_id)), (news.version, news.previous_version), data),
        subjects=cards,
        source_key=f"membership:{news.membership_id}:{news.version}",
        object_id=str(news.membership_id),
        occurred_at=news.occurred_at,
    )


def _cards(contact_id: int, company_id: int | None) -> tuple[str, ...]:
    company = () if company_id is None else (f"company:{company_id}",)
    return (f"contact:{contact_id}", *company)


def _ping(news: EndpointPing, portal: str, randomness: bytes) -> Event:
    endpoint = str(news.endpoint_id)
    return Event(
        id=_id(randomness),
        type=news.TYPE,
        body=_body(news, portal, ("endpoint", endpoint), (1, None), {"endpoint_id": endpoint}),
        subjects=(),
        source_key=f"ping:{news.ping_id}",
        object_id=endpoint,
        occurred_at=news.occurred_at,
    )


def _id(randomness: bytes) -> str:
    """No dot may stand in it: the signed text is joined by dots."""
    return f"evt_{randomness.hex()}"


def _body(
    news: News, portal: str, about: tuple[str, str], versions: tuple[int, int | None], data: Mapping[str, Json]
) -> bytes:
    moment = news.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body: dict[str, Json] = {
        "type": news.TYPE,
        "timestamp": moment,
        "portal": portal,
        "object": {"kind": about[0], "id": about[1]},
        "object_version": versions[0],
        "previous_version": versions[1],
        "data": dict(data),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
