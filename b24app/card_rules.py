"""A changed card, many rules: what a feature hands in to act on CRM cards, and what it is handed.

The pipeline (`b24app.cards.journeys.pipeline`) claims, reads, writes and settles; a rule loads its own rows, decides
and stores. A rule names no code outside `fields`, calls the portal in `look_up` only, publishes nothing and touches no
row of another rule or of the work index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.cards.facts import Card, Cards, Kind, RequisiteId, Subject, Topic, Value, Values
from b24app.domain.cards.records import Known
from b24app.domain.delivery.news import News
from b24app.domain.policy import Policy
from b24app.domain.portal.portal import Mode, Portal

Rows = TypeVar("Rows")
Plan = TypeVar("Plan")


@dataclass(frozen=True, slots=True)
class CardFacts:
    """One changed card, read once for all rules.

    `card`: as the portal shows it, None for a deleted one; `known`: as we last agreed on it; `mode`: the asked rule's.
    `event_user` acted: an event names them, and the card's last editor or the event's own token confirms it; `doubted`:
    events name somebody whom nothing confirms. `predecessors`: deleted cards this one goes on for and the rule has not
    taken over from yet; `successor`: the card that goes on for this deleted one; `copied`: living cards whose mark it
    carries; `requisites`: what we still know on this deleted card.
    """

    subject: Subject
    card: Card | None
    known: Known | None
    mode: Mode = Mode.ON
    event_user: int | None = None
    doubted: bool = False
    predecessors: tuple[Known, ...] = ()
    successor: Subject | None = None
    copied: frozenset[int] = frozenset()
    requisites: frozenset[RequisiteId] = frozenset()

    @property
    def origin(self) -> Subject | None:
        """The lead that the card was made of, where a rule acts on leads. That lead lives on."""
        return self.card.origin if self.card else None


@dataclass(frozen=True, slots=True)
class CardDecision(Generic[Plan]):
    """What a rule makes of a card.

    `plan`: what `store` gets, None where there is nothing to store; `wanted`: what the card should show, a missing code
    is no opinion; `not_before`: codes that are not written yet. `waits`: something is on its way without which nobody
    can decide. `touched`: keys of the rows that `store` writes; of two cards with a common key one waits; `neighbours`:
    cards that have to look again. `names`: the decision says who decided, so the pipeline checks the event's token;
    `keeps`: the card's mark is written with this decision; `says`: for the log, without personal data.
    """

    plan: Plan | None = None
    wanted: Values = field(default_factory=dict)
    not_before: Mapping[str, datetime] = field(default_factory=dict)
    waits: bool = False
    touched: frozenset[object] = frozenset()
    neighbours: frozenset[Topic] = frozenset()
    names: bool = False
    keeps: bool = False
    says: Mapping[str, object] = field(default_factory=dict)


Earlier = Mapping[str, CardDecision[Any]]
"""Decisions of lower rules on this card, by the rule's name."""


@dataclass(frozen=True, slots=True)
class Decided(Generic[Plan]):
    """A decision that is to be stored."""

    facts: CardFacts
    plan: Plan


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A value that the portal has taken or shows."""

    subject: Subject
    code: str
    value: Value


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something is so that rooms above may go on from. `topic`: "stamp.numbers"; `value`: what it is about."""

    topic: str
    value: object


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule is handed besides its facts. `announced`: what its `store` and `written` have said; None in other
    steps, which announce nothing."""

    portal: Portal
    policy: Policy
    now: datetime
    announced: list[Announcement] | None = None

    def announce(self, topic: str, *values: object) -> None:
        assert self.announced is not None, "only store and written announce"
        self.announced.extend(Announcement(topic, value) for value in values)


class SliceReader(Protocol):
    """Cards beside the slice, read at most once. Raises the PortalErrors."""

    async def look_at(self, subjects: Iterable[Subject]) -> Cards: ...


class CardRule(Generic[Rows, Plan]):
    """One feature's part in a changed card. Required: `name`, `kinds`, `fields`, `load`, `decide`.

    `name`: of its feature, the key of its mode; `fields`: codes it writes, each written by one rule; `select`: portal
    fields it goes by, by their names in crm.item, of which `Card.facts` tells; `needs`: where one of these rules failed
    or waits on a card, this one waits.
    """

    name: str
    kinds: frozenset[Kind]
    fields: frozenset[str]
    select: Mapping[Kind, frozenset[str]] = MappingProxyType({})
    needs: frozenset[str] = frozenset()

    async def holds(self, db: AsyncConnection, portal: Portal, subjects: Collection[Subject]) -> frozenset[Subject]:
        """Which of these have living rows here: only such deleted cards need a successor. Also asked while off."""
        return frozenset()

    async def load(self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts]) -> Rows:
        """At most four statements for a slice, none for each card."""
        raise NotImplementedError

    async def look_up(self, reader: SliceReader, facts: Sequence[CardFacts], rows: Rows) -> Rows:
        """Other cards that the decision rests on; no transaction is open. At most two portal requests for a slice."""
        return rows

    def asks(self, facts: CardFacts, rows: Rows, earlier: Earlier) -> bool:
        """Whether this card needs something scarce: only such cards reach `reserve`. Pure."""
        return False

    async def reserve(self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts], rows: Rows) -> Rows:
        """Take what is scarce, in a transaction of its own; a repeat answers the same."""
        return rows

    def decide(self, facts: CardFacts, rows: Rows, earlier: Earlier, now: datetime) -> CardDecision[Plan]:
        """Pure."""
        raise NotImplementedError

    def theirs(self, code: str, wrote: Value, shown: Value) -> bool:
        """Whether a value that stands otherwise than we wrote it, on a card that somebody else has saved meanwhile, is
        that person's decision and no write that came to nothing."""
        return False

    async def store(
        self, db: AsyncConnection, context: RuleContext, decided: Sequence[Decided[Plan]]
    ) -> Sequence[News]:
        """Keep what was decided, also in watch. Returns news of what we hold. Raises `Overtaken`."""
        return ()

    async def written(
        self, db: AsyncConnection, context: RuleContext, confirmed: Sequence[Confirmed]
    ) -> Sequence[News]:
        """Called when the portal has taken a value or shows it, and again after a crash. Returns news of what the
        portal holds."""
        return ()

    async def first_seen(self, db: AsyncConnection, context: RuleContext, cards: Sequence[Card]) -> frozenset[Subject]:
        """Keep what cards tell that this rule has never seen: known, and told to nobody. Returns cards that need a
        journey, these or others."""
        return frozenset()

    async def give_up(self, db: AsyncConnection, context: RuleContext, subject: Subject, reason: str) -> Sequence[News]:
        """The rule's tries for what came are used up; it is asked again when something else comes for the card."""
        return ()

    async def lately(self, db: AsyncConnection, portal: Portal, since: datetime) -> Sequence[Subject]:
        """Cards decided about since then, whose links are read more often: they show in no date. In ascending order."""
        return ()

    async def mode_changed(self, db: AsyncConnection, portal: Portal, mode: Mode) -> None:
        """The rule is off, watches or is on from now on: what only watching had reserved goes."""

    async def to_show(self, db: AsyncConnection, portal: Portal) -> Collection[Subject]:
        """Cards about which something was decided while the rule only watched."""
        return ()


class CardRules:
    """All rules, lower rooms first. `modes`: app.yaml's, of portals that have none of their own; `cards`: kinds of
    card that a field of app.yaml stands in, by code."""

    def __init__(
        self, rules: Iterable[CardRule[Any, Any]], modes: Mapping[str, Mode], cards: Mapping[str, Collection[str]]
    ) -> None:
        """Raise ValueError where two rules write one field or have one name."""
        self.all = tuple(rules)
        self._modes, self._cards = dict(modes), dict(cards)
        names = [rule.name for rule in self.all]
        codes = [code for rule in self.all for code in rule.fields]
        if twice := sorted({one for many in (names, codes) for one in many if many.count(one) > 1}):
            raise ValueError(f"rules or fields that are there twice: {', '.join(twice)}")

    @property
    def acted_on(self) -> frozenset[Kind]:
        """Kinds of card that some rule acts on where it is not off."""
        return frozenset(kind for rule in self.all for kind in rule.kinds)

    def mode(self, portal: Portal, name: str) -> Mode:
        """The portal's, else app.yaml's."""
        return Mode(portal.modes.get(name, self._modes.get(name, Mode.OFF)))

    def active(self, portal: Portal) -> tuple[CardRule[Any, Any], ...]:
        """Those that are in watch or on."""
        return tuple(rule for rule in self.all if self.mode(portal, rule.name) is not Mode.OFF)

    def kinds(self, portal: Portal) -> tuple[Kind, ...]:
        """What is read, in the order of `Kind`."""
        acted_on = {kind for rule in self.active(portal) for kind in rule.kinds}
        return tuple(kind for kind in Kind if kind in acted_on)

    def codes(self, portal: Portal, kind: Kind) -> frozenset[str]:
        """Of fields whose changes count."""
        return frozenset(code for rule in self.active(portal) for code in self.codes_of(rule, kind))

    def codes_of(self, rule: CardRule[Any, Any], kind: Kind) -> frozenset[str]:
        """What this rule writes into cards of this kind."""
        if kind not in rule.kinds:
            return frozenset()
        return frozenset(code for code in rule.fields if kind in self._cards.get(code, Kind))

    def able(self, rule: CardRule[Any, Any], card: Card) -> bool:
        """Whether the card has every field that this rule writes into it. Where the portal lost one, the rule stands
        still until it is there again."""
        return self.codes_of(rule, card.subject.kind) <= card.values.keys()

    def select(self, portal: Portal, kind: Kind) -> frozenset[str]:
        """Portal fields that are read because a rule goes by them."""
        asked = (rule.select.get(kind, frozenset[str]()) for rule in self.active(portal) if kind in rule.kinds)
        return frozenset[str]().union(*asked)

    def get(self, name: str) -> CardRule[Any, Any]:
        return next(rule for rule in self.all if rule.name == name)
