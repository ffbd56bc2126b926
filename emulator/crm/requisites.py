"""Requisites of companies and contacts, their presets and addresses.

Pages: api-reference/crm/requisites/universal/*, presets/*, addresses/*.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.crm.entities import Entity, Record

if TYPE_CHECKING:
    from emulator.model.people import User
    from emulator.model.portal import Portal

REQUISITE = 8
"""entityTypeId of a requisite as the owner of an address."""

_RQ_FIELDS = """
RQ_NAME RQ_FIRST_NAME RQ_LAST_NAME RQ_SECOND_NAME RQ_COMPANY_ID RQ_COMPANY_NAME RQ_COMPANY_FULL_NAME
RQ_COMPANY_REG_DATE RQ_DIRECTOR RQ_ACCOUNTANT RQ_CEO_NAME RQ_CEO_WORK_POS RQ_CONTACT RQ_EMAIL RQ_PHONE
RQ_FAX RQ_IDENT_TYPE RQ_IDENT_DOC RQ_IDENT_DOC_SER RQ_IDENT_DOC_NUM RQ_IDENT_DOC_PERS_NUM
RQ_IDENT_DOC_DATE RQ_IDENT_DOC_ISSUED_BY RQ_IDENT_DOC_DEP_CODE RQ_INN RQ_KPP RQ_USRLE RQ_IFNS RQ_OGRN
RQ_OGRNIP RQ_OKPO RQ_OKTMO RQ_OKVED RQ_EDRPOU RQ_DRFO RQ_KBE RQ_IIN RQ_BIN RQ_ST_CERT_SER RQ_ST_CERT_NUM
RQ_ST_CERT_DATE RQ_VAT_PAYER RQ_VAT_ID RQ_VAT_CERT_SER RQ_VAT_CERT_NUM RQ_VAT_CERT_DATE
RQ_RESIDENCE_COUNTRY RQ_BASE_DOC RQ_REGON RQ_KRS RQ_PESEL RQ_LEGAL_FORM RQ_SIRET RQ_SIREN RQ_CAPITAL
RQ_RCS RQ_CNPJ RQ_STATE_REG RQ_MNPL_REG RQ_CPF
"""
RQ_FIELDS = tuple(_RQ_FIELDS.split())
FIELDS = (
    "ID", "ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID",
    "NAME", "CODE", "XML_ID", "ORIGINATOR_ID", "ACTIVE", "ADDRESS_ONLY", "SORT", *RQ_FIELDS,
)  # fmt: skip
ADDRESS_FIELDS = (
    "TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID", "ADDRESS_1", "ADDRESS_2", "CITY", "POSTAL_CODE", "REGION", "PROVINCE",
    "COUNTRY", "COUNTRY_CODE", "LOC_ADDR_ID", "ANCHOR_TYPE_ID", "ANCHOR_ID",
)  # fmt: skip
_READ_ONLY = frozenset({"ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"})
_DEFAULTS: Record = {"ACTIVE": "Y", "ADDRESS_ONLY": "N", "SORT": 500, "RQ_VAT_PAYER": "N"}
_NUMBERS = frozenset({"ID", "ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID", "SORT", "CREATED_BY_ID", "MODIFY_BY_ID"})


@dataclass(frozen=True, slots=True)
class Preset:
    """A requisite template. `country` is COUNTRY_ID (1 Russia, 122 USA)."""

    id: int
    country: int
    name: str
    xml_id: str
    sort: int


def standard_presets(lang: str) -> list[Preset]:
    """Templates of a fresh portal (api-reference/crm/requisites/presets/crm-requisite-preset-list.md)."""
    if lang == "ru":
        names = [("Организация", "COMPANY"), ("ИП", "INDIVIDUAL"), ("Физ. лицо", "PERSON")]
        return [_preset(i, 1, "RU", name, code) for i, (name, code) in enumerate(names, 1)]
    names = [("Company", "COMPANY"), ("Person", "PERSON")]
    return [_preset(i, 122, "US", name, code) for i, (name, code) in enumerate(names, 1)]


def _preset(id: int, country: int, letters: str, name: str, code: str) -> Preset:
    return Preset(id, country, name, f"#CRM_REQUISITE_PRESET_DEF_{letters}_{code}#", 500 + 10 * id)


class Requisites:
    """All requisites of a portal by id, by owner and by INN. Values are kept as texts, ids as ints."""

    def __init__(self, portal: "Portal") -> None:
        self.portal = portal
        self.presets = {preset.id: preset for preset in standard_presets(portal.lang)}
        self.rows: dict[int, Record] = {}
        self.ids: list[int] = []
        self.addresses: dict[tuple[int, int, int], Record] = {}
        self._by_owner: dict[tuple[int, int], list[int]] = {}
        self._by_inn: dict[str, list[int]] = {}

    def of(self, entity: Entity, id: int) -> list[Record]:
        """Requisites of a company or contact."""
        return [self.rows[number] for number in self._by_owner.get((entity.type_id, id), ())]

    def with_inn(self, inn: str) -> list[Record]:
        """Requisites that carry this INN, whoever owns them."""
        return [self.rows[number] for number in self._by_inn.get(inn, ())]

    def value(self, row: Record, name: str) -> Any:
        return row.get(name, _DEFAULTS.get(name))

    def add(self, fields: Record, actor: "User | None", *, quiet: bool = False) -> int:
        """Keep a requisite; the caller has checked owner, preset and rights."""
        row = {"ID": self.portal.next_id("requisite"), **self._cast(fields), "DATE_CREATE": self._now()}
        row["CREATED_BY_ID"] = actor.id if actor else 0
        self.rows[row["ID"]] = row
        self._index(row)
        if not quiet:
            self._tell("ADD", row["ID"], actor)
        return int(row["ID"])

    def update(self, id: int, fields: Record, actor: "User | None") -> None:
        """Change a requisite; its owner stays."""
        row = self.rows[id]
        self._unindex(row)
        fresh = self._cast(fields)
        for name in ("ENTITY_TYPE_ID", "ENTITY_ID"):
            fresh.pop(name, None)
        row.update(fresh)
        row |= {"DATE_MODIFY": self._now(), "MODIFY_BY_ID": actor.id if actor else 0}
        self._index(row)
        self._tell("UPDATE", id, actor)

    def reindex(self, row: Record, fields: Record) -> None:
        """Change a kept row without telling anybody (seed data)."""
        self._unindex(row)
        row.update(fields)
        self._index(row)

    def delete(self, id: int, actor: "User | None") -> None:
        """Drop a requisite with its addresses."""
        row = self.rows.pop(id)
        self._unindex(row)
        for key in [key for key in self.addresses if key[1:] == (REQUISITE, id)]:
            self.drop_address(key, actor)
        self._tell("DELETE", id, actor)

    def take(self, entity: Entity, owner: int) -> list[Record]:
        """Take the requisites of a record away (it is deleted or merged); nobody is told."""
        rows = list(self.of(entity, owner))
        for row in rows:
            self._unindex(row)
            del self.rows[row["ID"]]
        return rows

    def give(self, rows: list[Record], owner: int) -> None:
        """Give taken requisites to another record of the same kind."""
        for row in rows:
            row["ENTITY_ID"] = owner
            self.rows[row["ID"]] = row
            self._index(row)
            for key in [key for key in self.addresses if key[1:] == (REQUISITE, row["ID"])]:
                self.addresses[key]["ANCHOR_ID"] = owner

    def put_address(
        self, key: tuple[int, int, int], fields: Record, actor: "User | None", *, quiet: bool = False
    ) -> None:
        """Keep the address of (type, owner type, owner), new or changed."""
        row = self.addresses.setdefault(key, dict(zip(("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID"), key, strict=True)))
        row |= {
            name: str(value) for name, value in fields.items() if name in ADDRESS_FIELDS[3:12] and value is not None
        }
        row["ANCHOR_TYPE_ID"], row["ANCHOR_ID"] = self._anchor(key)
        if not quiet:
            self._tell_address("REGISTER", row, actor)

    def drop_address(self, key: tuple[int, int, int], actor: "User | None") -> None:
        """Remove an address."""
        self._tell_address("UNREGISTER", self.addresses.pop(key), actor)

    def _anchor(self, key: tuple[int, int, int]) -> tuple[int, int]:
        owner = self.rows.get(key[2]) if key[1] == REQUISITE else None
        return (owner["ENTITY_TYPE_ID"], owner["ENTITY_ID"]) if owner else (key[1], key[2])

    def _cast(self, fields: Record) -> Record:
        kept: Record = {}
        for name, value in fields.items():
            if name not in FIELDS:
                self.portal.world.warnings.append(f"{self.portal.name}: unknown field {name} of requisite")
            elif name not in _READ_ONLY:
                kept[name] = int(value or 0) if name in _NUMBERS else "" if value is None else str(value)
        return kept

    def _index(self, row: Record) -> None:
        self._by_owner.setdefault((row["ENTITY_TYPE_ID"], row["ENTITY_ID"]), []).append(row["ID"])
        insort(self.ids, row["ID"])
        if row.get("RQ_INN"):
            self._by_inn.setdefault(row["RQ_INN"], []).append(row["ID"])

    def _unindex(self, row: Record) -> None:
        self._by_owner[row["ENTITY_TYPE_ID"], row["ENTITY_ID"]].remove(row["ID"])
        del self.ids[bisect_left(self.ids, row["ID"])]
        if row.get("RQ_INN"):
            self._by_inn[row["RQ_INN"]].remove(row["ID"])

    def _now(self) -> datetime:
        return self.portal.stored_now().replace(microsecond=0)

    def _tell(self, what: str, id: int, actor: "User | None") -> None:
        self.portal.raise_event(f"ONCRMREQUISITE{what}", {"FIELDS": {"ID": str(id)}}, actor)

    def _tell_address(self, what: str, row: Record, actor: "User | None") -> None:
        names = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID", "ANCHOR_ID", "ANCHOR_TYPE_ID")
        fields = {name: str(row[name]) for name in names}
        self.portal.raise_event(f"ONCRMADDRESS{what}", {"FIELDS": fields}, actor)

    def __iter__(self) -> Iterator[Record]:
        return (self.rows[number] for number in self.ids)

    def between(self, above: int | None, below: int | None) -> list[Record]:
        """Requisites with these exclusive id bounds, by id."""
        low = 0 if above is None else bisect_right(self.ids, above)
        high = len(self.ids) if below is None else bisect_left(self.ids, below)
        return [self.rows[number] for number in self.ids[low:high]]
