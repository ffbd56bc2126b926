"""crm.item.productrow.*: goods and services in deals and leads.

Pages: api-reference/crm/universal/product-rows/*. The portal keeps no catalogue: names come from the caller only.
"""

from typing import Any

from emulator.crm.entities import Entity, Record
from emulator.crm.filters import Condition, Group, compile_group, parse_key
from emulator.crm.timeline import Owner
from emulator.crm.values import to_float, to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_timeline import editable, readable, the_fields
from emulator.rest.registry import Call, Method, Reply, page

_SOLD = {entity.letter: entity for entity in (Entity.LEAD, Entity.DEAL)}
_NUMBERS, _SUMS = ("productId", "discountTypeId", "measureCode", "sort"), (
    "price", "quantity", "discountRate", "discountSum", "taxRate",
)  # fmt: skip
_WRITABLE = (*_NUMBERS, *_SUMS, "productName", "taxIncluded")
_READ = (*_WRITABLE, "id", "ownerId", "ownerType", "priceAccount", "priceExclusive", "priceNetto", "priceBrutto")


def _wrong(text: str) -> RestError:
    return RestError(400, "INVALID_ARG_VALUE", text)


def _owner(call: Call, letter: Any, number: Any) -> Owner:
    entity = _SOLD.get(str(letter))
    if entity is None:
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported")
    if not call.portal.crm.exists(entity, to_int(number)):
        raise RestError(400, "OWNER_NOT_FOUND", "Owner was not found")
    return entity, to_int(number)


def _typed(given: Any, also: tuple[str, ...] = ()) -> Record:
    """Values of the documented fields; others are refused."""
    if not isinstance(given, dict):
        raise _wrong("Invalid product row")
    made: Record = {}
    for name, value in given.items():
        if name in _NUMBERS:
            made[name] = to_int(value)
        elif name in _SUMS:
            made[name] = None if name == "taxRate" and value in (None, "") else to_float(value)
        elif name in _WRITABLE:
            made[name] = str(value or "")
        elif name not in also:
            raise _wrong(f"Field '{name}' is unknown or cannot be set")
    return made


def _row(call: Call, *, changing: bool) -> tuple[Owner, Record]:
    row = call.portal.crm.product_rows.rows.get(to_int(needed(call, "id")))
    if row is None:
        raise RestError(400, "NOT_FOUND", "Item not found")
    owner = _owner(call, row["ownerType"], row["ownerId"])
    if changing:
        editable(call, owner)
    elif not readable(call, owner):
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    return owner, row


def _shown(row: Record) -> Record:
    """Whole amounts are integers in JSON, as PHP writes them."""
    return {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in row.items()}


def _read(call: Call, row: Record) -> Record:
    """As get and list show it: with the store, which this portal has none of and old boxes do not name."""
    return _shown(row) | ({} if call.portal.old else {"storeId": None})


def _add(call: Call) -> Record:
    """{productRow}."""
    fields = the_fields(call)
    for name in ("ownerId", "ownerType"):
        if name not in fields:
            raise RestError(400, "100", f"Required fields: {name}")
    owner = _owner(call, fields["ownerType"], fields["ownerId"])
    editable(call, owner)
    row = call.portal.crm.product_rows.add(owner, _typed(fields, ("ownerId", "ownerType")))
    call.portal.crm.product_rows.total(owner, call.user)
    return {"productRow": _shown(row)}


def _set(call: Call) -> Record:
    """{productRows}: the rows are exactly these from now on."""
    owner, given = _owner(call, needed(call, "ownerType"), needed(call, "ownerId")), needed(call, "productRows")
    editable(call, owner)
    fresh = [_typed(one) for one in (given.values() if isinstance(given, dict) else given)]
    held = call.portal.crm.product_rows
    held.drop(held.of(owner))
    made = [held.add(owner, one) for one in fresh]
    held.total(owner, call.user)
    return {"productRows": [_shown(row) for row in made]}


def _update(call: Call) -> Record:
    owner, row = _row(call, changing=True)
    changed = call.portal.crm.product_rows.change(row["id"], _typed(the_fields(call)))
    call.portal.crm.product_rows.total(owner, call.user)
    return {"productRow": _shown(changed)}


def _delete(call: Call) -> None:
    owner, row = _row(call, changing=True)
    call.portal.crm.product_rows.drop([row])
    call.portal.crm.product_rows.total(owner, call.user)


def _get(call: Call) -> Record:
    return {"productRow": _read(call, _row(call, changing=False)[1])}


def _list(call: Call) -> Reply:
    """{productRows} of the one record that `=ownerType` and `=ownerId` must name."""
    given = needed(call, "filter")
    if not isinstance(given, dict) or not {"=ownerType", "=ownerId"} <= set(given):
        raise _wrong("Filter must have =ownerType and =ownerId")
    owner = _owner(call, given["=ownerType"], given["=ownerId"])
    if not readable(call, owner):
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    test = compile_group(_filter(given), dict.get)
    rows = [row for row in call.portal.crm.product_rows.of(owner) if test(row)]
    for name, way in reversed(list((call.params.get("order") or {}).items())):
        if name not in _READ:
            raise _wrong(f"Unknown field '{name}'")
        rows.sort(key=lambda row, name=name: row[name] or 0, reverse=str(way).upper() == "DESC")  # type: ignore[misc]
    found = page([_read(call, row) for row in rows], call)
    return Reply({"productRows": found.result}, found.total, found.next)


def _filter(given: Record) -> Group:
    parts: list[Condition | Group] = []
    for key, value in given.items():
        op, name = parse_key(str(key))
        if name not in _READ:
            raise _wrong(f"Unknown field '{name}'")
        text = name in ("productName", "taxIncluded", "ownerType")
        one = [str(v) if text else to_float(v) for v in (value if isinstance(value, list) else [value])]
        parts.append(Condition(op, name, one if isinstance(value, list) else one[0]))
    return Group(tuple(parts))


METHODS = tuple(
    Method(f"crm.item.productrow.{name}", "crm",
           f"api-reference/crm/universal/product-rows/crm-item-productrow-{name}.md", params, run, case="camel")
    for name, run, params in (
        ("add", _add, ("fields",)), ("set", _set, ("ownerId", "ownerType", "productRows")),
        ("update", _update, ("id", "fields")), ("delete", _delete, ("id",)), ("get", _get, ("id",)),
        ("list", _list, ("filter", "order")),
    )
)  # fmt: skip
