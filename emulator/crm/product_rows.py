"""Product rows of deals and leads, and the amounts they make.

Page: api-reference/crm/universal/product-rows/index.md; prices as in the examples of crm-item-productrow-add.md and
crm-item-productrow-list.md.
"""

from typing import TYPE_CHECKING

from emulator.crm.entities import Entity, Record

if TYPE_CHECKING:
    from emulator.crm.store import Crm
    from emulator.model.people import User

ABSOLUTE, PERCENT = 1, 2
"""discountTypeId."""
_USUAL: Record = {
    "productId": 0, "productName": "", "price": 0.0, "quantity": 1.0, "discountTypeId": PERCENT, "discountRate": 0.0,
    "discountSum": 0.0, "taxRate": None, "taxIncluded": "N", "measureCode": 796, "sort": 10,
}  # fmt: skip


class ProductRows:
    """Rows by id; each is a map of the documented names with numbers, flags and texts."""

    def __init__(self, crm: "Crm") -> None:
        self.crm = crm
        self.rows: dict[int, Record] = {}

    def of(self, owner: tuple[Entity, int]) -> list[Record]:
        """Rows of one record in order of id."""
        return [row for row in self.rows.values() if (row["ownerType"], row["ownerId"]) == (owner[0].letter, owner[1])]

    def add(self, owner: tuple[Entity, int], fields: Record) -> Record:
        """Append a row; the record's amount is not counted anew yet."""
        number = self.crm.portal.next_id("product_row")
        base: Record = {"id": number, "ownerId": owner[1], "ownerType": owner[0].letter}
        self.rows[number] = _counted(base | _USUAL | fields, self.crm.portal.lang)
        return self.rows[number]

    def change(self, id: int, fields: Record) -> Record:
        """Change a row."""
        self.rows[id] = _counted(self.rows[id] | fields, self.crm.portal.lang)
        return self.rows[id]

    def drop(self, rows: list[Record]) -> None:
        """Take rows out."""
        for row in rows:
            del self.rows[row["id"]]

    def hand_over(self, owner: tuple[Entity, int], to: tuple[Entity, int]) -> None:
        """Give one record's rows to another (merge, restoring); a record that has rows keeps its own."""
        rows = self.of(owner)
        if self.of(to):
            self.drop(rows)
        for row in rows if not self.of(to) else ():
            row |= {"ownerId": to[1], "ownerType": to[0].letter}

    def total(self, owner: tuple[Entity, int], actor: "User | None") -> None:
        """Make the record's amount the sum of its rows, unless a person set it by hand."""
        record = self.crm.tables[owner[0]].rows[owner[1]]
        if record.get("IS_MANUAL_OPPORTUNITY") != "Y":
            amount = round(sum(row["price"] * row["quantity"] for row in self.of(owner)), 2)
            self.crm.update(owner[0], owner[1], {"OPPORTUNITY": amount}, actor)


def _counted(row: Record, lang: str) -> Record:
    """With what follows from price, tax and discount: `price` has both in it."""
    tax = 1 + (row["taxRate"] or 0) / 100
    exclusive = round(row["price"] / tax, 2)
    if row["discountTypeId"] == PERCENT:
        netto = round(exclusive / (1 - row["discountRate"] / 100), 2) if row["discountRate"] < 100 else exclusive
        row["discountSum"] = round(netto - exclusive, 2)
    else:
        netto = round(exclusive + row["discountSum"], 2)
        row["discountRate"] = round(row["discountSum"] / netto * 100, 2) if netto else 0.0
    measure = ("шт" if lang == "ru" else "pcs") if row["measureCode"] == 796 else ""
    prices = {"priceAccount": row["price"], "priceExclusive": exclusive, "priceNetto": netto}
    prices["priceBrutto"] = round(netto * tax, 2)
    return row | prices | {"customized": "Y", "measureName": measure, "xmlId": "", "type": 4 if row["productId"] else 1}
