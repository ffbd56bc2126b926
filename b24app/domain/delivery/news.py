"""What all news has in common: what a type of news says of itself, and how its bytes are made.

A type is one frozen dataclass in `b24app/domain/<feature>/news.py`, handed in by the feature's slot `news=`. The body
is `{"type", "timestamp", "portal", "object": {"kind", "id"}, "object_version", "previous_version", "data"}`: Standard
Webhooks asks for type, timestamp and data; the rest lets a receiver drop stale news.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple
from uuid import UUID

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


class Sentence(NamedTuple):
    """A sentence for people, in their language."""

    en: str
    ru: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News(ABC):
    """Something that happened to an object. The object grew from `previous_version` to `version` at `occurred_at`."""

    TYPE: ClassVar[str]
    OBJECT: ClassVar[str]  # kind of the object
    SENTENCE: ClassVar[Sentence]  # what happened
    SCHEMA: ClassVar[Mapping[str, Json]]  # JSON Schema of `data`
    UNASKED: ClassVar[bool] = False  # whether it comes to endpoints that did not ask for it

    version: int
    previous_version: int | None
    occurred_at: datetime

    @property
    @abstractmethod
    def object_id(self) -> str: ...

    @property
    def subjects(self) -> tuple[str, ...]:
        """Cards that it is about: `contact:7`."""
        return ()

    @property
    def source_key(self) -> str:
        """News of one key is published once: two pieces about one object are two versions of it."""
        return f"{self.OBJECT}:{self.object_id}:{self.version}"

    @abstractmethod
    def data(self) -> Mapping[str, Json]:
        """`data` of the body, in the order of the bytes; `SCHEMA` describes it."""

    @classmethod
    @abstractmethod
    def example(cls) -> News:
        """The one that the documentation shows."""


def data_schema(**properties: Mapping[str, Json]) -> Mapping[str, Json]:
    """JSON Schema of a `data` that always holds these properties. More may come one day."""
    described: dict[str, Json] = {name: dict(schema) for name, schema in properties.items()}
    return {"type": "object", "properties": described, "required": list(properties)}


def text(description: str, known: Iterable[str] = ()) -> Mapping[str, Json]:
    """JSON Schema of a text. `known`: the values there are today; receivers take others too."""
    values: dict[str, Json] = {"x-known-values": [str(value) for value in known]} if known else {}
    return {"type": "string", **values, "description": description}


def uuid(description: str) -> Mapping[str, Json]:
    """JSON Schema of an id of ours."""
    return {"type": "string", "format": "uuid", "description": description}


def crm_id(description: str) -> Mapping[str, Json]:
    """JSON Schema of an id of the portal's."""
    return {"type": "integer", "minimum": 1, "description": description}


def nullable(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    """JSON Schema of the same, or null."""
    return {**schema, "type": [schema["type"], "null"]}


@dataclass(frozen=True, slots=True)
class EndpointPing(News):
    """A signed question to an endpoint: are you there? Answer 2xx."""

    TYPE = "endpoint.ping"
    OBJECT = "endpoint"
    SENTENCE = Sentence(en="A signed question: are you there?", ru="Подписанный вопрос: вы на связи?")
    SCHEMA = data_schema(endpoint_id=uuid("The endpoint it is sent to."))
    UNASKED = True

    endpoint_id: UUID
    ping_id: UUID
    version: int = field(default=1, kw_only=True)
    previous_version: int | None = field(default=None, kw_only=True)

    @property
    def object_id(self) -> str:
        return str(self.endpoint_id)

    @property
    def source_key(self) -> str:
        return f"ping:{self.ping_id}"

    def data(self) -> Mapping[str, Json]:
        return {"endpoint_id": str(self.endpoint_id)}

    @classmethod
    def example(cls) -> EndpointPing:
        return cls(
            endpoint_id=UUID("0190f1d2-6b0f-7a11-8c52-5d1e7f3a9b20"),
            ping_id=UUID("0190f1d2-6b10-7d42-a1c3-2b4d6f8091a2"),
            occurred_at=datetime(2026, 11, 22, 10, 15, tzinfo=UTC),
        )


class NewsCatalogue:
    """Every type of news there is. `types`: by name, in the order they were handed in."""

    def __init__(self, types: Iterable[type[News]]) -> None:
        """Raise ValueError for two types of one name."""
        rows = tuple(types)
        twice = sorted(name for name, count in Counter(row.TYPE for row in rows).items() if count > 1)
        if twice:
            raise ValueError(f"two types of news of one name: {', '.join(twice)}")
        self.types: Mapping[str, type[News]] = {row.TYPE: row for row in rows}

    @property
    def event_types(self) -> tuple[str, ...]:
        """What an endpoint can ask for."""
        return tuple(name for name, row in self.types.items() if not row.UNASKED)


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
    return Event(
        id=f"evt_{randomness.hex()}",  # no dot may stand in it: the signed text is joined by dots
        type=news.TYPE,
        body=_body(news, portal, {}),
        subjects=news.subjects,
        source_key=news.source_key,
        object_id=news.object_id,
        occurred_at=news.occurred_at,
    )


def sample(type_: type[News], *, portal: str, randomness: bytes, now: datetime) -> Event:
    """News of this type as it could happen now, marked by `"test": true`: about nobody of the portal's. Pure."""
    told, key = replace(type_.example(), occurred_at=now), f"test:{randomness.hex()}"
    return Event(
        id=f"evt_{randomness.hex()}",
        type=told.TYPE,
        body=_body(told, portal, {"test": True}),
        subjects=(),
        source_key=key,
        object_id=key,
        occurred_at=now,
    )


def _body(news: News, portal: str, more: Mapping[str, Json]) -> bytes:
    moment = news.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body: dict[str, Json] = {
        "type": news.TYPE,
        **more,
        "timestamp": moment,
        "portal": portal,
        "object": {"kind": news.OBJECT, "id": news.object_id},
        "object_version": news.version,
        "previous_version": news.previous_version,
        "data": dict(news.data()),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
