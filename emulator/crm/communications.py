"""Who has this phone or this mail: the index behind duplicate search.

Source of the rules: crm/lib/integrity/duplicatecommunicationcriterion.php.
The index is built at the first question, so a large seed pays nothing for it.
"""

import re
from typing import TYPE_CHECKING

from emulator.crm.entities import Entity, Record

if TYPE_CHECKING:
    from emulator.crm.store import Crm

LIMIT = 20
"""Values looked at in one call, and hits in one entity type that silence the types after it."""

_Key = tuple[str, str]


def normalize(kind: str, value: str) -> str:
    """A phone as digits with 8… turned into 7…, without extension; a mail in lower case."""
    if kind == "EMAIL":
        return value.strip().lower()
    digits = re.sub(r"[^0-9]", "", re.split(r"[;#,]", value)[0])
    return "7" + digits[1:] if len(digits) == 11 and digits.startswith("8") else digits


class Communications:
    """Phones and mails of leads, contacts and companies."""

    def __init__(self, crm: "Crm") -> None:
        self._crm = crm
        self._index: dict[_Key, dict[tuple[Entity, int], None]] | None = None

    def find(self, kind: str, value: str) -> list[tuple[Entity, int]]:
        """Records that carry this phone or mail."""
        if self._index is None:
            self._index = {}
            for entity, table in self._crm.tables.items():
                for record in table.rows.values():
                    self.index(entity, record)
        return list(self._index.get((kind, normalize(kind, value)), ()))

    def index(self, entity: Entity, record: Record) -> None:
        """Take a record's phones and mails in."""
        if self._index is not None:
            for key in _keys(record):
                self._index.setdefault(key, {})[(entity, record["ID"])] = None

    def forget(self, entity: Entity, record: Record) -> None:
        """Take them out again."""
        if self._index is not None:
            for key in _keys(record):
                self._index.get(key, {}).pop((entity, record["ID"]), None)


def _keys(record: Record) -> list[_Key]:
    return [(kind, normalize(kind, row["VALUE"])) for kind in ("PHONE", "EMAIL") for row in record.get(kind, ())]
