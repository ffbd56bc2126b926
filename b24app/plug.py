"""The plug: what a room hands to the machine, the doors and everybody who must not know it by name.

One `FEATURE` per room, in `b24app/<room>/feature.py`, without logic; `b24app.features` is the table of contents. Every
slot has an empty default. There is no discovery and no base class: a slot is a row of plain values and functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardRule
from b24app.domain.cards.facts import Subject
from b24app.domain.delivery.news import News, NewsCatalogue
from b24app.domain.desk import Looking
from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.policy import Policy, SectionRule
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.lanes import Lane
from b24app.resources import Resources
from b24app.store.kept import Kept
from b24app.work.store.index import Claim
from b24app.work.wake import CHORES

R = TypeVar("R", bound="ExportRow")


class FailedClaim(Protocol):
    """One of a slice that could not be carried to its end, while the others were."""

    @property
    def claim(self) -> Claim: ...

    @property
    def error(self) -> Exception | None: ...


@dataclass(frozen=True, slots=True)
class WorkPart:
    """One part of the work index.

    `kind`: of its rows, `WorkKind` or a word of the room's own, which says what their keys mean. `handle`: carries
    claims of one portal and lane to their end and returns those that failed by themselves; what it raises is the
    slice's. `give_up`: closes a claim that is not tried again, with the reason.
    """

    kind: str
    handle: Callable[[Resources, Portal, Sequence[Claim], Lane], Awaitable[Sequence[FailedClaim] | None]]
    give_up: Callable[[Resources, Portal, Claim, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reaction:
    """A part of the room goes on when a lower room announces something (`b24app.announcing`). `part`: its kind;
    `key(value)`: its row for what was announced."""

    topic: str
    part: str
    key: Callable[[Any], str]


Done = datetime | int | None
"""What a chore came to: a moment is when it wants to be called again, anything else is for people."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do for a portal now and then: a row of the work index, due when it has to be done next.

    `run(resources, portal, argument)`; `argument`: what follows the colon in the row's key. `every`, `nightly`: the
    clock; a chore without one runs when somebody asks (`work.store.index.ask`). `states`: of the portals it is done
    for; rows of others wait."""

    name: str
    run: Callable[[Resources, Portal, str], Awaitable[Done]]
    every: timedelta | None = None
    nightly: bool = False
    states: frozenset[PortalState] = frozenset({PortalState.ACTIVE})
    queue: str = CHORES


@dataclass(frozen=True, slots=True)
class Gauge:
    """A line of `/metrics` that is read from rows: the value by the values of `labels`. `grows`: it never falls."""

    name: str
    help: str
    read: Callable[[Resources, AsyncConnection], Awaitable[Mapping[tuple[str, ...], float]]]
    labels: tuple[str, ...] = ()
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """A line of `/metrics` that all processes add up in Redis (`work.counts`).

    `read`: as a gauge's. Raises RedisError or OSError, and all counts are left out: one that falls to nothing would
    look like a portal that nobody asks.
    """

    name: str
    help: str
    read: Callable[[Redis], Awaitable[Mapping[tuple[str, ...], float]]]
    labels: tuple[str, ...] = ()


class ExportRow(BaseModel):
    """The columns of a section's rows: what is written, and what is accepted back."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Restoring:
    """What a section needs to put rows back. Not `write`: it only says what it would do."""

    db: AsyncConnection
    resources: Resources
    portal: Portal
    write: bool


@dataclass(frozen=True, slots=True)
class ExportSection(Generic[R]):
    """One kind of truth that is ours and stands nowhere else, as rows of an export file.

    `read(db, portal, after, limit)`: rows in the order of `key`, "" from the beginning; `restore`: what each came to;
    `leads`: stands before the sections of lower rooms, as in files of former versions.
    """

    name: str
    row: type[R]
    read: Callable[[AsyncConnection, Portal, str, int], Awaitable[list[R]]]
    key: Callable[[R], str]
    restore: Callable[[Restoring, Sequence[R]], Awaitable[Counter[RestoreVerdict]]]
    leads: bool = False


class Level(StrEnum):
    """How a thing stands, from best to worst."""

    GOOD = "good"
    OFF = "off"  # by somebody's choice
    LOOK = "look"  # it works, and somebody should look
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Health:
    """How one thing of a room stands. `code`: of its words; `values`: what these name; `page`: of the settings where it
    is mended."""

    level: Level
    code: str
    page: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that has to be done once before the app is of use. `code`: of its words; `page`: where it is done."""

    code: str
    done: bool
    page: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a room stands for the administrators of a portal. No health: good."""

    health: Sequence[Health] = ()
    steps: Sequence[Step] = ()


class DeskRow(Protocol):
    """A line of the work list. `key`: of it among its room's; `since`: it has been waiting; `subjects`: cards, each of
    which people must be allowed to read to see the line; `responsible`: a portal user, 0 for nobody."""

    @property
    def key(self) -> str: ...

    @property
    def since(self) -> datetime: ...

    @property
    def subjects(self) -> Sequence[Subject]: ...

    @property
    def responsible(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits for people in a room.

    `count(db, portal_id, looking, most)`: how many wait, no more than `most`; `rows(db, portal_id, looking, after,
    limit)`: newest first, from after the row that stands for `(since, key)` on.
    """

    count: Callable[[AsyncConnection, int, Looking, int], Awaitable[int]]
    rows: Callable[[AsyncConnection, int, Looking, tuple[datetime, str] | None, int], Awaitable[Sequence[DeskRow]]]


class SettingsView(Protocol):
    """What a room shows in the settings. `busy`: something is under way, so the page looks again in a moment."""

    @property
    def busy(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Feature:
    """One room. `name`: of its folders and tests, and its key in the modes of app.yaml where it has one.

    `fields`, `placements`, `events`, `scopes`: keys of app.yaml that it owns (`events`: what the events are about).
    `cards`: its rules on changed cards; `reacts`: its parts that go on from what lower rooms announce; `news`: types of
    news that it publishes; `access`: when the sections it owns are open.
    `settings_view(db, resources, portal)`: what its pages of the settings print; `standing`: how it stands, in the
    headline and the list of first steps; `desk`: what waits for people; `card_view`, of a card, what its lines in the
    card tab print, None for no lines.
    """

    name: str
    scopes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    cards: tuple[CardRule[Any, Any], ...] = ()
    work: tuple[WorkPart, ...] = ()
    reacts: tuple[Reaction, ...] = ()
    chores: tuple[Chore, ...] = ()
    news: tuple[type[News], ...] = ()
    access: tuple[SectionRule, ...] = ()
    export: tuple[ExportSection[Any], ...] = ()
    kept: tuple[Kept, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    counts: tuple[Count, ...] = ()
    tables: tuple[Table, ...] = ()
    settings_view: Callable[[AsyncConnection, Resources, Portal], Awaitable[SettingsView]] | None = None
    standing: Callable[[AsyncConnection, Resources, Portal], Awaitable[Standing]] | None = None
    desk: Desk | None = None
    card_view: Callable[[AsyncConnection, Resources, Portal, Subject], Awaitable[object]] | None = None


class Product:
    """Everything that rooms have handed in, lower floors first. `sections`: of an export file, in its order."""

    def __init__(self, features: Iterable[Feature], sections: Iterable[ExportSection[Any]]) -> None:
        """Raise ValueError where two rooms hand in what there can be one of."""
        self.features = tuple(features)
        self.sections = tuple(sections)
        self.tables = tuple(table for feature in self.features for table in feature.tables)
        self.kept = tuple(kept for feature in self.features for kept in feature.kept)
        self.news = NewsCatalogue(news for feature in self.features for news in feature.news)
        self.rules = tuple(rule for feature in self.features for rule in feature.cards)
        self.policy = Policy(rule for feature in self.features for rule in feature.access)
        self.parts = {part.kind: part for feature in reversed(self.features) for part in feature.work}
        """Of the work index, upper floors first: cards before what hangs on them."""
        reactions = [reaction for feature in self.features for reaction in feature.reacts]
        self.reactions = tuple(sorted(reactions, key=lambda one: one.part))
        if deaf := {reaction.part for reaction in reactions} - self.parts.keys():
            raise ValueError(f"reactions of parts that nobody has: {', '.join(sorted(deaf))}")


def product_of(resources: Resources) -> Product:
    """What the rooms of this process have handed in."""
    assert isinstance(resources.product, Product)
    return resources.product
