"""The export file: gzip of JSON Lines, readable with any tool, signed as a whole (docs/decisions/0004-export-files.md).

    {"export": {"format": "b24app-export", "version": 1, "member_id": …, "domain": …, "made_at": …}}
    {"section": "memberships", "row": {…}}                              … as many as there are, section by section
    {"manifest": {…the first line's, "sections": [{"name", "rows", "sha256"}]}, "key": …, "signature": …}

A section's `sha256` is taken over its lines as they stand, line ends included. Whoever uploads a file may be anybody:
`Unpacker` and `Examiner` hold a line at a time, whatever the file is, and say `WrongFile` with a stable code.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from b24app.domain.export.signing import Signature

FORMAT, VERSION, PURPOSE = "b24app-export", 1, "export file"
LARGEST_FILE, LARGEST_TEXT, LONGEST_LINE = 128 * 2**20, 2 * 2**30, 64 * 1024  # bytes: as uploaded, unpacked, of a line
PIECE = 64 * 1024
GZIP = 16 + zlib.MAX_WBITS


class WrongFile(Exception):
    """`code`: export_not_ours · export_damaged · export_changed · export_too_large · export_too_new ·
    export_other_portal · export_key_unknown."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Header:
    """Whose truths, and when they were read. `made_at` is aware."""

    member_id: str
    domain: str
    made_at: datetime

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "member_id": self.member_id,
            "domain": self.domain,
            "made_at": self.made_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class SectionSum:
    """What a section came to."""

    name: str
    rows: int
    sha256: str


def first_line(header: Header) -> bytes:
    return _line({"export": header.as_json()})


def row_line(section: str, row: Mapping[str, Any]) -> bytes:
    """`row` holds JSON values only."""
    return _line({"section": section, "row": row})


def row_of(line: bytes) -> dict[str, Any]:
    """The row of a line that was examined before."""
    row: dict[str, Any] = json.loads(line)["row"]
    return row


def manifest(header: Header, sections: Sequence[SectionSum]) -> dict[str, Any]:
    sums = [{"name": one.name, "rows": one.rows, "sha256": one.sha256} for one in sections]
    return {**header.as_json(), "sections": sums}


def signed_bytes(signed: Mapping[str, Any]) -> bytes:
    """The one spelling of a manifest that is signed."""
    return json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def last_line(signed: Mapping[str, Any], signature: Signature) -> bytes:
    return _line({"manifest": signed, "key": signature.key, "signature": signature.mac})


def pack(lines: Iterable[bytes]) -> bytes:
    """One gzip member. Members one after another are a gzip file: so the file is made part by part."""
    packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    return b"".join([*(packer.compress(line) for line in lines), packer.flush()])


@dataclass(slots=True)
class Unpacker:
    """Bytes of a file as they come → its lines, with their ends. Never more than a line and a piece in memory."""

    _inflate: Any = None
    _rest: bytes = b""
    _total: int = 0
    _begun: bool = False  # a whole line has come

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Raises WrongFile `export_not_ours` for what is no gzip, `export_too_large`, `export_damaged`."""
        while data:
            if self._inflate is None:
                self._inflate = zlib.decompressobj(GZIP)
            piece = self._next_piece(data)
            data = self._inflate.unconsumed_tail
            if self._inflate.eof:
                data, self._inflate = self._inflate.unused_data, None
            yield from self._lines(piece)

    def close(self) -> None:
        """Raises WrongFile `export_damaged` where the file ends in the middle of something."""
        if self._inflate is not None or self._rest or not self._total:
            raise WrongFile("export_damaged")

    def _next_piece(self, data: bytes) -> bytes:
        try:
            piece: bytes = self._inflate.decompress(data, PIECE)
        except zlib.error:
            raise WrongFile("export_damaged" if self._total else "export_not_ours") from None
        self._total += len(piece)
        if self._total > LARGEST_TEXT:
            raise WrongFile("export_too_large")
        return piece

    def _lines(self, piece: bytes) -> Iterator[bytes]:
        *whole, self._rest = (self._rest + piece).split(b"\n")
        if max(map(len, (*whole, self._rest))) > LONGEST_LINE:
            raise WrongFile("export_damaged" if self._begun else "export_not_ours")
        for line in whole:
            self._begun = True
            yield line + b"\n"


@dataclass(slots=True)
class _Sum:
    rows: int = 0
    hash: Any = field(default_factory=hashlib.sha256)


@dataclass(slots=True)
class Examiner:
    """Lines in their order → rows, and at the end a manifest that fits them. Whether it is genuine is for the caller.

    `names`: the sections this version of the app knows, in their order in a file.
    """

    member_id: str
    names: Sequence[str]
    header: Header | None = None
    signed: Mapping[str, Any] | None = None
    signature: Signature | None = None
    _sums: dict[str, _Sum] = field(default_factory=dict)

    def take(self, line: bytes) -> tuple[str, dict[str, Any]] | None:
        """The section and row of a row's line; None for the first and the last. Raises WrongFile."""
        found = _parsed(line, first=self.header is None)
        if self.header is None:
            self.header = self._opened(found)
            return None
        if self.signed is not None:
            raise WrongFile("export_damaged")  # nothing may follow the last line
        if "manifest" in found:
            self._close(found)
            return None
        return self._row(found, line)

    def finish(self) -> tuple[Mapping[str, Any], Signature]:
        """Raises WrongFile `export_damaged` where the last line never came."""
        if self.signed is None or self.signature is None:
            raise WrongFile("export_damaged")
        return self.signed, self.signature

    def _opened(self, found: Mapping[str, Any]) -> Header:
        told = found.get("export")
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise WrongFile("export_not_ours")
        if told.get("version") != VERSION:
            raise WrongFile("export_too_new")
        if told.get("member_id") != self.member_id:
            raise WrongFile("export_other_portal")
        try:
            header = Header(self.member_id, str(told["domain"]), datetime.fromisoformat(told["made_at"]))
        except (KeyError, TypeError, ValueError):
            raise WrongFile("export_damaged") from None
        if header.as_json() != told or header.made_at.tzinfo is None:
            raise WrongFile("export_damaged")
        return header

    def _row(self, found: Mapping[str, Any], line: bytes) -> tuple[str, dict[str, Any]]:
        section, row = found.get("section"), found.get("row")
        if not isinstance(section, str) or not isinstance(row, dict) or len(found) != 2:
            raise WrongFile("export_damaged")
        if section not in self.names:
            raise WrongFile("export_too_new")
        if self._sums and self.names.index(section) < self.names.index(next(reversed(self._sums))):
            raise WrongFile("export_damaged")
        counted = self._sums.setdefault(section, _Sum())
        counted.rows += 1
        counted.hash.update(line)
        return section, row

    def _close(self, found: Mapping[str, Any]) -> None:
        signed, key, mac = found["manifest"], found.get("key"), found.get("signature")
        if not isinstance(signed, dict) or not isinstance(key, str) or not isinstance(mac, str) or len(found) != 3:
            raise WrongFile("export_damaged")
        assert self.header
        sums = [SectionSum(name, one.rows, one.hash.hexdigest()) for name, one in self._sums.items()]
        if signed != manifest(self.header, sums):
            raise WrongFile("export_damaged")
        self.signed, self.signature = signed, Signature(key, mac)


def _parsed(line: bytes, *, first: bool) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise WrongFile("export_not_ours" if first else "export_damaged")
    return found


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
