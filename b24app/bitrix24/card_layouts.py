"""Saved views of CRM cards: read as everybody and as one person see them, written whole, forgotten.

Pages: api-reference/crm/universal/item-details-configuration/crm-item-details-configuration-get.md, -set.md, -reset.md;
extras of deals and leads: their index.md; funnels: api-reference/crm/universal/category/crm-category-list.md; captions:
api-reference/crm/universal/crm-item-fields.md.

The scope is an exact capital C: anything else is silently the caller's own view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from b24app.bitrix24 import values
from b24app.bitrix24.client import Command, PortalClient
from b24app.bitrix24.setup import Entity
from b24app.domain.portal.card_layout import CardLayout, Element, LayoutKey, LayoutSection
from b24app.errors import CallRefused

GET, SET, RESET = (f"crm.item.details.configuration.{name}" for name in ("get", "set", "reset"))
COMMON, PERSONAL = "C", "P"
TYPE = {Entity.LEAD: 1, Entity.DEAL: 2, Entity.CONTACT: 3, Entity.COMPANY: 4}
EXTRA = {Entity.DEAL: "dealCategoryId", Entity.LEAD: "leadCustomerType"}
LEADS = (1, 2)  # simple, repeated


@dataclass(frozen=True, slots=True)
class LayoutRead:
    """A card's view as saved for everybody, and as the token's owner alone sees it (empty: as everybody does).

    `captions`: names of the portal's fields by their names in views, in the portal's language.
    """

    common: CardLayout
    personal: CardLayout
    captions: Mapping[str, str]


async def layout_keys(client: PortalClient, entities: Sequence[Entity]) -> list[LayoutKey]:
    """All cards of these kinds that have views of their own. One request where deals are among them, else none."""
    found: list[LayoutKey] = []
    for entity in entities:
        if entity is Entity.DEAL:
            rows = (await client.call("crm.category.list", {"entityTypeId": TYPE[entity]})).result["categories"]
            ids = (values.number(row.get("id")) for row in values.rows(rows))  # the first funnel's is 0
            found += [LayoutKey(entity, one) for one in ids if one is not None]
        else:
            found += [LayoutKey(entity, kind) for kind in (LEADS if entity is Entity.LEAD else (0,))]
    return found


async def common(client: PortalClient, views: Sequence[LayoutKey]) -> dict[LayoutKey, CardLayout]:
    """As saved for everybody, in one request per 50; those that could not be read are left out."""
    outcomes = await client.batch([Command(GET, _where(view, COMMON)) for view in views])
    return {view: parse(one.result) for view, one in zip(views, outcomes, strict=True) if one.error is None}


async def read(client: PortalClient, view: LayoutKey) -> LayoutRead:
    """One request. Raises the PortalErrors; captions are no reason to fail."""
    fields = Command("crm.item.fields", {"entityTypeId": TYPE[Entity(view.entity)]})
    views = [Command(GET, _where(view, scope)) for scope in (COMMON, PERSONAL)]
    everybody, mine, known = await client.batch([*views, fields])
    rows = values.rows(values.mapping(known.result).get("fields"))
    captions = {values.text(row.get("upperName")): values.text(row.get("title")) for row in rows}
    return LayoutRead(parse(everybody.value()), parse(mine.value()), captions)


async def write(client: PortalClient, view: LayoutKey, layout: CardLayout) -> None:
    """Replace the view everybody sees. Raises AccessDenied for anybody but a CRM administrator, OutcomeUnknown …"""
    await _done(client, SET, {**_where(view, COMMON), "data": as_json(layout)})


async def reset(client: PortalClient, view: LayoutKey) -> None:
    """Forget the view everybody sees: the portal's own one shows every field. Raises as `write` does."""
    await _done(client, RESET, _where(view, COMMON))


def parse(raw: object) -> CardLayout:
    """An answer of `get`. Nothing saved is told as null, sometimes as an empty list or map; lists with gaps as maps."""
    return tuple(_section(row) for row in values.rows(raw))


def as_json(layout: CardLayout) -> list[dict[str, Any]]:
    """What `set` takes; `parse` reads it back."""
    return [
        {"name": one.name, "title": one.title, "type": "section", "elements": [_written(e) for e in one.elements]}
        for one in layout
    ]


async def _done(client: PortalClient, method: str, params: Mapping[str, Any]) -> None:
    if (await client.call(method, params, write=True)).result is not True:
        raise CallRefused(method, 200, "NOT_DONE")


def _where(view: LayoutKey, scope: str) -> dict[str, Any]:
    entity = Entity(view.entity)
    params: dict[str, Any] = {"entityTypeId": TYPE[entity], "scope": scope}
    return params | {"extras": {EXTRA[entity]: view.variant}} if entity in EXTRA else params


def _section(row: Mapping[str, Any]) -> LayoutSection:
    """Without a name or title, or of another type than "section", it would be refused or changed by writing it back;
    changed as well where a text of it cannot be stored."""
    elements = values.rows(row.get("elements"))
    name, title = values.text(row.get("name")), values.text(row.get("title"))
    plain = bool(name and title) and row.get("type", "section") == "section"
    plain = plain and (name, title) == (str(row.get("name")), str(row.get("title")))
    plain = plain and all(one.get("name") and _simple(one.get("options")) for one in elements)
    return LayoutSection(name, title, tuple(_element(one) for one in elements), plain)


def _element(row: Mapping[str, Any]) -> Element:
    options = row.get("options")
    known = {values.text(key): _text(value) for key, value in options.items()} if isinstance(options, dict) else {}
    flags, caption = values.number(row.get("optionFlags")) or 0, values.text(row.get("title"))
    return Element(values.text(row.get("name")), flags, tuple(sorted(known.items())), caption)


def _written(element: Element) -> dict[str, Any]:
    made: dict[str, Any] = {"name": element.name, "optionFlags": element.flags}
    return made | {"options": dict(element.options)} if element.options else made


def _simple(options: object) -> bool:
    many = options.items() if isinstance(options, dict) else ()
    kept = (_text(value) == str(value) or not isinstance(value, str) for _, value in many)
    return not any(isinstance(value, dict | list) for _, value in many) and all(kept)


def _text(value: object) -> str:
    """The portal says "true" as a text, and takes it so."""
    return str(value).lower() if isinstance(value, bool) else values.text(value)
