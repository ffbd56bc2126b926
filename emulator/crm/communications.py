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


_FOREIGN = ("80", "81", "82")
_PREFIXES = (("00", ""), ("011", ""), ("8", "7"), ("0", ""))
_EXTENSION = re.compile(r"(\d+)[;#]*[\d,]*")


def normalize(kind: str, value: str) -> str:
    """A mail in lower case; a phone as bare digits without extension, a leading 8 of ten or more digits turned into 7
    (not in 80…, 81…, 82…), 00, 011 and 0 dropped (main/tools.php, NormalizePhone)."""
    if kind == "EMAIL":
        return value.strip().lower()
    number = "00" + value[1:] if len(value) >= 10 and value.startswith("+8") else value
    number = re.sub(r"[^0-9#*,;]", "", number)
    if len(number) >= 10 and not number.startswith(_FOREIGN):
        for start, instead in _PREFIXES:
            if number.startswith(start):
                number = instead + number.removeprefix(start)
                break
    return _EXTENSION.sub(r"\1", number)


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
