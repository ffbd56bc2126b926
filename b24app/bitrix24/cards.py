"""Contacts and companies as Cards: read in bulk, written in one combined update each, imported as a stream.

Reading: `crm.item.list` (api-reference/crm/universal/crm-item-list.md) answers the links of many records at once, in
`companyIds` and `contactIds` (object-fields.md), 50 records a command, 50 commands a request. A portal that does not
know `useOriginalUfNames` yet (crm/universal/index.md: CRM 25.0.0) passes over it, so our fields are asked for under
both of their names. Writing: the legacy updates (crm-contact-update.md, crm-company-update.md), which can be told to
leave no trace in history and stream.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from b24app.bitrix24.client import PAGE, Command, Outcome, PortalClient
from b24app.domain.facts import Card, Cards, Kind, Subject
from b24app.errors import AccessDenied, CallRefused, NotFound, PortalDown

ENTITY_TYPE = {Kind.CONTACT: 3, Kind.COMPANY: 4}
LINKS = {Kind.CONTACT: "companyIds", Kind.COMPANY: "contactIds"}
NAMES = {Kind.CONTACT: ("name", "lastName"), Kind.COMPANY: ("title",)}
QUIET = {"REGISTER_HISTORY_EVENT": "N", "REGISTER_SONET_EVENT": "N"}
YES = frozenset({"Y", "1", "true"})
LONGEST_ID = 19  # digits: what a bigint holds of any number that is shorter

Asked = TypeVar("Asked")
Value = str | int | bool | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CardFields:
    """Our fields in the cards of one kind: user field names, and the status options' portal ids by XML_ID.

    `mark` holds several texts: a merge then joins those of both cards, where one differing text would stop it
    (crm/lib/merger/entitymerger.php). Empty where the portal has no such field yet.
    """

    check: str
    status: str
    options: Mapping[str, int]
    mark: str = ""

    def xml_id(self, raw: object) -> str:
        """The XML_ID of an option id; empty for no option and for one that is none of ours."""
        return next((code for code, option in self.options.items() if str(option) == str(raw)), "")


FieldMap = Mapping[Kind, CardFields]


@dataclass(frozen=True, slots=True)
class CardChange:
    """New values of one card. Keys: `check` (bool), `status` (XML_ID, "" for none), `mark` (ids), else a portal field's
    own name."""

    subject: Subject
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Person:
    """Who opened the card, as the portal's `profile` says. `name`: first and last name."""

    user_id: int
    name: str
    is_admin: bool


async def read_cards(client: PortalClient, subjects: Iterable[Subject], fields: FieldMap) -> Cards:
    """The cards that exist, 2,500 a request. Raises the PortalErrors: a part of the cards would look like deletions."""
    wanted = sorted(set(subjects))
    ids = {kind: [one.id for one in wanted if one.kind is kind] for kind in Kind}
    slices = [(kind, all_ids[at : at + PAGE]) for kind, all_ids in ids.items() for at in range(0, len(all_ids), PAGE)]
    commands = [_listing(kind, fields[kind], part) for kind, part in slices]
    found: dict[Subject, Card] = {}
    for (kind, _), outcome in zip(slices, await client.batch(commands), strict=True):
        for row in outcome.value()["items"]:
            card = _card(kind, row, fields[kind])
            found[card.subject] = card
    return Cards(found)


async def look_again(client: PortalClient, missing: Sequence[Subject], fields: FieldMap) -> tuple[Cards, list[Subject]]:
    """Cards that a list left out: those there after all, made or restored meanwhile; and those hidden from this token.

    The others are deleted: a list leaves out all three, asking for each card tells them apart (crm-item-get.md:
    NOT_FOUND, ACCESS_DENIED). Raises PortalDown `LIST_INCOMPLETE` where a list leaves out what the portal shows.
    """
    asked = {one: Command("crm.item.get", {"entityTypeId": ENTITY_TYPE[one.kind], "id": one.id}) for one in missing}
    shown, hidden = await one_by_one(client, asked)
    found = await read_cards(client, shown, fields) if shown else Cards()
    if len(found.found) < len(shown):
        raise PortalDown("crm.item.list", code="LIST_INCOMPLETE")
    return found, hidden


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


async def write_cards(client: PortalClient, changes: Sequence[CardChange], fields: FieldMap) -> list[Outcome]:
    """One quiet update per card, 50 a request; outcomes in the order of the changes, a deleted card as NotFound."""
    return await client.batch([_update(change, fields[change.subject.kind]) for change in changes])


async def import_cards(
    client: PortalClient, kind: Kind, fields: FieldMap, after: int = 0, since: datetime | None = None
) -> AsyncIterator[list[Card]]:
    """All cards of a kind by rising id, 50 a page, 2,500 a request; from the first id above `after`.

    `since` (aware): only those modified then or later. Resume point: the id of the last card received.
    """
    pages = client.chain(
        "crm.item.list",
        filter={">=updatedTime": since.isoformat(timespec="seconds")} if since else {},
        select=_select(kind, fields[kind]),
        id_field="id",
        rows="items",
        after=after,
        extra={"entityTypeId": ENTITY_TYPE[kind], "useOriginalUfNames": "Y"},
    )
    async for page in pages:
        yield [_card(kind, row, fields[kind]) for row in page]


def _select(kind: Kind, fields: CardFields) -> list[str]:
    first = ["companyId"] if kind is Kind.CONTACT else []
    ours = [one for one in (fields.check, fields.status, fields.mark) if one]
    names = [*ours, *map(item_name, ours)]
    return ["id", *NAMES[kind], "assignedById", "updatedBy", "updatedTime", LINKS[kind], *first, *names]


def item_name(field: str) -> str:
    """How crm.item names a user field where original names are not kept: letters and digits mixed, the tail stays as it
    is (UF_CRM_B24APP_CHECK → ufCrm_B24APP_CHECK), letters alone turn to camels (crm/lib/Service/Converter.php)."""
    tail = field.removeprefix("UF_CRM_")
    if any(letter.isdigit() for letter in tail):
        return f"ufCrm_{tail}"
    return "ufCrm" + "".join(part.capitalize() for part in tail.split("_"))


def _listing(kind: Kind, fields: CardFields, ids: Sequence[int]) -> Command:
    params = {
        "entityTypeId": ENTITY_TYPE[kind],
        "select": _select(kind, fields),
        "filter": {"@id": list(ids)},
        "order": {"id": "ASC"},
        "useOriginalUfNames": "Y",
        "start": -1,
    }
    return Command("crm.item.list", params)


def _update(change: CardChange, fields: CardFields) -> Command:
    values = dict(_written(name, value, fields) for name, value in change.values.items())
    params = {"id": change.subject.id, "fields": values, "params": QUIET}
    return Command(f"crm.{change.subject.kind}.update", params, write=True)


def _written(name: str, value: Value, fields: CardFields) -> tuple[str, str | int | list[str]]:
    """A user boolean is written 1 or 0; an option by its id, none as an empty text; several values as a list."""
    if isinstance(value, tuple):
        return fields.mark if name == "mark" else name, [str(one) for one in value]
    match name:
        case "check":
            return fields.check, int(bool(value))
        case "status":
            return fields.status, fields.options[str(value)] if value else ""
        case _:
            return name, int(value) if isinstance(value, bool) else value


def _card(kind: Kind, row: Mapping[str, Any], fields: CardFields) -> Card:
    """Raises CallRefused `FIELD_MISSING`: the portal leaves out a selected field that somebody deleted."""
    check, status = (row.get(name, row.get(item_name(name), ...)) for name in (fields.check, fields.status))
    if check is ... or status is ...:
        raise CallRefused("crm.item.list", 200, "FIELD_MISSING")
    return Card(
        subject=Subject(kind, int(row["id"])),
        title=" ".join(str(row[name]) for name in NAMES[kind] if row.get(name)),
        needs_check=str(check) in YES,
        status=fields.xml_id(status),
        links=_links(kind, row),
        assigned_by=int(row.get("assignedById") or 0),
        modified_by=int(row.get("updatedBy") or 0),
        modified_at=datetime.fromisoformat(row["updatedTime"]),
        marks=_marks(row.get(fields.mark) or row.get(item_name(fields.mark))),
    )


def _marks(raw: object) -> tuple[int, ...]:
    """Ids as we wrote them; what else somebody may have put there is none."""
    texts = map(str, raw) if isinstance(raw, list) else ()
    return tuple(int(one) for one in texts if one.isascii() and one.isdecimal() and len(one) < LONGEST_ID)


def _links(kind: Kind, row: Mapping[str, Any]) -> tuple[int, ...]:
    """Ids in the portal's order (by sort); a contact's main company stands first whatever its sort."""
    ids = [int(one) for one in row.get(LINKS[kind]) or ()]
    main = int(row.get("companyId") or 0) if kind is Kind.CONTACT else 0
    return tuple(dict.fromkeys([main, *ids] if main in ids else ids))


async def count_cards(client: PortalClient, kind: Kind) -> int | None:
    """How many cards of a kind the token may see: what an import has before it. None where the portal does not say."""
    params = {"entityTypeId": ENTITY_TYPE[kind], "select": ["id"], "filter": {}, "order": {"id": "ASC"}}
    return (await client.call("crm.item.list", params)).total
