"""Contacts, companies, leads and deals as Cards: read in bulk, imported as a stream.

What tells the kinds apart stands in `READERS`; everything that goes through kinds is derived from it.

Reading: `crm.item.list` (api-reference/crm/universal/crm-item-list.md) answers the links of many records at once, in
`companyIds` and `contactIds` (object-fields.md), 50 records a command, 50 commands a request. `useOriginalUfNames` is
left out: with it and a `select` portals show no system fields (bitrix-tools/b24-rest-docs 263 and 368). Our fields are
asked for under each of their names and known by any of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from b24app.bitrix24 import values
from b24app.bitrix24.client import PAGE, Command, Outcome, PortalClient
from b24app.bitrix24.rows import Row, asked_for, checked, rows_of
from b24app.domain.cards.facts import ASSIGNED_BY, MARK, Card, Cards, Facts, Kind, Odd, Subject, Value
from b24app.errors import AccessDenied, NotFound, PortalDown

LIST = "crm.item.list"
LEAD = "leadId"
CLOSED = "closed"
CUSTOM = "UF_"

Parse = Callable[[object], Value]

PARSED: Mapping[str, Parse] = {
    CLOSED: values.flag,
    "categoryId": values.number,
    "companyId": values.ident,
    "createdTime": values.utc,
    "opportunity": values.decimal,
    "stageId": values.text,
}
"""How facts of known names are understood (object-fields.md); any other is kept as it comes."""


class History(StrEnum):
    """Which records of a kind are read at first, and listed when everything is compared."""

    ALL = "all"
    OPEN = "open"  # those that are not closed; one that is known goes on when it is closed
    FROM_NOW = "from_now"  # none: those that change from now on


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of card as the portal names it (object-fields.md).

    `names`: fields its title is made of; `links`: its ids on the other side; `main`: the one of them that stands first;
    `facts`: what is read besides, whoever asks; `converted`: it may be made of a lead; `requisites`: some may hang on
    it.
    """

    kind: Kind
    entity_type: int
    names: tuple[str, ...] = ("title",)
    links: str = "contactIds"
    main: str = ""
    facts: tuple[str, ...] = ()
    history: History = History.ALL
    converted: bool = True
    requisites: bool = False

    @property
    def system_fields(self) -> tuple[str, ...]:
        main = (self.main,) if self.main else ()
        return ("id", *self.names, "assignedById", "updatedBy", "updatedTime", self.links, *main, *self.facts)

    @property
    def listed_by(self) -> Mapping[str, str]:
        """The filter of its list."""
        return {CLOSED: "N"} if self.history is History.OPEN else {}


READERS: Mapping[Kind, Reader] = {
    one.kind: one
    for one in (
        Reader(Kind.CONTACT, 3, ("name", "lastName"), "companyIds", "companyId", requisites=True),
        Reader(Kind.COMPANY, 4, requisites=True),
        Reader(Kind.LEAD, 1, facts=("stageId", "companyId"), history=History.FROM_NOW, converted=False),
        Reader(
            Kind.DEAL,
            2,
            facts=("companyId", "createdTime", "opportunity", "stageId", "categoryId", CLOSED),
            history=History.OPEN,
        ),
    )
}
KIND_OF: Mapping[int, Kind] = {one.entity_type: one.kind for one in READERS.values()}

Asked = TypeVar("Asked")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UserField:
    """One of our fields as a portal has it. `type`, `several`: as in app.yaml; `options`: portal ids by XML_ID;
    `made_at`: when we have added it, where we know.

    The mark holds several texts: a merge then joins those of both cards, where one differing text would stop it
    (crm/lib/merger/entitymerger.php).
    """

    name: str
    type: str
    several: bool = False
    options: Mapping[str, int] = field(default_factory=dict)
    made_at: datetime | None = None

    def value(self, raw: object) -> Value:
        """As everybody here knows it. Raises ValueError for what cannot be understood."""
        if self.several:
            return _ids(raw)
        match self.type:
            case "boolean":
                return values.flag(raw)
            case "enumeration":
                option = values.option(raw)
                return next((code for code, known in self.options.items() if str(known) == option), "")
            case "integer":
                return values.whole(raw)
            case "double":
                return values.decimal(raw)
            case _:
                return values.text(raw)

    @property
    def empty(self) -> Value:
        """What it shows in a card that nobody has ever written it in."""
        return self.value([] if self.several else None)

    def as_taken(self, value: Value) -> str | int | float | list[str]:
        """How the portal takes it: a boolean as 1 or 0, an option by its id, nothing as an empty text, several values
        as a list."""
        if isinstance(value, tuple):
            return [str(one) for one in value]
        if self.type == "boolean":
            return int(bool(value))
        if self.type == "enumeration":
            return self.options[str(value)] if value else ""
        return "" if value is None else value


CardFields = Mapping[str, UserField]
"""Our fields in the cards of one kind, by code; those that the portal has."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """What is asked for of a portal's cards, by kind.

    `ours`: our fields, `select`: portal fields that rules ask for, both none for a kind that is left out; `origins`:
    also the lead that a card was made of.
    """

    ours: Mapping[Kind, CardFields] = field(default_factory=dict)
    select: Mapping[Kind, frozenset[str]] = field(default_factory=dict)
    origins: bool = False

    def __getitem__(self, kind: Kind) -> CardFields:
        return self.ours.get(kind, {})

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Those in which anything is asked for."""
        return tuple(kind for kind in READERS if kind in self.ours or kind in self.select)

    def facts(self, kind: Kind) -> tuple[str, ...]:
        """Names of what is kept as facts."""
        return tuple(dict.fromkeys((*READERS[kind].facts, *sorted(self.select.get(kind, ())))))

    def origin(self, kind: Kind) -> str:
        """The field that names the lead; empty where nobody asks."""
        return LEAD if self.origins and READERS[kind].converted else ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who opened the card, as the portal's `profile` says. `name`: first and last name."""

    user_id: int
    name: str
    is_admin: bool


async def read_cards(client: PortalClient, subjects: Iterable[Subject], fields: FieldMap) -> Cards:
    """The cards that exist, 2,500 a request. Raises the PortalErrors: a part of the cards would look like deletions."""
    wanted = sorted(set(subjects))
    ids = {kind: [one.id for one in wanted if one.kind is kind] for kind in READERS}
    slices = [(kind, all_ids[at : at + PAGE]) for kind, all_ids in ids.items() for at in range(0, len(all_ids), PAGE)]
    commands = [listing(kind, fields, part) for kind, part in slices]
    found: dict[Subject, Card] = {}
    odd: dict[Subject, Odd] = {}
    for (kind, part), outcome in zip(slices, await client.batch(commands), strict=True):
        for one in listed(kind, fields, part, outcome):
            if isinstance(one, Odd):
                odd[Subject(kind, one.subject.id)] = one
            else:
                found[one.subject] = one
    return Cards(found, odd)


def listed(kind: Kind, fields: FieldMap, ids: Sequence[int], outcome: Outcome) -> list[Card | Odd]:
    """What a `listing` of these ids brought. Raises its error, and what cannot be believed of it."""
    rows = asked_for(LIST, rows_of(LIST, outcome.value(), "items", "id"), "id", ids)
    return cards_of(kind, [row for _, row in rows], fields)


async def look_again(client: PortalClient, missing: Sequence[Subject], fields: FieldMap) -> tuple[Cards, list[Subject]]:
    """Cards that a list left out: those there after all, made or restored meanwhile; and those hidden from this token.

    The others are deleted: a list leaves out all three, asking for each card tells them apart (crm-item-get.md:
    NOT_FOUND, ACCESS_DENIED). Raises PortalDown `LIST_INCOMPLETE` where a list leaves out what the portal shows.
    """
    asked = {one: Command("crm.item.get", item(one)) for one in missing}
    shown, hidden = await one_by_one(client, asked)
    found = await read_cards(client, shown, fields) if shown else Cards()
    if len(found.found) + len(found.odd) < len(shown):
        raise PortalDown(LIST, code="LIST_INCOMPLETE")
    return found, hidden


def item(subject: Subject) -> Row:
    """How crm.item.get is asked for one card."""
    return {"entityTypeId": READERS[subject.kind].entity_type, "id": subject.id}


async def one_by_one(client: PortalClient, asked: Mapping[Asked, Command]) -> tuple[list[Asked], list[Asked]]:
    """What is shown when it is asked for by itself, and what the token may not see; the rest is not there.

    Raises what is said of neither kind.
    """
    outcomes = await client.batch(list(asked.values()))
    errors = {one: outcome.error for one, outcome in zip(asked, outcomes, strict=True)}
    for error in errors.values():
        if error is not None and not isinstance(error, NotFound | AccessDenied):
            raise error
    shown = [one for one, error in errors.items() if error is None]
    return shown, [one for one, error in errors.items() if isinstance(error, AccessDenied)]


async def import_cards(
    client: PortalClient, kind: Kind, fields: FieldMap, after: int = 0
) -> AsyncIterator[list[Card | Odd]]:
    """The cards of a kind that its history begins with, by rising id, 50 a page, 2,500 a request; from the first id
    above `after`. A portal may pass over the filter: what is closed is left out either way.

    Resume point: the id of the last card received.
    """
    reader = READERS[kind]
    if reader.history is History.FROM_NOW:
        return
    pages = client.chain(
        LIST,
        filter=reader.listed_by,
        select=select(kind, fields),
        id_field="id",
        rows="items",
        after=after,
        extra={"entityTypeId": reader.entity_type},
    )
    async for page in pages:
        cards = cards_of(kind, page, fields)
        if reader.history is History.OPEN:
            cards = [one for one in cards if isinstance(one, Odd) or not one.facts[CLOSED]]
        if cards:
            yield cards


def select(kind: Kind, fields: FieldMap) -> list[str]:
    """What is asked for of a card."""
    asked = sorted(fields.select.get(kind, ()))
    custom = [*(one.name for one in fields[kind].values()), *(name for name in asked if name.startswith(CUSTOM))]
    names = (*READERS[kind].system_fields, *(name for name in asked if not name.startswith(CUSTOM)))
    origin = (name for name in (fields.origin(kind),) if name)
    return list(dict.fromkeys((*names, *origin, *(name for one in custom for name in spellings(one)))))


@cache
def spellings(field: str) -> tuple[str, ...]:
    """A user field's names in crm.item: its own, and both ways in which portals turn it, seen side by side even in one
    type."""
    tail = field.removeprefix("UF_CRM_")
    camel = "ufCrm" + "".join(part.capitalize() for part in tail.split("_"))
    return tuple(dict.fromkeys((field, item_name(field), camel)))


def item_name(field: str) -> str:
    """How crm.item names a user field where original names are not kept: letters and digits mixed, the tail stays as it
    is (UF_CRM_B24APP_CHECK → ufCrm_B24APP_CHECK), letters alone turn to camels (crm/lib/Service/Converter.php)."""
    tail = field.removeprefix("UF_CRM_")
    if any(letter.isdigit() for letter in tail):
        return f"ufCrm_{tail}"
    return "ufCrm" + "".join(part.capitalize() for part in tail.split("_"))


def listing(kind: Kind, fields: FieldMap, ids: Sequence[int]) -> Command:
    """Up to 50 cards by their ids."""
    params = {
        "entityTypeId": READERS[kind].entity_type,
        "select": select(kind, fields),
        "filter": checked({"@id": list(ids)}),
        "order": {"id": "ASC"},
        "start": -1,
    }
    return Command(LIST, params)


def cards_of(kind: Kind, rows: Sequence[Row], fields: FieldMap) -> list[Card | Odd]:
    """Rows of a list as cards, in their order; one that cannot be understood keeps no other waiting.

    One of our fields, or of those rules ask for, that comes with no row is not there any more: cards are without it.
    Raises PortalDown `FIELD_MISSING` where any other asked field came with no row.
    """
    ours = {code: one for code, one in fields[kind].items() if _came(one.name, rows)}
    own = READERS[kind].facts
    facts = tuple(name for name in fields.facts(kind) if name in own or _came(name, rows))
    asked = _Asked(READERS[kind], ours, facts, fields.origin(kind))
    return [_card_or_odd(asked, row, rows) for row in rows]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What each row of a list has to bring."""

    reader: Reader
    ours: CardFields
    facts: tuple[str, ...]
    origin: str


def _came(field: str, rows: Sequence[Row]) -> bool:
    return any(_spelt(row, field) for row in rows)


def _card_or_odd(asked: _Asked, row: Row, rows: Sequence[Row]) -> Card | Odd:
    try:
        return _card(asked, row)
    except KeyError as missing:
        name = str(missing.args[0])
        if not _came(name, rows):
            raise PortalDown(LIST, 200, "FIELD_MISSING", field=name) from None
        return _odd(asked.reader.kind, row, name)
    except _Doubt as doubt:
        return _odd(asked.reader.kind, row, doubt.field)


class _Doubt(Exception):
    """The value of this field cannot be understood."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _odd(kind: Kind, row: Row, field: str) -> Odd:
    return Odd(Subject(kind, int(row["id"])), field, values.moment(row.get("updatedTime")))


def _card(asked: _Asked, row: Row) -> Card:
    """Raises KeyError for a field that did not come, `_Doubt`."""
    reader = asked.reader
    return Card(
        subject=Subject(reader.kind, int(row["id"])),
        title=" ".join(filter(None, (values.text(row[name]) for name in reader.names))),
        values=_values(row, asked.ours) | {ASSIGNED_BY: values.ident(row["assignedById"]) or 0},
        links=_links(reader, row),
        modified_by=values.ident(row["updatedBy"]) or 0,
        modified_at=values.moment(row["updatedTime"]) or values.OLDEST,
        facts=_facts(asked, row),
        origin=_origin(asked, row),
    )


def _values(row: Row, fields: CardFields) -> dict[str, Value]:
    """A portal need not have the field of the mark any more."""
    return {
        code: _sure(one.name, one.value, _ours(row, one.name))
        for code, one in fields.items()
        if code != MARK or _spelt(row, one.name)
    }


def _facts(asked: _Asked, row: Row) -> Facts:
    return {name: _sure(name, PARSED.get(name, values.fact), _ours(row, name)) for name in asked.facts}


def _origin(asked: _Asked, row: Row) -> Subject | None:
    lead = values.ident(row[asked.origin]) if asked.origin else None
    return Subject(Kind.LEAD, lead) if lead else None


def _sure(field: str, read: Callable[[object], T], raw: object) -> T:
    try:
        return read(raw)
    except ValueError:
        raise _Doubt(field) from None


def _ours(row: Row, field: str) -> Any:
    """The value of a user field under whichever name it came. Raises KeyError with its own name."""
    return row[_spelt(row, field) or field]


def _spelt(row: Row, field: str) -> str:
    return next((name for name in spellings(field) if name in row), "")


def _ids(raw: object) -> tuple[int, ...]:
    """As we wrote them; what else somebody may have put there is none."""
    found = map(values.ident, raw) if isinstance(raw, list) else ()
    return tuple(one for one in found if one)


def _links(reader: Reader, row: Row) -> tuple[int, ...]:
    """Ids in the portal's order (by sort); a contact's main company stands first whatever its sort."""
    ids = _sure(reader.links, values.idents, row[reader.links])
    main = (values.ident(row[reader.main]) or 0) if reader.main else 0
    return tuple(dict.fromkeys([main, *ids] if main in ids else ids))


@dataclass(frozen=True, slots=True)
class Extent:
    """What a read has before it. `total`: how many the token may see, None where the portal does not say; `newest`:
    when the newest change was made, by the portal's clock."""

    total: int | None
    newest: datetime | None = None


async def extent(client: PortalClient, kind: Kind, now: datetime) -> Extent:
    """Of all cards that a kind's history begins with. A date after `now` is no clock."""
    reader = READERS[kind]
    total, dates = await _latest(client, reader, {})
    newest = max((date for date in dates if date <= now), default=None)
    if reader.history is History.FROM_NOW:
        return Extent(0, newest + timedelta(seconds=1) if newest else None)
    if reader.listed_by:
        total, _ = await _latest(client, reader, reader.listed_by)
    return Extent(total, newest)


async def _latest(client: PortalClient, reader: Reader, filter: Mapping[str, Any]) -> tuple[int | None, list[datetime]]:
    """How many cards there are of these, and when the latest of them were changed."""
    asked = {"select": ["id", "updatedTime"], "filter": filter, "order": {"updatedTime": "DESC"}}
    answer = await client.call(LIST, {"entityTypeId": reader.entity_type, **asked})
    rows = rows_of(LIST, answer.result, "items", "id")
    return answer.total, [date for _, row in rows if (date := values.moment(row.get("updatedTime")))]
